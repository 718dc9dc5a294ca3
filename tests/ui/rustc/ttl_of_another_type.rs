use omnicache::cache;

const SECONDS: u64 = 60;

#[cache(ttl = SECONDS)]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
