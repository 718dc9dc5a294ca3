use omnicache::cache;

#[cache(max_bytes = "256")]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
