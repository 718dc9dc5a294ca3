use omnicache::cache;

#[cache]
fn f<'a>(a: &'a str) -> std::borrow::Cow<'a, str> {
    a.into()
}

fn main() {}
