use omnicache::cache;

#[cache(crate = "omnicache")]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
