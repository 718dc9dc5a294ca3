use omnicache::cache;

fn limit() -> u64 {
    3
}

#[cache(config = limit())]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
