use omnicache::cache;

#[cache]
fn f(a: u8) -> ! {
    panic!("{a}")
}

fn main() {}
