use omnicache::cache;

#[cache(ttl_if = |text: &String| None)]
fn f(a: u8) -> u8 {
    a
}

#[cache(ttl_if = |age| std::time::Duration::from_secs(u64::from(*age)))]
fn g(a: u8) -> u8 {
    a
}

fn main() {}
