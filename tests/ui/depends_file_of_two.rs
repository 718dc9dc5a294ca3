use omnicache::cache;

#[cache(depends(file(path, 1)))]
fn f(path: &str, size: u64) -> usize {
    path.len() + size as usize
}

fn main() {}
