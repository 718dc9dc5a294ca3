use omnicache::cache;

#[cache]
fn str(a: u8) -> u8 {
    a
}

fn main() {}
