use omnicache::cache;

#[cache]
const fn f(a: u8) -> u8 {
    a
}

fn main() {}
