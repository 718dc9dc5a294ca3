use omnicache::cache;

#[cache(ttl_if = "10m")]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
