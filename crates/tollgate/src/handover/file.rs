//! A file of mode 0600 that holds the secret and nothing else. It is there under its name only when
//! it is whole.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use domain::Secret;

/// What is wrong with a path, as far as its text says.
pub fn check(path: &Path) -> Result<(), &'static str> {
    match (path.is_absolute(), path.file_name()) {
        (true, Some(_)) => Ok(()),
        _ => Err("it must be the absolute path of a file"),
    }
}

pub(super) async fn write(path: PathBuf, secret: Secret) -> Result<(), String> {
    let told = path.display().to_string();
    let written = tokio::task::spawn_blocking(move || write_now(&path, &secret)).await;
    written
        .map_err(|error| error.to_string())
        .and_then(|written| written.map_err(|error| format!("{told}: {error}")))
}

fn write_now(path: &Path, secret: &Secret) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tollgate-new");
    let new = path.with_file_name(name);
    // One that a crash left behind; nor is a link followed that somebody put there.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    crate::reveal::write_exactly(&mut file, secret)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), |dir| fs::File::open(dir)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_file_is_private_whole_and_replaced_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, "the old one, which is longer").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        // What a crash left, and a link to somewhere else.
        let elsewhere = dir.path().join("elsewhere");
        fs::write(&elsewhere, "untouched").unwrap();
        std::os::unix::fs::symlink(&elsewhere, dir.path().join("key.tollgate-new")).unwrap();
        write(path.clone(), Secret::from("sk-tg-new")).await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "sk-tg-new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "untouched");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[tokio::test]
    async fn a_place_that_is_not_there_is_told() {
        let why = write("/no/such/place/key".into(), Secret::from("x")).await.unwrap_err();
        assert!(why.starts_with("/no/such/place/key: "), "{why}");
        assert!(check(Path::new("relative")).is_err() && check(Path::new("/")).is_err());
    }
}
