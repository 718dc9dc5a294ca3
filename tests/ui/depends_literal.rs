use omnicache::cache;

#[cache(depends("a"))]
fn f(path: &str, size: u64) -> usize {
    path.len() + size as usize
}

fn main() {}
