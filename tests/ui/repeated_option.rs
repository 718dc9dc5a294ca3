use omnicache::cache;

#[cache(ttl = "10m", ttl = "20m")]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
