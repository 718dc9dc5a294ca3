use omnicache::cache;

#[cache]
unsafe fn f(a: u8) -> u8 {
    a
}

fn main() {}
