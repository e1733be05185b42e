//! Passwords that are tried first.
//!
//! Ours is no copy of a list of stolen passwords: those are mostly short, and short ones are refused
//! anyhow. What is left is found by taking the password apart: common words, years, rows of a
//! keyboard, repetitions, and what is known of the person. Where nearly nothing is left, it is one
//! that a machine tries in its first minutes.

/// Letters that stand for others, as everybody knows.
const DISGUISES: [(char, char); 9] = [
    ('0', 'o'),
    ('1', 'i'),
    ('3', 'e'),
    ('4', 'a'),
    ('5', 's'),
    ('7', 't'),
    ('@', 'a'),
    ('$', 's'),
    ('!', 'i'),
];

/// Rows that fingers follow.
const ROWS: [&str; 17] = [
    "qazwsxedcrfvtgbyhnujmikolp",
    "zaqxswcdevfrbgtnhymjukilop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "zaq12wsxcde34rfvbgt56yhn",
    "q1w2e3r4t5y6u7i8o9p0",
    "a1b2c3d4e5f6g7h8i9j0",
    "1a2b3c4d5e6f7g8h9i0j",
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb",
    "1q2w3e4r5t6z7u8i9o0p",
    "1q2w3e4r5t6y7u8i9o0p",
];

/// The words that common passwords are made of, longest first within what begins alike.
const WORDS: [&str; 173] = [
    "administrator",
    "administration",
    "password",
    "passwort",
    "passw",
    "passphrase",
    "pass",
    "welcome",
    "willkommen",
    "letmein",
    "changeme",
    "default",
    "secret",
    "geheim",
    "iloveyou",
    "ilove",
    "love",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "basketball",
    "soccer",
    "hockey",
    "master",
    "superman",
    "batman",
    "spiderman",
    "pokemon",
    "starwars",
    "princess",
    "sunshine",
    "shadow",
    "michael",
    "jordan",
    "jennifer",
    "jessica",
    "ashley",
    "charlie",
    "daniel",
    "thomas",
    "andrew",
    "joshua",
    "matthew",
    "robert",
    "george",
    "william",
    "anthony",
    "nicole",
    "hunter",
    "ranger",
    "buster",
    "killer",
    "pepper",
    "ginger",
    "summer",
    "winter",
    "spring",
    "autumn",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "computer",
    "internet",
    "samsung",
    "google",
    "facebook",
    "linkedin",
    "microsoft",
    "windows",
    "openai",
    "chatgpt",
    "company",
    "office",
    "access",
    "account",
    "login",
    "user",
    "test",
    "testing",
    "hello",
    "freedom",
    "whatever",
    "trustno",
    "cheese",
    "flower",
    "banana",
    "orange",
    "purple",
    "yellow",
    "silver",
    "golden",
    "admin",
    "root",
    "system",
    "liverpool",
    "chelsea",
    "arsenal",
    "barcelona",
    "manchester",
    "lovely",
    "babygirl",
    "angel",
    "cookie",
    "chocolate",
    "butterfly",
    "naruto",
    "minecraft",
    "fortnite",
    "corvette",
    "mercedes",
    "ferrari",
    "porsche",
    "yamaha",
    "harley",
    "guitar",
    "music",
    "maggie",
    "bailey",
    "oliver",
    "sophie",
    "amanda",
    "melissa",
    "michelle",
    "christopher",
    "alexander",
    "benjamin",
    "nicholas",
    "jonathan",
    "samantha",
    "elizabeth",
    "victoria",
    "patrick",
    "richard",
    "david",
    "maria",
    "carlos",
    "qwerty",
    "asdf",
    "zxcv",
    "qazwsx",
    "letme",
    "loveme",
    "fuckyou",
    "fuck",
    "forever",
    "friends",
    "family",
    "mynameis",
    "newpass",
    "temp",
    "guest",
    "demo",
    "server",
    "database",
    "network",
    "security",
    "mustang",
];

/// How many characters must be left that nothing here explains.
const ENOUGH: usize = 4;

pub(super) fn is_common(password: &str, known: &[&str]) -> bool {
    // A digit may be a disguised letter, or part of a row of keys.
    let typed = password.to_lowercase();
    // Keys that are struck twice, one after the other.
    let mut letters: Vec<char> = typed.chars().collect();
    letters.dedup();
    let once = letters.into_iter().collect();
    [plain(password), typed, once].iter().any(|text| is_made_of_known(text, known))
}

fn is_made_of_known(text: &str, known: &[&str]) -> bool {
    let own: Vec<String> = known.iter().flat_map(|known| parts(known)).collect();
    let own = || own.iter().map(String::as_str);
    // A short part of a name may stand within a word, and a word within a name.
    let (first, other) = (without(text, own()), without(text, WORDS.into_iter()));
    let rests = [without(&first, WORDS.into_iter()), without(&other, own())];
    // What repeats itself in pieces is as short as its piece.
    rests.iter().any(|rest| is_little(rest)) || repeats(text)
}

fn without<'w>(text: &str, words: impl Iterator<Item = &'w str>) -> String {
    words.fold(text.to_owned(), |rest, word| rest.replace(word, " "))
}

/// Whether nearly nothing is left that nothing here explains.
fn is_little(rest: &str) -> bool {
    let rest = without_rows(rest);
    let mut left: Vec<char> = rest.chars().filter(|c| c.is_alphanumeric()).collect();
    left.dedup();
    let mut kinds = left.clone();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.len() < ENOUGH || left.len() < ENOUGH
}

/// Lower case, without disguises. Digits that stand among digits are digits.
fn plain(password: &str) -> String {
    let letters: Vec<char> = password.to_lowercase().chars().collect();
    let digit =
        |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(char::is_ascii_digit);
    let undisguised = letters.iter().enumerate().map(|(at, letter)| {
        let among = digit(at.checked_sub(1)) || digit(Some(at + 1));
        let found = DISGUISES.iter().find(|(disguise, _)| disguise == letter);
        found.filter(|_| !(letter.is_ascii_digit() && among)).map_or(*letter, |(_, meant)| *meant)
    });
    undisguised.collect()
}

/// The parts of a name or an address that a password could be made of.
fn parts(known: &str) -> Vec<String> {
    let known = known.to_lowercase();
    let parts = known.split(|c: char| !c.is_alphanumeric()).filter(|part| part.len() > 2);
    parts.map(plain).collect()
}

/// Takes out pieces of three and more that follow a row, forwards or backwards, and years.
fn without_rows(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < letters.len() {
        let length = (3..=letters.len() - at).take_while(|n| in_row(&letters[at..at + n])).last();
        match length.or_else(|| is_year(&letters[at..]).then_some(4)) {
            Some(length) => {
                out.push(' ');
                at += length;
            }
            None => {
                out.push(letters[at]);
                at += 1;
            }
        }
    }
    out
}

fn in_row(piece: &[char]) -> bool {
    let forward: String = piece.iter().collect();
    let backward: String = piece.iter().rev().collect();
    ROWS.iter().any(|row| row.contains(&forward) || row.contains(&backward))
}

fn is_year(rest: &[char]) -> bool {
    let Some(year) = rest.get(..4) else { return false };
    let year: String = year.iter().collect();
    year.parse::<u32>().is_ok_and(|year| (1940..2060).contains(&year))
}

fn repeats(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let half = letters.len() / 2;
    (1..=half.min(8)).any(|n| letters.iter().zip(&letters[n..]).all(|(one, next)| one == next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_first_is_known() {
        for password in [
            "password1234",
            "Password123!",
            "P@ssw0rd2024",
            "qwertyuiop123",
            "123456789012",
            "iloveyou1234",
            "Summer2026!!",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "welcome12345",
            "ada.lovelace1",
            "AdaLovelace99",
            "tollgate-admin-2026",
            "adminadmin12",
            "letmeinletmein",
            "1q2w3e4r5t6z",
            "1q2w3e4r5t6y",
            "q1w2e3r4t5y6",
            "zaq12wsxcde3",
            "1qaz2wsx3edc",
            "qazwsxedcrfv",
            "1234qwerasdf",
            "a1b2c3d4e5f6",
            "1a2b3c4d5e6f",
            "passwordpassword",
            "michael123456",
            "liverpool1234",
            "manchester1!",
            "chelsea12345",
            "Princess1234",
            "qwer1234asdf",
            "abcd1234abcd",
            "112233445566",
            "asdfasdfasdf",
            "fuckyou12345",
            "Samantha1987",
            "mustang19671",
            "computer2024!",
            "987654321987",
            "trustno1trustno1",
            "zyxwvutsrqponm",
        ] {
            assert!(
                is_common(password, &["Ada Lovelace", "ada@example.com", "tollgate"]),
                "{password}"
            );
        }
    }

    #[test]
    fn words_in_a_row_and_noise_pass() {
        for password in [
            "correct horse battery staple",
            "ultramarine kettle fog",
            "x8#Kd02!mPqz",
            "meine Katze frisst Quark",
            "пароль длинный очень",
            "monkey-lantern-of-quartz",
        ] {
            assert!(!is_common(password, &["Ada Lovelace", "ada@example.com"]), "{password}");
        }
    }
}
