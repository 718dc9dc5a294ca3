use omnicache::cache;

#[cache(idle = "30m1h")]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
