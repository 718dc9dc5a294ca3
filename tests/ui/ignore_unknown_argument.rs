use omnicache::cache;

#[cache(ignore(b))]
fn f(a: u8, (x, y): (u8, u8)) -> u8 {
    a + x + y
}

fn main() {}
