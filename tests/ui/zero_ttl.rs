use omnicache::cache;

#[cache(ttl = "0s")]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
