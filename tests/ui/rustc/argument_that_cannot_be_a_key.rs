use omnicache::cache;

struct Client;

#[cache]
fn f(client: &Client, a: u8) -> u8 {
    let _ = client;
    a
}

fn main() {}
