use omnicache::cache;

#[cache(companion = true)]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
