use omnicache::cache;

#[cache(ignore())]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
