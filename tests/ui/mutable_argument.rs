use omnicache::cache;

#[cache]
fn f(a: &mut u8) -> u8 {
    *a
}

fn main() {}
