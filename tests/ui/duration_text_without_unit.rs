use omnicache::cache;

#[cache(ttl = "60")]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
