use omnicache::cache;

#[cache(xyzzyplugh)]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
