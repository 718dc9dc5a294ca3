use omnicache::cache;

#[cache(cache_if = |text: &String| text.is_empty())]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
