//! `tollgate exec -- COMMAND`: a program with a key in its environment, and nowhere else.

mod child;

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::process::{Command, ExitCode};

use domain::Secret;

use super::failure::Failure;
use super::own_key::KeyFrom;
use super::{Env, api, reveal};

#[derive(clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    #[command(flatten)]
    key: KeyFrom,
    /// Set Anthropic's variables too; today calls in Anthropic's dialect are refused
    #[arg(long)]
    anthropic: bool,
    /// One more variable that is to hold the key; may be repeated
    #[arg(long, value_name = "NAME")]
    key_name: Vec<String>,
    /// One more variable that is to hold the base URL, with /v1; may be repeated
    #[arg(long, value_name = "NAME")]
    url_name: Vec<String>,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

const AFTER: &str = "\
The key comes from --key-file, --key-command, TOLLGATE_API_KEY, or where `tollgate login` or
`tollgate keys create --save` kept it: Linux's keyring, or the config directory's `key`; with --mint it is made for this run, and revoked when it ends.

Sets OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_API_BASE and TOLLGATE_API_KEY. Unsets what would send
calls elsewhere or spoil them: OPENAI_ORG_ID, OPENAI_PROJECT_ID, AZURE_OPENAI_* and the like, and the
admin key. The exit status is the program's own; 126 and 127 where it cannot be run, 128 and the
signal's number where a signal ended it.";

const KEYS: [&str; 2] = ["OPENAI_API_KEY", "TOLLGATE_API_KEY"];
const URLS: [&str; 2] = ["OPENAI_BASE_URL", "OPENAI_API_BASE"];
/// Left over from another account, another provider, or from the operator.
const STALE: [&str; 20] = [
    "OPENAI_ORG_ID",
    "OPENAI_ORGANIZATION",
    "OPENAI_PROJECT_ID",
    "OPENAI_PROJECT",
    "OPENAI_ADMIN_KEY",
    "OPENAI_API_TYPE",
    "OPENAI_API_VERSION",
    "OPENAI_API_HOST",
    "OPENAI_ENDPOINT",
    "OPENAI_CUSTOM_HEADERS",
    "OPENAI_PROXY",
    "OPENAI_API_KEY_PATH",
    "AZURE_OPENAI_ENDPOINT",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_AD_TOKEN",
    "AZURE_API_BASE",
    "AZURE_API_KEY",
    "TOLLGATE_ADMIN_KEY",
    "TOLLGATE_ADMIN_KEY_FILE",
    "TOLLGATE_MASTER_KEY",
];
/// A made key that nobody revokes ends by itself.
const LASTS: i64 = 8 * 3600;

pub(super) async fn run(args: Args, env: &Env) -> ExitCode {
    match execute(args, env).await {
        Ok(code) => code,
        Err(failure) => {
            let _ = std::io::stderr().write_all(failure.render(env.color).as_bytes());
            ExitCode::FAILURE
        }
    }
}

async fn execute(args: Args, env: &Env) -> Result<ExitCode, Failure> {
    let program = args.command.first().cloned().unwrap_or_default();
    let name = format!("exec {}", program.to_string_lossy());
    let key = args.key.resolve(env, &name, LASTS).await?;
    let mut command = Command::new(&program);
    command.args(&args.command[1..]);
    set(&mut command, &args, env, &key.secret);
    let Some(minted) = key.minted else {
        // The program takes this one's place: its terminal, its signals, its status.
        return Ok(child::become_it(command));
    };
    let status = child::run(command).await;
    if let Err(failure) = minted.revoke().await {
        let ends = minted.expires_at.map_or_else(String::new, |at| {
            format!(" It ends by itself at {}.", domain::calendar::minute(at))
        });
        eprintln!("tollgate: {} could not be revoked: {}.{ends}", minted.id, failure.message());
    }
    Ok(status)
}

fn set(command: &mut Command, args: &Args, env: &Env, key: &Secret) {
    let url = api::url(env);
    let with_v1 = format!("{url}/v1");
    for name in STALE {
        command.env_remove(name);
    }
    for name in KEYS.into_iter().chain(args.key_name.iter().map(String::as_str)) {
        reveal::variable(command, name, key);
    }
    for name in URLS.into_iter().chain(args.url_name.iter().map(String::as_str)) {
        command.env(name, &with_v1);
    }
    command.env("TOLLGATE_URL", &url);
    if args.anthropic {
        command.env("ANTHROPIC_BASE_URL", &url).env_remove("ANTHROPIC_API_KEY");
        reveal::variable(command, "ANTHROPIC_AUTH_TOKEN", key);
        eprintln!("tollgate: calls in Anthropic's dialect are refused as of today");
    }
    for (name, value) in past_proxies(&url, std::env::vars_os()) {
        command.env(name, value);
    }
}

/// A proxy of the environment must not come between: it may not even reach this machine.
fn past_proxies(
    url: &str,
    all: impl Iterator<Item = (OsString, OsString)>,
) -> Vec<(&'static str, OsString)> {
    let all: Vec<_> = all.collect();
    let value =
        |name: &str| all.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_os_str());
    let proxied =
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"]
            .iter()
            .any(|name| value(name).is_some());
    let host = url.split("://").nth(1).unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split([':', '/']).next().unwrap_or_default(),
    };
    let near = host == "localhost" || host == "::1" || host.starts_with("127.");
    if !proxied || !near {
        return Vec::new();
    }
    let joined = |name: &'static str| {
        let mut list = value(name).unwrap_or(OsStr::new("")).to_owned();
        if !list.is_empty() {
            list.push(",");
        }
        list.push(host);
        (name, list)
    };
    vec![joined("NO_PROXY"), joined("no_proxy")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(url: &str, set: &[(&str, &str)]) -> Vec<(&'static str, OsString)> {
        past_proxies(url, set.iter().map(|(name, value)| ((*name).into(), (*value).into())))
    }

    #[test]
    fn a_proxy_does_not_come_between() {
        let url = "http://127.0.0.1:8655";
        assert!(proxies(url, &[]).is_empty());
        let set = proxies(url, &[("HTTPS_PROXY", "http://p"), ("NO_PROXY", "a.b")]);
        assert_eq!(set, [("NO_PROXY", "a.b,127.0.0.1".into()), ("no_proxy", "127.0.0.1".into())]);
        assert!(proxies("https://gate.example", &[("HTTPS_PROXY", "http://p")]).is_empty());
        assert_eq!(proxies("http://[::1]:1", &[("http_proxy", "http://p")])[0].1, "::1");
    }

    #[test]
    fn no_name_is_both_set_and_unset() {
        for name in KEYS.iter().chain(&URLS) {
            assert!(!STALE.contains(name));
        }
    }
}
