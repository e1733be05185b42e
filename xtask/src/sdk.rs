//! The official Python and Node SDKs, pinned, in folders of their own under `target/sdk`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Result, run, target_dir};

/// As of the OpenAPI document that the surface was checked against.
const PYTHON_OPENAI: &str = "3.54.0";
const NODE_OPENAI: &str = "7.57.0";

const OPENAI: &str = "openai";
/// What looks for faults in pages.
const AXE: &str = "axe-core";
const NODE_AXE: &str = "4.14.1";

/// A provider of identities that is not ours.
const NODE_OIDC: &str = "9.13.3";
/// What shows the codes of second factors, and is not ours.
const PYTHON_OTP: &str = "2.12.0";

/// A mail server that is not ours.
const PYTHON_SMTP: &str = "1.4.6";

const STAMP: &str = "installed";

pub(crate) const HELP: &str = "\
cargo xtask prepare

Installs the official OpenAI SDKs, at pinned versions, for the integration tests:
target/sdk/python (a venv) and target/sdk/node; and what the tests of the dashboard need: a browser
and target/sdk/browser (axe-core). Does nothing where they are installed already.
Uses the package indexes that pip and npm are configured for. As root on Debian it installs
missing ones of python3, python3-venv, nodejs, npm, microsocks, tinyproxy, chromium and chromium-driver.";

/// Installs what is missing; gives the folder that holds both.
pub(crate) fn prepare() -> Result<PathBuf> {
    let folder = target_dir().join("sdk");
    let (python, node) = (folder.join("python"), folder.join("node"));
    if !stamped(&python, OPENAI, PYTHON_OPENAI) || !stamped(&node, OPENAI, NODE_OPENAI) {
        debian_packages(&NEEDS)?;
    }
    if can_install() {
        debian_packages(&PROXIES)?;
    }
    once(&python, OPENAI, PYTHON_OPENAI, install_python)?;
    once(&node, OPENAI, NODE_OPENAI, install_node)?;
    debian_packages(&BROWSER)?;
    once(&folder.join("browser"), AXE, NODE_AXE, install_node)?;
    once(&folder.join("identities"), "oidc-provider", NODE_OIDC, install_node)?;
    once(&folder.join("accounts"), "pyotp", PYTHON_OTP, install_python)?;
    once(&folder.join("mail"), "aiosmtpd", PYTHON_SMTP, install_python)?;
    Ok(folder)
}

/// Runs an installation unless its stamp says that it is done; stamps it afterwards.
pub(crate) fn once(
    folder: &Path,
    package: &str,
    version: &str,
    install: fn(&Path, &str, &str) -> Result<()>,
) -> Result<()> {
    if stamped(folder, package, version) {
        return Ok(());
    }
    // A half-done one from before would only confuse the installers.
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    install(folder, package, version)?;
    fs::write(folder.join(STAMP), stamp(folder, package, version))?;
    Ok(())
}

fn stamped(folder: &Path, package: &str, version: &str) -> bool {
    fs::read_to_string(folder.join(STAMP)).is_ok_and(|text| text == stamp(folder, package, version))
}

/// The place belongs to it: a venv that was moved does not work.
fn stamp(folder: &Path, package: &str, version: &str) -> String {
    format!("{package} {version} in {}\n", folder.display())
}

/// From PyPI, into a venv of its own.
pub(crate) fn install_python(folder: &Path, package: &str, version: &str) -> Result<()> {
    run::quiet(run::program("python3").args(["-m", "venv"]).arg(folder))?;
    let package = format!("{package}=={version}");
    let flags = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"];
    run::quiet(run::program(folder.join("bin/python")).args(flags).arg(package))
}

fn install_node(folder: &Path, package: &str, version: &str) -> Result<()> {
    fs::write(folder.join("package.json"), "{ \"private\": true, \"type\": \"module\" }\n")?;
    let package = format!("{package}@{version}");
    let flags = ["install", "--no-audit", "--no-fund", "--no-update-notifier", "--save-exact"];
    run::quiet(run::program("npm").current_dir(folder).args(flags).arg(package))
}

/// A browser for the tests of the dashboard, and what drives it.
const BROWSER: [Need; 2] =
    [("chromium", "chromium", &["--version"]), ("chromium-driver", "chromedriver", &["--version"])];

/// What the two installations need: Debian's name, and a command that shows that it is there.
const NEEDS: [Need; 4] = [
    ("python3", "python3", &["--version"]),
    // Debian's python3 has `venv`, but not what it puts into a new one.
    ("python3-venv", "python3", &["-c", "import ensurepip, venv"]),
    ("nodejs", "node", &["--version"]),
    ("npm", "npm", &["--version"]),
];

/// Proxies that are not ours. The tests of egress that need them say when they are not there.
const PROXIES: [Need; 2] =
    [("microsocks", "sh", &["-c", "command -v microsocks"]), ("tinyproxy", "tinyproxy", &["-v"])];

type Need = (&'static str, &'static str, &'static [&'static str]);

/// Installs from Debian what the machine lacks.
fn debian_packages(needs: &[Need]) -> Result<()> {
    let missing: Vec<&str> = needs
        .iter()
        .filter(|(_, program, words)| !run::works(program, words))
        .map(|(package, _, _)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !can_install() {
        return Err(format!("missing programs; install these (Debian's names): {list}").into());
    }
    println!("installing from Debian: {list}");
    run::quiet(run::program("apt-get").args(["update", "--quiet"]))?;
    let mut install = run::program("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install.args(["install", "--yes", "--quiet", "--no-install-recommends"]);
    run::quiet(install.args(missing))
}

fn can_install() -> bool {
    is_root() && run::works("apt-get", &["--version"])
}

fn is_root() -> bool {
    let id = run::program("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
