use omnicache::cache;

#[cache(disk)]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
