use omnicache::cache;

#[cache(threshold = "1MiB", backend = disk)]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
