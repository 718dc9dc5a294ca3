use omnicache::cache;

#[cache(ttl)]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
