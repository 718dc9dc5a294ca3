use omnicache::cache;

#[derive(Clone)]
struct Handle;

#[cache(backend = disk)]
fn f(a: u8) -> Handle {
    let _ = a;
    Handle
}

fn main() {}
