//! How far the working directory's `.env` may say where Tollgate is. Commands are run in folders that
//! others wrote, and whoever says where Tollgate is gets the admin key: a URL that only `.env` names is
//! taken with a key of that folder, and no other.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use egress::Origin;

use super::ClientCommand;
use super::failure::Failure;
use crate::config::Environment;

const FILE: &str = ".env";

/// What `.env` has said of Tollgate's address.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// It alone names the URL.
    url: bool,
    /// The key stands there as well, in full.
    key: bool,
    /// The command may send other secrets along.
    secrets: bool,
}

impl Folder {
    #[must_use]
    pub fn of(environment: &Environment, command: &ClientCommand) -> Self {
        // A file that it points to may be anybody's.
        let by_file = environment.get("TOLLGATE_ADMIN_KEY_FILE").is_some();
        Self {
            url: environment.is_of_file("TOLLGATE_URL"),
            key: environment.is_of_file("TOLLGATE_ADMIN_KEY") && !by_file,
            secrets: command.sends_secrets(),
        }
    }

    /// Whether a key may be sent to where the URL leads: the admin key's file, or what the
    /// environment has.
    ///
    /// # Errors
    /// The URL is `.env`'s, and the key is not, or other secrets go along.
    pub(super) fn may_lead(&self, origin: &Origin, key_file: Option<&Path>) -> Result<(), Failure> {
        let is_near = is_this_machine(origin.address().0);
        let own = match key_file {
            None => self.key && (is_near || !self.secrets),
            Some(path) => is_near && is_of_folder(path),
        };
        if !self.url || own {
            return Ok(());
        }
        let what = if self.key { "secrets of yours" } else { "your admin key" };
        let (host, port) = origin.address();
        Err(Failure::new(format!(
            "{FILE} in this folder alone says that Tollgate is at {host}:{port}, and {what} would be \
             sent there"
        ))
        .next("Set TOLLGATE_URL in your shell, where no folder can change it."))
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether the file lies in the working directory, links followed, and is of whom `.env` is.
fn is_of_folder(path: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    let inside = |folder: PathBuf| real(path).is_some_and(|path| path.starts_with(folder));
    let owner = |path: &Path| fs::metadata(path).map(|about| about.uid()).ok();
    real(Path::new(".")).is_some_and(inside)
        && owner(path).is_some()
        && owner(path) == owner(Path::new(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(folder: &Folder, url: &str, key_file: Option<&str>) -> bool {
        let origin = Origin::parse(url, true).unwrap();
        folder.may_lead(&origin, key_file.map(Path::new)).is_ok()
    }

    #[test]
    fn a_url_of_a_folder_is_taken_with_a_key_of_that_folder_alone() {
        let plain = Folder::default();
        assert!(leads(&plain, "https://gate.example", None), "the shell's word");
        let of_file = Folder { url: true, ..plain.clone() };
        for url in ["https://gate.example", "http://127.0.0.1:1", "http://localhost:1"] {
            assert!(!leads(&of_file, url, None), "the shell's key: {url}");
            assert!(!leads(&of_file, url, Some("/etc/hostname")), "another place's key: {url}");
        }
        let both = Folder { key: true, ..of_file.clone() };
        assert!(leads(&both, "https://gate.example", None));
        let secrets = Folder { secrets: true, ..both };
        assert!(!leads(&secrets, "https://gate.example", None));
        assert!(!leads(&secrets, "http://127.evil.example", None));
        for near in ["http://127.0.0.1:1", "http://[::1]:1", "http://LOCALHOST"] {
            assert!(leads(&secrets, near, None), "{near}");
        }
    }
}
