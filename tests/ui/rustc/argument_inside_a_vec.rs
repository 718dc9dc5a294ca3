use omnicache::cache;

struct Client;

#[cache]
fn f(clients: &[Client]) -> usize {
    clients.len()
}

fn main() {}
