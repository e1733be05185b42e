//! `cargo xtask release`: the release build, laid out after how it runs.
//!
//! A call runs through much code, and through each part of it once: what it waits for is code that
//! is not in the processor's caches. A first build notes which parts run under every kind of load
//! (`bench train`); the second puts those together, and what hardly runs out of their way.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, root, run, target_dir};

pub(crate) const HELP: &str = "\
cargo xtask release

Builds tollgate (and the bench) for release twice: once to note which code runs while every kind of
load is driven through it on this machine's loopback, and once laid out after that. Prints where
the binary is. Takes two release builds and a minute. Needs LLVM's tools of the toolchain in use
(`rustup component add llvm-tools`).";

/// The flag for both builds goes to no build script: with a target named, those have flags of
/// their own.
const OURS: [&str; 7] = ["build", "--release", "--locked", "-p", "tollgate", "-p", "bench"];

/// Builds, and says in which folder `tollgate` and `bench` are.
pub(crate) fn build() -> Result<PathBuf> {
    let (sysroot, host) = toolchain()?;
    let merge = sysroot.join("lib/rustlib").join(&host).join("bin/llvm-profdata");
    if !merge.is_file() {
        return Err(format!("LLVM's tools are missing\n\n{HELP}").into());
    }
    let (noting, laid_out) = (target_dir().join("noting"), target_dir().join("laid-out"));
    let notes = noting.join("notes");
    // What an older build noted is of other code.
    if notes.exists() {
        std::fs::remove_dir_all(&notes)?;
    }
    std::fs::create_dir_all(&notes)?;
    run::loud(&mut build_with(&noting, &host, &flag("generate", &notes)?))?;
    let noted = noting.join(&host).join("release");
    println!("==> every kind of load");
    let mut train = run::program(noted.join("bench"));
    run::loud(train.arg("train").arg("--tollgate").arg(noted.join("tollgate")).arg("--quick"))?;
    let profile = notes.join("all.profdata");
    let mut merge = run::program(merge);
    run::loud(merge.args(["merge", "-o"]).arg(&profile).args(raw(&notes)?))?;
    run::loud(&mut build_with(&laid_out, &host, &flag("use", &profile)?))?;
    Ok(laid_out.join(&host).join("release"))
}

pub(crate) fn run() -> Result<()> {
    let tollgate = build()?.join("tollgate");
    let shown = tollgate.strip_prefix(root()).unwrap_or(&tollgate);
    println!("{}", shown.display());
    Ok(())
}

fn build_with(folder: &Path, host: &str, flag: &str) -> Command {
    let mut command = run::cargo(&OURS);
    command.args(["--target", host, "--target-dir"]).arg(folder).env("RUSTFLAGS", flag);
    command
}

fn flag(what: &str, path: &Path) -> Result<String> {
    let path = path.to_str().filter(|path| !path.contains(' '));
    let path =
        path.ok_or("the path of the build folder has a space, which RUSTFLAGS cannot say")?;
    Ok(format!("-Cprofile-{what}={path}"))
}

/// The toolchain's own folder, and the kind of machine it builds for.
fn toolchain() -> Result<(PathBuf, String)> {
    let ask = |words: &[&str]| -> Result<String> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let said = run::program(rustc).args(words).output()?;
        Ok(String::from_utf8(said.stdout)?)
    };
    let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?.trim());
    let about = ask(&["-vV"])?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok((sysroot, host.ok_or("rustc does not say its host")?.to_owned()))
}

/// What the processes wrote when they ended.
fn raw(notes: &Path) -> Result<Vec<PathBuf>> {
    let mut raw = Vec::new();
    for entry in std::fs::read_dir(notes)? {
        let path = entry?.path();
        raw.extend(path.extension().is_some_and(|end| end == "profraw").then_some(path.clone()));
    }
    match raw.len() {
        // Of tollgate's processes, and of the bench's.
        0 | 1 => Err("the load left no notes".into()),
        _ => Ok(raw),
    }
}
