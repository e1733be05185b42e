//! `tollgate setup-link` and `tollgate mail`: for people who cannot sign in yet.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::json;

use super::api::{Api, path};
use super::calendar::second;
use super::failure::Failure;
use super::said::Said;

#[derive(clap::Args)]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Link {
    url: String,
}

#[derive(Deserialize)]
struct Mails {
    data: Vec<Mail>,
}

#[derive(Deserialize)]
struct Mail {
    to: String,
    subject: String,
    text: String,
    created_at: i64,
}

pub(super) async fn setup_link(args: Args, api: &Api) -> Result<Said, Failure> {
    let reply = api.post(&path(&["tollgate", "v1", "setup_link"]), &json!({})).await?;
    if args.json {
        return Ok(Said::data(reply.text));
    }
    let link: Link = reply.read()?;
    // Where the server does not know its address, the one that this command used is as good.
    let url = match link.url.starts_with('/') {
        true => format!("{}{}", api.url(), link.url),
        false => link.url,
    };
    Ok(Said::data(url).and_talk("Open it in a browser. It works once, for 30 minutes."))
}

pub(super) async fn mail(args: Args, api: &Api) -> Result<Said, Failure> {
    let reply = api.get(&path(&["tollgate", "v1", "mail"])).await?;
    if args.json {
        return Ok(Said::data(reply.text));
    }
    let mails: Mails = reply.read()?;
    if mails.data.is_empty() {
        return Ok(Said::talk(
            "No mail is kept. With [smtp] in the config file mail leaves, and is not kept.",
        ));
    }
    let mut text = String::new();
    for mail in mails.data {
        let at = second(mail.created_at);
        let (to, subject) = (mail.to, mail.subject);
        let _ = writeln!(text, "{at} UTC  to {to}\n{subject}\n\n{}\n---", mail.text.trim_end());
    }
    Ok(Said::data(text))
}
