use omnicache::cache;

#[cache(key = a, ignore(a))]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
