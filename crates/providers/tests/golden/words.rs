//! Bills in words, added up.

/// What the words come to, without a line of the code under test: `count what × $price` by `+`,
/// rounded up to a nano-dollar.
pub(crate) fn by_words(words: &str) -> i64 {
    let mut sum = 0; // in 10⁻¹² dollars, times 1,000 for thousandths of a count, times ALL
    for term in words.split(" + ") {
        if term.starts_with("free") {
            continue;
        }
        let (count, price) = term.split_once(" × $").unwrap();
        let count = fixed(count.split(' ').next().unwrap(), 3);
        let (price, of) = price.split_once('/').unwrap_or((price, "1"));
        let of = match of {
            "1" => 1,
            "K" => 1_000,
            "M" => 1_000_000,
            "min" => 60,
            other => panic!("{other}?"),
        };
        sum += count * fixed(price, 12) * (ALL / of);
    }
    i64::try_from(sum.div_ceil(1_000 * 1_000 * ALL)).unwrap()
}

/// A number that all of them divide.
const ALL: u128 = 60_000_000;

/// Decimal text with commas as a whole number of its `places`-th decimals.
fn fixed(text: &str, places: usize) -> u128 {
    let text = text.replace(',', "");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    assert!(fraction.len() <= places, "{text}");
    format!("{whole}{fraction:0<places$}").parse().unwrap()
}
