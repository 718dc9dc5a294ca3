use omnicache::cache;

struct Client(u8);

#[cache(key = client)]
fn f(client: &Client) -> u8 {
    client.0
}

fn main() {}
