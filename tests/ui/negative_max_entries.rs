use omnicache::cache;

#[cache(max_entries = -1)]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
