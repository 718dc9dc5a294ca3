use omnicache::cache;

#[cache(idle = "0ms")]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
