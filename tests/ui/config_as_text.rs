use omnicache::cache;

#[cache(config = "disk")]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
