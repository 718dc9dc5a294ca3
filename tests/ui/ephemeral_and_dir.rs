use omnicache::cache;

#[cache(ephemeral, dir = "cache")]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
