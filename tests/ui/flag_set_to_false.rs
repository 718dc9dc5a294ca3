use omnicache::cache;

#[cache(persist = false)]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
