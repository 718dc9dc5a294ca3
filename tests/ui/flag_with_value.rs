use omnicache::cache;

#[cache(persist = true)]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
