use omnicache::cache;

#[cache(for_ndarray())]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

#[cache(hybrid().threshold(1 << 16), ttl = "10m")]
fn g(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
