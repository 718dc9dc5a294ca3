use omnicache::cache;

struct Client;

impl Client {
    #[cache]
    fn f(&self, a: u8) -> u8 {
        a
    }
}

fn main() {}
