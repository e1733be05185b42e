//! Whether a text came out of a generator or out of a head.

/// What chance leaves in a text of some alphabet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Strength {
    /// Digits and letters up to `f`.
    Hex,
    /// Digits and letters of one case.
    OneCase,
    /// Too short for a digit to be certain.
    Short,
    /// Letters of both cases; digits are likely but need not be there.
    BothCases,
}

/// Words that stand in examples. Five letters and more: shorter ones come up by chance.
const WORDS: [&str; 13] = [
    "example",
    "placeholder",
    "your-",
    "your_",
    "yourkey",
    "yourapi",
    "redacted",
    "dummy",
    "changeme",
    "insert",
    "foobar",
    "sample",
    "deadbeef",
];

/// As many equal or ascending characters in a row do not come up by chance.
const ROW: usize = 7;

pub(super) fn is_random(text: &[u8], strength: Strength) -> bool {
    has_classes(text, strength)
        && !has_row(text)
        && !has_word(text)
        && bits(text) >= least(text, strength)
}

fn has_classes(text: &[u8], strength: Strength) -> bool {
    let any = |class: fn(&u8) -> bool| text.iter().any(class);
    match strength {
        Strength::Short => true,
        Strength::Hex | Strength::OneCase => {
            any(u8::is_ascii_digit) && any(u8::is_ascii_alphabetic)
        }
        Strength::BothCases => any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase),
    }
}

/// `xxxxxxx`, `0000000`, `1234567`, `abcdefg`.
fn has_row(text: &[u8]) -> bool {
    let (mut equal, mut rising) = (1, 1);
    for pair in text.windows(2) {
        equal = if pair[0] == pair[1] { equal + 1 } else { 1 };
        rising = if pair[0].checked_add(1) == Some(pair[1]) { rising + 1 } else { 1 };
        if equal >= ROW || rising >= ROW {
            return true;
        }
    }
    false
}

fn has_word(text: &[u8]) -> bool {
    WORDS
        .iter()
        .any(|word| text.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes())))
}

/// Shannon's entropy of the characters, in bits a character.
fn bits(text: &[u8]) -> f32 {
    let mut counts = [0_u16; 256];
    for byte in text {
        counts[usize::from(*byte)] = counts[usize::from(*byte)].saturating_add(1);
    }
    #[allow(clippy::cast_precision_loss, reason = "no secret has 2^24 characters")]
    let all = text.len() as f32;
    let part = |count: u16| {
        let share = f32::from(count) / all;
        -share * share.log2()
    };
    counts.into_iter().filter(|count| *count > 0).map(part).sum()
}

/// Well under what chance comes to, well over what words and tables do.
fn least(text: &[u8], strength: Strength) -> f32 {
    match (strength, text.len()) {
        (Strength::Hex, _) => 2.7,
        (Strength::Short, _) | (_, ..20) => 2.6,
        (Strength::OneCase, _) => 3.2,
        (Strength::BothCases, ..30) => 3.4,
        (Strength::BothCases, _) => 3.8,
    }
}
