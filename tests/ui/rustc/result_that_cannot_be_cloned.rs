use omnicache::cache;

struct Handle;

#[cache]
fn f(a: u8) -> Handle {
    let _ = a;
    Handle
}

fn main() {}
