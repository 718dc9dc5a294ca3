use omnicache::CacheKey;

#[derive(CacheKey)]
#[cache_key(ignore)]
struct S {
    a: u8,
}

fn main() {}
