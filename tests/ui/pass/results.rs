//! Errors need no bounds, and with `local` nor do results need to be shared.

use std::cell::Cell;
use std::rc::Rc;

use omnicache::cache;

/// Neither `Clone` nor `Send` nor `Debug`.
struct Failed(#[allow(dead_code)] Rc<Cell<u8>>);

type Outcome<T> = Result<T, Failed>;

#[cache]
fn sync(a: u8) -> Result<u8, Failed> {
    if a < 9 { Ok(a) } else { Err(Failed(Rc::default())) }
}

#[cache]
fn aliased(a: u8) -> Outcome<Option<String>> {
    sync(a).map(|a| Some(a.to_string()))
}

#[cache]
async fn awaited(a: u8) -> Result<u8, Failed> {
    sync(a)
}

#[cache]
fn boxed(a: u8) -> Result<u8, Box<dyn std::error::Error>> {
    Ok(a.to_string().parse()?)
}

#[cache(cache_err)]
fn kept(a: u8) -> Result<u8, String> {
    Err(a.to_string())
}

#[cache(local)]
fn local(a: u8) -> Rc<Cell<u8>> {
    Rc::new(Cell::new(a))
}

#[cache(local, max_entries = 3)]
fn generic<T: Clone + std::hash::Hash>(a: T) -> Rc<T> {
    Rc::new(a)
}

fn main() {
    assert!(sync(1).is_ok() && sync(9).is_err());
    assert!(!sync::contains(9));
    assert!(matches!(aliased(1), Ok(Some(text)) if text == "1"));
    drop(awaited(9));
    assert_eq!(boxed(3).ok(), Some(3));
    assert!(kept(3).is_err() && kept::contains(3));
    local(1).set(2);
    assert_eq!(local(1).get(), 2);
    assert_eq!(*generic("a"), "a");
}
