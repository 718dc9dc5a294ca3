use omnicache::CacheKey;

#[derive(CacheKey)]
enum E {
    #[cache_key(ignore)]
    A(u8),
}

fn main() {}
