use omnicache::cache;

#[cache]
extern "C" fn f(a: u8) -> u8 {
    a
}

fn main() {}
