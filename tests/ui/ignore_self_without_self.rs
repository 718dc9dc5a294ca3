use omnicache::cache;

#[cache(ignore(self))]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
