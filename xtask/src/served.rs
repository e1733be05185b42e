//! A Tollgate of the debug build, with a data directory of its own, for as long as a check needs it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use crate::{Result, run, target_dir};

/// It is known to nobody else, and there is nothing to be had with it.
pub(crate) const ADMIN_KEY: &str = "sk-admin-of-a-check-0123456789abcdef";

pub(crate) struct Served {
    child: Child,
    /// Where it listens, without a slash at the end.
    pub(crate) url: String,
    folder: PathBuf,
}

/// Builds it, starts it on a free port, and waits until it listens. `name`: of its folder.
pub(crate) fn start(name: &str) -> Result<Served> {
    run::loud(&mut run::cargo(&["build", "--locked", "-p", "tollgate"]))?;
    let folder = target_dir().join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let log = File::create(folder.join("log"))?;
    let mut command = run::program(target_dir().join("debug/tollgate"));
    // Nothing of the caller's: a check calls no provider.
    command.env_clear().current_dir(&folder).arg("serve");
    command.args(["--listen", "127.0.0.1:0", "--data-dir", "data"]);
    command.env("TOLLGATE_ADMIN_KEY", ADMIN_KEY).stdout(Stdio::piped()).stderr(log);
    let mut child = command.spawn()?;
    let output = child.stdout.take().ok_or("it has no output")?;
    let mut served = Served { child, url: String::new(), folder };
    for line in BufReader::new(output).lines() {
        if let Some((_, url)) = line?.split_once("listening on ") {
            served.url = url.trim().to_owned();
            return Ok(served);
        }
    }
    let log = fs::read_to_string(served.folder.join("log")).unwrap_or_default();
    Err(format!("Tollgate did not start:\n{log}").into())
}

impl Served {
    /// Fails when it is not running any more.
    pub(crate) fn must_run(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("Tollgate has ended ({status})").into()),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
