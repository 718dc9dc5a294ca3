use omnicache::CacheKey;

#[derive(CacheKey)]
struct S {
    #[cache_key(skip)]
    a: u8,
}

fn main() {}
