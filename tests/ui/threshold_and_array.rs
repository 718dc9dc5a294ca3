use omnicache::cache;

#[cache(backend = array, threshold = "1MiB")]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
