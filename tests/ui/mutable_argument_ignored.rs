use omnicache::cache;

#[cache(ignore(a))]
fn f(a: &mut u8, b: u8) -> u8 {
    *a += b;
    *a
}

fn main() {}
