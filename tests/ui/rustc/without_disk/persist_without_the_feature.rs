use omnicache::cache;

#[cache(persist)]
fn f(a: u8) -> String {
    a.to_string()
}

fn main() {}
