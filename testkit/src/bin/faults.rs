//! `faults --bin PATH [--calls N] [--clients N] [--way NAME]`.

use std::path::PathBuf;
use std::process::ExitCode;

use testkit::{Faults, Way};

const USAGE: &str = "usage: faults --bin PATH [--calls N] [--clients N] [--way NAME]";

fn read(mut words: impl Iterator<Item = String>) -> Option<(PathBuf, Faults, Vec<Way>)> {
    let mut how = Faults { calls: 60, clients: 8 };
    let (mut bin, mut ways) = (None, Way::ALL.to_vec());
    while let Some(word) = words.next() {
        match word.as_str() {
            "--bin" => bin = Some(PathBuf::from(words.next()?)),
            "--calls" => how.calls = words.next()?.parse().ok()?,
            "--clients" => how.clients = words.next()?.parse().ok()?,
            "--way" => {
                let name = words.next()?;
                ways.retain(|way| format!("{way:?}") == name);
            }
            _ => return None,
        }
    }
    Some((bin?, how, ways))
}

fn main() -> ExitCode {
    let Some((bin, how, ways)) = read(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let mut faults = Vec::new();
    for way in ways {
        for stream in [false, true] {
            let survived = how.one(&bin, way, stream);
            println!("{survived}");
            faults.extend(survived.fault());
        }
    }
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
