use omnicache::cache;

#[cache(namespace = 3)]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
