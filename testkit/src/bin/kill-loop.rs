//! `kill-loop --bin PATH [--kills N] [--clients N] [--seed S] [--no-limit] [--failing]`.

use std::path::PathBuf;

use testkit::KillLoop;

const USAGE: &str =
    "usage: kill-loop --bin PATH [--kills N] [--clients N] [--seed S] [--no-limit] [--failing]";

fn read(mut words: impl Iterator<Item = String>) -> Option<(PathBuf, KillLoop)> {
    let mut how = KillLoop { kills: 1_000, clients: 16, seed: 1, limited: true, failing: false };
    let mut bin = None;
    while let Some(word) = words.next() {
        match word.as_str() {
            "--no-limit" => how.limited = false,
            "--failing" => how.failing = true,
            "--bin" => bin = Some(PathBuf::from(words.next()?)),
            "--kills" => how.kills = words.next()?.parse().ok()?,
            "--clients" => how.clients = words.next()?.parse().ok()?,
            "--seed" => how.seed = words.next()?.parse().ok()?,
            _ => return None,
        }
    }
    Some((bin?, how))
}

fn main() {
    let Some((bin, how)) = read(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        std::process::exit(2);
    };
    println!("{}", how.run(&bin));
}
