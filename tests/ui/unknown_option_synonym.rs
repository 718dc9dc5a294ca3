use omnicache::cache;

#[cache(size = 100)]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
