use omnicache::cache;

#[cache]
fn f(a: &str) -> &str {
    a
}

fn main() {}
