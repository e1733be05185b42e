//! Counting tokens ourselves, where a provider gave no usage: off the runtime's threads, with the
//! record marked *estimated*.

use domain::{Cost, Tokens, UsageFamily};
use openai::answer::input_text;
use openai::json::unescape;

use super::{End, Tab};

/// Settles in the background.
pub(super) fn settle(tab: Box<Tab>, end: End) {
    let tasks = tab.worker.shared.tasks.clone();
    // The client hears the end before the count does.
    tab.call.rate.free_slots();
    tasks.spawn_blocking(move || {
        let tokens = count(&tab, &end);
        // An estimate is no word of the provider's: under a limit all that is held is posted.
        let cost = match tab.hold() {
            Some(hold) => Some(Cost::of(hold)),
            None => tab.cost(&end, &tokens),
        };
        let record = tab.record(end, tokens, cost, true);
        tab.push(record);
    });
}

fn count(tab: &Tab, end: &End) -> Tokens {
    let call = &tab.call;
    let input = match &call.kept_body {
        Some(body) => providers::tokens::count(&input_text(body)),
        // A body too large to keep: four bytes a token is what English text comes to.
        None => call.bytes_in / 4,
    };
    let output = if call.operation.meter.family() == UsageFamily::Completions {
        let written = unescape(trim_cut_escape(&end.count.written));
        written.map_or(end.count.written.len() as u64 / 4, |text| providers::tokens::count(&text))
    } else {
        0
    };
    Tokens { input, output, ..Tokens::default() }
}

/// Text that was cut at a limit may end in the middle of an escape.
fn trim_cut_escape(raw: &[u8]) -> &[u8] {
    match raw.iter().rev().take(12).position(|&b| b == b'\\') {
        Some(back) => &raw[..raw.len() - back - 1],
        None => raw,
    }
}
