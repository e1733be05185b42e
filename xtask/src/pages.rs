//! The dashboard over a year of a large installation: built, measured, and taken away again.

use std::path::PathBuf;

use crate::{Result, run, target_dir};

pub(crate) const HELP: &str = "\
cargo xtask pages [--release] [--records N] [--keys N] [--dir DIR]

Makes 20 projects with 10,000 keys, people, limits, upstreams and routes through the Administration
API, settles N (10,000,000) calls of a year over them, and has the owner look at every page of the
dashboard's own table, and at what its forms ask. Prints the middle and the longest time of nine,
the server's CPU time of one, and the bytes of each; fails where a page takes 30 ms or more or weighs
100 KiB or more, or where a start over it all takes a second or more, in the middle of five. Takes
some 6 GB under target/tmp, which it removes; DIR is kept, and one that was made before is looked at
again as it is.

The figures are the release build's (--release), on a machine with nothing else to do.";

pub(crate) fn run(words: &[String]) -> Result<()> {
    let release = words.iter().any(|word| word == "--release");
    let mut build = run::cargo(&["build", "--locked", "-p", "tollgate", "-p", "bench"]);
    run::loud(build.args(release.then_some("--release")))?;
    let built = target_dir().join(if release { "release" } else { "debug" });
    let mut bench = run::program(built.join("bench"));
    bench.arg("pages").arg("--tollgate").arg(built.join("tollgate"));
    bench.args(words.iter().filter(|word| *word != "--release"));
    let own = target_dir().join("tmp").join(format!("pages-{}", std::process::id()));
    let folder = (!words.iter().any(|word| word == "--dir")).then(|| Folder(own));
    if let Some(Folder(path)) = &folder {
        bench.arg("--dir").arg(path);
    }
    run::loud(&mut bench)
}

/// Removed with all that is in it, however the run ends.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
