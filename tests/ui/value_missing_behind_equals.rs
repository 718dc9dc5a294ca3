use omnicache::cache;

#[cache(ttl = , max_entries = 3)]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
