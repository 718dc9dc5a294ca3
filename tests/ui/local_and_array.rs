use omnicache::cache;

#[cache(backend = array, local)]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
