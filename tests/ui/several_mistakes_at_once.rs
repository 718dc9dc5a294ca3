use omnicache::cache;

#[cache(tll = "10m", max_entries = 0, ignore(b), persist, ephemeral)]
unsafe fn f(a: &mut u8) -> u8 {
    *a
}

fn main() {}
