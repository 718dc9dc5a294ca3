use omnicache::cache;

#[derive(Hash)]
struct Id(u8);

#[cache(persist)]
fn f(id: Id) -> u8 {
    id.0
}

fn main() {}
