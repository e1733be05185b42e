//! Whether a directory lies on a network file system, from the kernel's list of mounts.

use std::path::{Path, PathBuf};

use crate::OpenError;

const NETWORK: [&str; 13] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb",
    "smb2",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "fuse.sshfs",
    "fuse.rclone",
    "fuse.glusterfs",
];

/// Systems without `/proc/mounts` are not checked.
pub(crate) fn refuse_network(directory: &Path) -> Result<(), OpenError> {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    match kind(&mounts, directory) {
        Some(kind) if NETWORK.contains(&kind) => Err(OpenError::NetworkFileSystem {
            directory: directory.to_owned(),
            kind: kind.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The type of the file system that holds `directory`: the deepest mount point above it, and of
/// several at one point the last, which covers the others.
pub(crate) fn kind<'a>(mounts: &'a str, directory: &Path) -> Option<&'a str> {
    let fields = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((unescape(fields.next()?), fields.next()?))
    });
    fields
        .filter(|(point, _)| directory.starts_with(point))
        .max_by_key(|(point, _)| point.components().count())
        .map(|(_, kind)| kind)
}

/// The kernel writes blanks and backslashes in a mount point as three octal digits.
fn unescape(point: &str) -> PathBuf {
    let mut parts = point.split('\\');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match (byte, part.get(3..)) {
            (Some(byte), Some(rest)) => {
                text.push(char::from(byte));
                text.push_str(rest);
            }
            _ => text.push_str(part),
        }
    }
    PathBuf::from(text)
}
