//! Counting tokens with OpenAI's current encoding (`o200k_base`), where a provider reported none.
//!
//! A text is cut into pieces (`pieces`), and each piece's bytes are merged into tokens (`ranks`).
//! The table takes about ten megabytes and is unpacked when first asked for. Counting is nearly
//! linear in the worst case, but still work for a thread that may block.

mod exact;
mod pieces;
mod ranks;
#[cfg(test)]
mod tests;

pub use exact::exact_input;

/// Texts are counted up to this many bytes; what is beyond is counted in proportion.
const COUNTED: usize = 256 * 1024;

/// The tokens of a text.
#[must_use]
pub fn count(text: &str) -> u64 {
    let mut end = text.len().min(COUNTED);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let tokens = whole(&text[..end]);
    if end == text.len() || end == 0 {
        return tokens;
    }
    // Rounded up: an estimate errs towards more.
    (u128::from(tokens) * text.len() as u128).div_ceil(end as u128).try_into().unwrap_or(u64::MAX)
}

fn whole(text: &str) -> u64 {
    match (&*pieces::CUTTER, &*ranks::TABLE) {
        (Some(cutter), Some(table)) => {
            cutter.pieces(text).map(|piece| table.count(piece.as_bytes()) as u64).sum()
        }
        // Neither fails but by a mistake of ours, which the tests would show: then as many tokens
        // as there are bytes, the most that any text has.
        _ => text.len() as u64,
    }
}
