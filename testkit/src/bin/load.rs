//! `load --bin PATH [pacing|pacing-quick|overload|overload-small]…`: prints what each came to, and
//! fails where something promised was not kept.

use std::path::PathBuf;

use testkit::load::{Overload, Pacing};

const USAGE: &str = "usage: load --bin PATH [pacing|pacing-quick|overload|overload-small]...";

fn main() {
    let mut words = std::env::args().skip(1);
    let bin = words.next().filter(|word| word == "--bin").and_then(|_| words.next());
    let Some(bin) = bin.map(PathBuf::from) else {
        eprintln!("{USAGE}");
        std::process::exit(2);
    };
    let mut broken = Vec::new();
    for word in words {
        let (said, not_kept) = match word.as_str() {
            "pacing" | "pacing-quick" => {
                let quick = word == "pacing-quick";
                let how = if quick { Pacing::QUICK } else { Pacing::PROMISED };
                let paced = how.run(&bin);
                (paced.to_string(), paced.broken())
            }
            "overload" | "overload-small" => {
                let small = word == "overload-small";
                let how = if small { Overload::SMALL } else { Overload::PROMISED };
                let shed = how.run(&bin);
                (shed.to_string(), shed.broken())
            }
            _ => {
                eprintln!("{USAGE}");
                std::process::exit(2);
            }
        };
        println!("{word}: {said}");
        broken.extend(not_kept);
    }
    for what in &broken {
        eprintln!("not kept: {what}");
    }
    std::process::exit(i32::from(!broken.is_empty()));
}
