//! Modes of files, and room on the disk. Needs no running server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use domain::diagnosis::house::{self, FileFacts};
use domain::diagnosis::{Step, Told, causes};

/// Whether others may read what lies in a data directory, and whether it is whole.
pub fn modes(directory: &Path) -> Told {
    let place = directory.display().to_string();
    let Some(of_directory) = mode(directory) else {
        return Told::failed(&causes::FILES_MISSING, format!("There is no {place}."));
    };
    // That others see names is no harm; that they put files there is.
    let mut found = vec![FileFacts { name: ".".to_owned(), mode: of_directory & 0o722 }];
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    found.extend(entries.filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        Some(FileFacts { name, mode: mode(&entry.path())? })
    }));
    // In a directory that only its owner may enter, nobody else reaches what lies there.
    if of_directory & 0o077 == 0 {
        found.retain(|file| holds_secret(&file.name));
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    house::files(&place, &found)
}

fn holds_secret(name: &str) -> bool {
    name.ends_with(".key")
}

fn mode(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|found| found.permissions().mode())
}

/// Room on the disk of a directory.
pub fn disk(directory: &Path) -> Told {
    match rustix::fs::statvfs(directory) {
        Ok(found) => {
            let of = |blocks: u64| blocks.saturating_mul(found.f_frsize);
            house::disk(of(found.f_bavail), of(found.f_blocks))
        }
        Err(error) => {
            Told::skipped(Step::Disk, format!("The disk of {} : {error}.", directory.display()))
        }
    }
}
