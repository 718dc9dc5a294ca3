use omnicache::cache;

#[cache(ttl = "10 minutes")]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
