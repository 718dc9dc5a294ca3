use omnicache::cache;

#[cache]
fn f(a: u8) -> impl Iterator<Item = u8> + Clone {
    0..a
}

fn main() {}
