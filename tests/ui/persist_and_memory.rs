use omnicache::cache;

#[cache(persist, backend = memory)]
fn f(a: u8) -> Vec<u8> {
    vec![a]
}

fn main() {}
