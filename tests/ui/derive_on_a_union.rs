use omnicache::CacheKey;

#[derive(CacheKey)]
union U {
    a: u8,
}

fn main() {}
