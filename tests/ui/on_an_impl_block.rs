use omnicache::cache;

struct S;

#[cache]
impl S {
    fn f() -> u8 {
        1
    }
}

fn main() {}
