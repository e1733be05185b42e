//! The project's own commands: `cargo xtask COMMAND`. Few dependencies, because everything waits
//! for this to build.

mod generate;
mod mutations;
mod pages;
mod release;
mod run;
mod scan_figures;
mod schemathesis;
mod sdk;
mod served;
mod terraform;
mod test;
mod tidy;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

/// Everything that can go wrong here ends the command with one sentence.
type Error = Box<dyn std::error::Error>;
type Result<T> = std::result::Result<T, Error>;

const USAGE: &str = "\
cargo xtask COMMAND

  test                       everything that must hold before a merge; ends with `N passed, M failed`
  tidy                       walls, sizes and names (also a test of this crate)
  prepare                    the official SDKs that the integration tests drive, into target/sdk
  release                    the release build, laid out after how it runs under load
  bench [--laid-out] [ARGS]  a release build, or that one, then `bench run`; prints ratios to the floor
  mutations [WORDS]          takes away each guard of the hard limit; a named test must fail
  kill-loop [--kills N]      kill -9 under load, over and over, against the true bill
  faults [PART...]           broken upstreams, a rate limit, overload: what was promised must hold
  schemathesis [--seconds N] [--spec FILE]
                             the real binary against its OpenAPI document, for 40 s
  terraform --provider PATH  OpenAI's Terraform provider against the real binary
  lists [--rows N]           what a page takes of lists with 100,000 keys, projects, users
  pages [--records N]        what each page of the dashboard takes and weighs over 10,000,000 records
  fuzz [--seconds N] [TARGET]
                             every fuzz target, or one, for N seconds each (60)
  scan-figures               recall, speed and false finds of `tollgate scan`; fetches from Debian
  deny                       licences, bans, sources and advisories of the dependencies (cargo-deny)
  prices --from FILE         rewrite the tables of models and prices from the public price table
  spec --from FILE           rewrite crates/openai/tests/spec/operations.txt from OpenAI's document

`cargo xtask COMMAND --help` says more.";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let rest: Vec<String> = words.collect();
    match dispatch(&command, &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, rest: &[String]) -> Result<()> {
    // What stands behind `bench` belongs to the bench, its `--help` too.
    if command != "bench" && rest.iter().any(|word| word == "--help" || word == "-h") {
        println!("{}", help(command).unwrap_or(USAGE));
        return Ok(());
    }
    match command {
        "test" => none(rest).and_then(|()| test::run()),
        "tidy" => none(rest).and_then(|()| tidy::run()),
        "prepare" => none(rest).and_then(|()| sdk::prepare()).map(|_| ()),
        "bench" => tools::bench(rest),
        "release" => none(rest).and_then(|()| release::run()),
        "mutations" => mutations::run(rest),
        "kill-loop" => tools::kill_loop(rest),
        "faults" => tools::faults(rest),
        "schemathesis" => schemathesis::run(rest),
        "terraform" => terraform::run(rest),
        "lists" => tools::lists(rest),
        "pages" => pages::run(rest),
        "fuzz" => tools::fuzz(rest),
        "scan-figures" => none(rest).and_then(|()| scan_figures::run()),
        "deny" => none(rest).and_then(|()| tools::deny()),
        "prices" => generate::prices(rest),
        "spec" => generate::spec(rest),
        "" | "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(format!("unknown command `{other}`\n\n{USAGE}").into()),
    }
}

fn help(command: &str) -> Option<&'static str> {
    Some(match command {
        "test" => test::HELP,
        "tidy" => tidy::HELP,
        "prepare" => sdk::HELP,
        "release" => release::HELP,
        "mutations" => mutations::HELP,
        "kill-loop" => tools::KILL_LOOP_HELP,
        "faults" => tools::FAULTS_HELP,
        "schemathesis" => schemathesis::HELP,
        "terraform" => terraform::HELP,
        "lists" => tools::LISTS_HELP,
        "pages" => pages::HELP,
        "fuzz" => tools::FUZZ_HELP,
        "scan-figures" => scan_figures::HELP,
        "deny" => tools::DENY_HELP,
        "prices" => generate::PRICES_HELP,
        "spec" => generate::SPEC_HELP,
        _ => return None,
    })
}

fn none(rest: &[String]) -> Result<()> {
    match rest.first() {
        None => Ok(()),
        Some(word) => Err(format!("`{word}` is one argument too many").into()),
    }
}

/// The repository's root.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.clone(), PathBuf::from)
}

/// Where Cargo puts what it builds.
fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}
