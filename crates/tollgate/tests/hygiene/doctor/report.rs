//! Runs the command and reads what it prints.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testkit::TestGateway;

use crate::support::BIN;

/// A report as programs and as people read it.
pub struct Report {
    pub json: Value,
    /// The JSON's text, for what must or must not be somewhere in it.
    pub text: String,
    pub human: Option<String>,
    pub exit: i32,
}

impl Report {
    pub fn of<'a>(&'a self, subject: &'a str) -> impl Iterator<Item = &'a Value> {
        let all = self.json["data"].as_array().unwrap().iter();
        all.filter(move |one| one["subject"] == subject)
    }

    /// The steps of what was looked at; the clock, which not every fake tells, left out.
    pub fn steps(&self, subject: &str) -> Vec<String> {
        let steps = self.of(subject).map(|one| one["step"].as_str().unwrap().to_owned());
        steps.filter(|step| step != "clock").collect()
    }

    /// The codes of what is wrong.
    pub fn wrong(&self, subject: &str) -> Vec<String> {
        self.of(subject).filter_map(|one| Some(one["code"].as_str()?.to_owned())).collect()
    }
}

/// Asks the doctor of a gateway for JSON.
#[track_caller]
pub fn doctor(gateway: &TestGateway, args: &[&str]) -> Report {
    let url = gateway.url();
    let env = [("TOLLGATE_URL", url.as_str()), ("TOLLGATE_ADMIN_KEY", gateway.admin_key())];
    let mut all = vec!["--json"];
    all.extend(args);
    run(gateway.home(), &all, &env)
}

/// As [`doctor`], and once more as people read it: what is scripted must be so twice.
#[track_caller]
pub fn both(gateway: &TestGateway, args: &[&str]) -> Report {
    let report = doctor(gateway, args);
    let url = gateway.url();
    let env = [("TOLLGATE_URL", url.as_str()), ("TOLLGATE_ADMIN_KEY", gateway.admin_key())];
    let (exit, human, _) = command(gateway.home(), args, &env);
    assert_eq!(exit, report.exit, "{human}");
    Report { human: Some(human), ..report }
}

/// Runs it anywhere.
#[track_caller]
pub fn run(home: &Path, args: &[&str], env: &[(&str, &str)]) -> Report {
    let (exit, text, talk) = command(home, args, env);
    // Neither the admin key nor a provider's credential is ever shown.
    assert!(!text.contains("CANARY") && !talk.contains("CANARY"), "{text}\n{talk}");
    let json = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}\n{talk}"));
    Report { json, text, human: None, exit }
}

fn command(home: &Path, args: &[&str], env: &[(&str, &str)]) -> (i32, String, String) {
    let ran = Command::new(BIN)
        .arg("doctor")
        .args(args)
        .current_dir(home)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap_or_default())
        .env("HOME", home)
        .envs(env.iter().copied())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (ran.status.code().unwrap_or(-1), text(&ran.stdout), text(&ran.stderr))
}
