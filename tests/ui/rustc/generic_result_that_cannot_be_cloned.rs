use omnicache::cache;

#[derive(Hash)]
struct Handle;

#[cache]
fn f<T: std::hash::Hash>(a: T) -> Vec<T> {
    vec![a]
}

fn main() {
    f(Handle);
}
