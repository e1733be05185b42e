//! `tollgate login` and `tollgate logout`: a key that a person was given, kept for `exec`, `env` and
//! `connect`.

use serde::Deserialize;

use super::api::Api;
use super::failure::Failure;
use super::said::Said;
use super::upstreams::read_secret;
use super::{Env, api, own_key};

#[derive(clap::Args)]
#[command(after_help = "A key is never an argument: other users of the machine see those.")]
pub struct Args {
    /// Read the key from this variable instead of stdin
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,
    /// Keep it in Linux's own keyring, never on a disk: until a restart, or three days without use
    #[arg(long)]
    keyring: bool,
}

const ASK: &str = "Paste your API key (sk-tg-…) and press Return: ";

#[derive(Deserialize)]
struct Me {
    id: String,
    name: String,
}

/// Keeps only a key that works: one that is mistyped is told of now.
pub(super) async fn login(args: Args, env: &Env) -> Result<Said, Failure> {
    let key = read_secret(args.key_env.as_deref(), ASK)?;
    let as_it = Env { admin_key: Some(key.clone()), ..env.clone() };
    let me: Me = Api::connect(&as_it)?.get_as("/tollgate/v1/me").await?;
    let place = own_key::keep(env, &key, args.keyring)?;
    Ok(Said::talk(format!("{} \"{}\" is kept in {place}.", me.id, me.name)))
}

/// The key itself works on.
pub(super) fn logout(env: &Env) -> Result<Said, Failure> {
    let places = own_key::forget(env)?;
    Ok(Said::talk(match places.is_empty() {
        true => format!("No key is kept for {}.", api::url(env)),
        false => format!(
            "Taken out of {}. The key works on; `tollgate keys revoke` ends it.",
            places.join(" and ")
        ),
    }))
}
