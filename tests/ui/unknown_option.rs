use omnicache::cache;

#[cache(tll = "10m")]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
