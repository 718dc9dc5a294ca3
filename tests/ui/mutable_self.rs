use omnicache::cache;

#[derive(Clone, Hash)]
struct S(u8);

impl S {
    #[cache]
    fn f(&mut self) -> u8 {
        self.0
    }
}

fn main() {}
