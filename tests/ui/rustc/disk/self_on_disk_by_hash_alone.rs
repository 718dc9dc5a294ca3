use omnicache::cache;

#[derive(Hash)]
struct Client(u8);

impl Client {
    #[cache(backend = disk)]
    fn f(&self, a: u8) -> u8 {
        self.0 + a
    }
}

fn main() {}
