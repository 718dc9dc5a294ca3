use omnicache::cache;

#[cache(local, persist)]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
