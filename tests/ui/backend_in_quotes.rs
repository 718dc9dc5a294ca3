use omnicache::cache;

#[cache(backend = "disk")]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
