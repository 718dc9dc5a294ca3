use omnicache::CacheKey;

struct Client;

#[derive(CacheKey)]
struct S {
    a: u8,
    client: Client,
}

fn main() {}
