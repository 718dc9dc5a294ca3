use omnicache::cache;

trait T {
    #[cache]
    fn f(&self) -> u8;
}

fn main() {}
