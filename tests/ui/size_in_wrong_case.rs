use omnicache::cache;

#[cache(max_bytes = "256mib")]
fn f(a: u8) -> u8 {
    a
}

fn main() {}
