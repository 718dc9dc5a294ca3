use omnicache::cache;

#[derive(Clone, Hash)]
struct S(u8);

impl S {
    #[cache]
    fn new(a: u8) -> Self {
        Self(a)
    }
}

fn main() {}
