use omnicache::cache;

#[cache(max_bytes = "0B")]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
