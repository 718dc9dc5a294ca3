use omnicache::cache;

#[derive(Clone, Hash)]
struct S;

impl S {
    #[cache(associated)]
    fn f(&self) -> u8 {
        1
    }
}

fn main() {}
