use omnicache::cache;

#[cache(local, backend = disk)]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
