use omnicache::cache;

#[cache(backend = dsk)]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
