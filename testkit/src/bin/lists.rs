//! `lists --bin PATH [--rows N]`: seeds a database, and prints what each page of its lists took.

use std::path::PathBuf;
use std::process::ExitCode;

use testkit::Lists;

const USAGE: &str = "usage: lists --bin PATH [--rows N]";

fn read(mut words: impl Iterator<Item = String>) -> Option<(PathBuf, Lists)> {
    let (mut bin, mut lists) = (None, Lists::PROMISED);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--bin" => bin = Some(PathBuf::from(words.next()?)),
            "--rows" => lists.rows = words.next()?.parse().ok().filter(|rows| *rows >= 1_000)?,
            _ => return None,
        }
    }
    Some((bin?, lists))
}

fn main() -> ExitCode {
    let Some((bin, lists)) = read(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    println!("{:<30} {:<7} {:>9} {:>10} {:>10}", "list", "page", "", "median", "slowest");
    let pages = lists.run(&bin);
    pages.iter().for_each(|page| println!("{page}"));
    let late = pages.iter().filter(|page| !page.is_kept()).count();
    println!("{} rows of each kind; {late} of {} pages too late", lists.rows, pages.len());
    ExitCode::from(u8::from(late > 0))
}
