use omnicache::cache;

#[cache]
fn f(a: &str) -> std::borrow::Cow<'_, str> {
    a.into()
}

fn main() {}
