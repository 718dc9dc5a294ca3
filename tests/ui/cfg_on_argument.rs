use omnicache::cache;

#[cache]
fn f(#[cfg(all())] a: u8) -> u8 {
    a
}

fn main() {}
