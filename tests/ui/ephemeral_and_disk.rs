use omnicache::cache;

#[cache(ephemeral, backend = disk)]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
