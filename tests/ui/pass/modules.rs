//! A cached function and its companion travel by one `use`; omnicache itself may be re-exported.

mod shop {
    use omnicache::cache;

    #[cache]
    pub(crate) fn price(of: &str) -> usize {
        of.len()
    }

    #[cache]
    pub(super) fn tax(of: usize) -> usize {
        of / 5
    }

    pub mod inner {
        #[omnicache::cache]
        pub(in crate::shop) fn hidden(a: u8) -> u8 {
            a
        }
    }

    pub fn shown(a: u8) -> bool {
        inner::hidden(a);
        inner::hidden::contains(a)
    }
}

mod vendored {
    pub use omnicache as kept;
}

mod renamed {
    use crate::vendored::kept::{CacheKey, cache};

    #[derive(CacheKey)]
    #[cache_key(crate = crate::vendored::kept)]
    pub struct Id(pub u8);

    #[cache(crate = crate::vendored::kept, backend = memory, policy = lru, ttl = "1s")]
    pub fn name(id: Id) -> String {
        id.0.to_string()
    }
}

use renamed::{Id, name};
use shop::{price, tax};

fn main() {
    assert_eq!(price("tea"), 3);
    assert!(price::contains("tea"));
    assert_eq!(tax(10), 2);
    tax::clear();
    assert!(!tax::contains(10));
    assert!(shop::shown(1));
    assert_eq!(name(Id(3)), "3");
    assert_eq!(name::stats().misses, 1);
}
