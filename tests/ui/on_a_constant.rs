use omnicache::cache;

#[cache]
const C: u8 = 1;

fn main() {}
