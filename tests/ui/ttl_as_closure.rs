use omnicache::cache;

#[cache(ttl = |value| value.max_age)]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
