use omnicache::cache;

#[cache(ignore(a, a))]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
