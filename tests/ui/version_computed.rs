use omnicache::cache;

#[cache(version = 1 + 1)]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
