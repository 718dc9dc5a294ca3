use omnicache::cache;

#[cache(policy = mru)]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
