//! Which boot of the machine this is: within it, a file once verified cannot have been torn by a power cut.

use std::sync::OnceLock;

use twox_hash::XxHash3_64;

/// A number for the present boot; `None` where the system does not tell, so that files are always verified.
pub(super) fn id() -> Option<i64> {
    static ID: OnceLock<Option<i64>> = OnceLock::new();
    *ID.get_or_init(|| {
        let text = std::fs::read("/proc/sys/kernel/random/boot_id").ok()?;
        Some(XxHash3_64::oneshot(text.trim_ascii()).cast_signed())
    })
}

/// The number by which a file is known that somebody else may have written, and that was verified in the present boot.
pub(super) fn verified() -> Option<i64> {
    id().map(|id| !id)
}
