use omnicache::cache;

#[cache]
struct S;

fn main() {}
