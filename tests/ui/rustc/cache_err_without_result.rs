use omnicache::cache;

#[cache(cache_err)]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
