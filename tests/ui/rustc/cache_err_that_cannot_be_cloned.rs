use omnicache::cache;

struct Failed;

#[cache(cache_err)]
fn f(a: u8) -> Result<u8, Failed> {
    if a > 3 { Ok(a) } else { Err(Failed) }
}

fn main() {}
