use omnicache::cache;

#[cache(max_entries = "10k")]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
