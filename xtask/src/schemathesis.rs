//! `cargo xtask schemathesis`: the real binary against its own document, by somebody else's fuzzer.

use std::path::PathBuf;

use crate::{Result, run, sdk, served, target_dir};

/// As of the day on which it found nothing any more.
const VERSION: &str = "4.32.5";

pub(crate) const HELP: &str = "\
cargo xtask schemathesis [--seconds N] [--seed S] [--spec FILE]

Installs Schemathesis, at a pinned version, into target/sdk/schemathesis, starts the debug build with
a data directory of its own, and has it asked what GET /tollgate/v1/openapi.json describes, well and
badly, for N seconds (40): no answer may be 5xx, have another shape or type than the document says, or
be a success without a key. With --spec it takes that document's paths instead, under /v1: such as the
administration part of OpenAI's. POST /tollgate/v1/doctor is left out: it says 503 while one is at
work, which is meant.";

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,ignored_auth,unsupported_method";
/// OpenAI's document says of most errors nothing.
const CHECKS_OF_OTHERS: &str =
    "not_a_server_error,content_type_conformance,response_schema_conformance,ignored_auth";

pub(crate) fn run(words: &[String]) -> Result<()> {
    let (mut seconds, mut seed, mut spec) = (40_u32, 1_u64, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        let number = || value.parse().map_err(|_| format!("`{value}` is not a number"));
        match word.as_str() {
            "--seconds" => seconds = number()?,
            "--seed" => seed = number()?.into(),
            "--spec" => spec = Some(std::env::current_dir()?.join(value)),
            other => return Err(format!("`{other}` is no flag\n\n{HELP}").into()),
        }
    }
    let program = install()?;
    let mut served = served::start("schemathesis")?;
    let mut command = run::program(program);
    command.arg("run");
    match &spec {
        Some(file) => {
            command.arg(file).args(["--url", &format!("{}/v1", served.url)]);
            command.args(["--checks", CHECKS_OF_OTHERS]);
        }
        None => {
            command.arg(format!("{}/tollgate/v1/openapi.json", served.url));
            command.args(["--checks", CHECKS, "--exclude-path", "/tollgate/v1/doctor"]);
        }
    }
    let key = format!("Authorization: Bearer {}", served::ADMIN_KEY);
    command.args(["--header", &key, "--max-time", &seconds.to_string()]);
    command.args(["--seed", &seed.to_string(), "--max-examples", "40", "--no-color"]);
    // It keeps what it has tried; not in the tree.
    let done = run::loud(command.current_dir(target_dir()));
    served.must_run()?;
    done
}

fn install() -> Result<PathBuf> {
    let folder = target_dir().join("sdk/schemathesis");
    sdk::once(&folder, "schemathesis", VERSION, sdk::install_python)?;
    Ok(folder.join("bin/schemathesis"))
}
