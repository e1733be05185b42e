//! How a script of either language is run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// A language that has an official SDK.
pub(crate) struct Language {
    name: &'static str,
    program: &'static str,
    ending: &'static str,
}

pub(crate) const PYTHON: Language =
    Language { name: "python", program: "bin/python", ending: "py" };
pub(crate) const NODE: Language = Language { name: "node", program: "", ending: "mjs" };

/// A script that was run to its end.
pub(crate) struct Ran {
    script: String,
    output: Output,
}

impl Language {
    /// Runs a script with only these variables of the SDKs.
    pub(crate) fn run(&self, script: &str, env: &[(&str, String)]) -> Ran {
        self.run_within(&[], script, env)
    }

    /// The same as the program of another command, whose words come first.
    pub(crate) fn run_within(&self, words: &[&str], script: &str, env: &[(&str, String)]) -> Ran {
        let sdk = sdk_dir().join(self.name);
        let (program, folder) = match self.program {
            "" => (PathBuf::from("node"), node_folder(&sdk)),
            inside => (sdk.join(inside), scripts(self.name)),
        };
        let file = format!("{script}.{}", self.ending);
        let mut command = match words {
            [] => Command::new(program),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        command.arg(folder.join(&file)).stdin(Stdio::null()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1");
        command.envs(env.iter().map(|(name, value)| (name, value)));
        let output = command.output().unwrap_or_else(|e| panic!("{} {file}: {e}", self.name));
        Ran { script: file, output }
    }
}

impl Ran {
    /// What the script printed; panics unless it ended well.
    pub(crate) fn finish(self) -> Vec<Value> {
        let Output { status, stdout, stderr } = self.output;
        let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        let last: Vec<&str> = stdout.lines().rev().take(3).collect();
        let (script, last) = (self.script, last.join("\n"));
        assert!(status.success(), "{script} ended with {status}:\n{stderr}\nlast said:\n{last}");
        let line = |line: &str| serde_json::from_str(line).expect("a line of JSON");
        stdout.lines().map(line).collect()
    }
}

fn scripts(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(language)
}

/// Where the SDKs are. Without them there is nothing to test with, which is a failure.
fn sdk_dir() -> PathBuf {
    let folder = match std::env::var_os("TOLLGATE_SDK_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/sdk"),
    };
    let ready = folder.join("python/installed").exists() && folder.join("node/installed").exists();
    let place = folder.display();
    assert!(ready, "no SDKs in {place}: run `cargo xtask test`, which installs the SDKs");
    folder
}

/// The scripts beside the packages, where Node looks for what a module imports.
fn node_folder(sdk: &Path) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let made = || {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sdk-node");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let packages = sdk.join("node_modules").canonicalize().unwrap();
        std::os::unix::fs::symlink(packages, folder.join("node_modules")).unwrap();
        for entry in fs::read_dir(scripts("node")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        folder
    };
    FOLDER.get_or_init(made).clone()
}
