//! Without `local`, results are shared between threads.

use omnicache::cache;

#[derive(Clone)]
struct Handle(std::rc::Rc<u8>);

#[cache]
fn f(a: u8) -> Handle {
    Handle(std::rc::Rc::new(a))
}

fn main() {}
