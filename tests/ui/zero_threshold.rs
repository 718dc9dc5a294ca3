use omnicache::cache;

#[cache(threshold = 0)]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
