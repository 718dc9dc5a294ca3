use omnicache::cache;

#[cache(backend = array)]
fn f(a: u8) -> String {
    a.to_string()
}

fn main() {}
