use omnicache::cache;

#[cache]
fn f(a: Option<&mut u8>) -> bool {
    a.is_some()
}

fn main() {}
