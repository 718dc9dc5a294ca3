//! What a directory lies on: the kind of file system, and how much room there is.

use std::path::Path;

use crate::error::{Fault, FaultKind};

/// The file system that a directory lies on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Medium {
    /// The system's number for its kind; 0 where the system has none.
    pub magic: u64,
    /// Its name, if the number is one of those known here.
    pub name: Option<&'static str>,
    /// Whether it is a network file system, on which a store must not lie.
    pub network: bool,
    /// Bytes that may still be written.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

/// File systems by their numbers in Linux's `statfs(2)`; whether several machines can have them at once.
///
/// What lies behind FUSE cannot be told by its number, so it is taken for local.
const KNOWN: [(u64, &str, bool); 24] = [
    (0x6969, "NFS", true),
    (0x517b, "SMB", true),
    (0xff53_4d42, "CIFS", true),
    (0xfe53_4d42, "SMB2", true),
    (0x5346_414f, "AFS", true),
    (0x6b41_4653, "kAFS", true),
    (0x7375_7245, "Coda", true),
    (0x564c, "NCP", true),
    (0x0102_1997, "9p", true),
    (0x00c3_6400, "Ceph", true),
    (0x0116_1970, "GFS2", true),
    (0x7461_636f, "OCFS2", true),
    (0x0bd0_0bd0, "Lustre", true),
    (0x4750_4653, "GPFS", true),
    (0xaad7_aaea, "PanFS", true),
    (0x6573_5546, "FUSE", false),
    (0xef53, "ext4", false),
    (0x5846_5342, "XFS", false),
    (0x9123_683e, "Btrfs", false),
    (0x2fc1_2fc1, "ZFS", false),
    (0x0102_1994, "tmpfs", false),
    (0x794c_7630, "overlayfs", false),
    (0xf2f5_2010, "F2FS", false),
    (0xca45_1a4e, "bcachefs", false),
];

/// The name of a file system by its number, and whether it is a network file system; `None` if it is not known.
pub fn file_system(magic: u64) -> Option<(&'static str, bool)> {
    KNOWN.iter().find(|(number, ..)| *number == magic).map(|&(_, name, network)| (name, network))
}

impl Medium {
    /// The file system of a directory that is there.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn of(dir: &Path) -> Result<Self, Fault> {
        look(dir).map_err(|e| Fault::io(format!("asking for the file system of {}", dir.display()), e))
    }

    /// Refuses a network file system.
    pub(super) fn check(&self, dir: &Path) -> Result<(), Fault> {
        if !self.network {
            return Ok(());
        }
        Err(Fault::new(
            FaultKind::Untrusted,
            format!(
                "{} lies on a network file system ({}): locks and shared memory do not work across machines, and the \
                 store would be corrupted. Choose a local directory with OMNICACHE_DIR; if this machine alone uses \
                 it, set OMNICACHE_ALLOW_NETWORK_FS=1 (`StoreOptions::allow_network`)",
                dir.display(),
                self.name.unwrap_or("unknown")
            ),
        ))
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn look(dir: &Path) -> std::io::Result<Medium> {
    let said = rustix::fs::statfs(dir)?;
    // The field is signed on some machines, and the numbers have 32 bits.
    #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast, reason = "its type differs between machines")]
    let magic = said.f_type as u64 & 0xffff_ffff;
    #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast, reason = "its type differs between machines")]
    let block = said.f_bsize as u64;
    let known = file_system(magic);
    Ok(Medium {
        magic,
        name: known.map(|(name, _)| name),
        network: known.is_some_and(|(_, network)| network),
        free: block.saturating_mul(said.f_bavail),
        total: block.saturating_mul(said.f_blocks),
    })
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn look(dir: &Path) -> std::io::Result<Medium> {
    let said = rustix::fs::statvfs(dir)?;
    let (free, total) =
        (said.f_frsize.saturating_mul(said.f_bavail), said.f_frsize.saturating_mul(said.f_blocks));
    Ok(Medium { magic: 0, name: None, network: false, free, total })
}

#[cfg(not(unix))]
fn look(_dir: &Path) -> std::io::Result<Medium> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_told_from_local_ones() {
        for (magic, name) in
            [(0x6969, "NFS"), (0xff53_4d42, "CIFS"), (0x0102_1997, "9p"), (0x00c3_6400, "Ceph")]
        {
            assert_eq!(file_system(magic), Some((name, true)));
        }
        for (magic, name) in [(0xef53, "ext4"), (0x0102_1994, "tmpfs"), (0x6573_5546, "FUSE")] {
            assert_eq!(file_system(magic), Some((name, false)));
        }
        assert_eq!(file_system(0x1234_5678), None);
    }

    #[test]
    fn a_refusal_says_why_and_how_to_force_it() {
        let medium = |network| Medium { magic: 0x6969, name: Some("NFS"), network, free: 0, total: 0 };
        let fault = medium(true).check(Path::new("/mnt/home")).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Untrusted);
        let text = fault.to_string();
        for part in ["/mnt/home", "NFS", "OMNICACHE_ALLOW_NETWORK_FS=1", "allow_network"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(medium(false).check(Path::new("/mnt/home")).is_ok());
    }

    #[test]
    fn no_two_file_systems_share_a_number() {
        for (at, (magic, ..)) in KNOWN.iter().enumerate() {
            assert!(KNOWN[..at].iter().all(|(other, ..)| other != magic), "{magic:x}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_directory_tells_its_room() {
        let medium = Medium::of(&std::env::temp_dir()).unwrap();
        assert!(medium.total > 0 && medium.free <= medium.total && medium.magic != 0);
    }
}
