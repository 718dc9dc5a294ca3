use omnicache::cache;

#[cache(persist, ephemeral)]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
