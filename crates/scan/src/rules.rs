//! Our keys' form, in the words of other scanners, for whoever runs one already.

/// What [`rule`] knows.
pub const RULE_FORMATS: [&str; 4] = ["gitleaks", "trufflehog", "github", "regex"];

/// `sk-tg-`, `sk-admin-tg-` or `sk-svcacct-tg-`, 32 random characters and 6 of the checksum.
const FORM: &str = r"sk-(?:admin-|svcacct-)?tg-[0-9A-Za-z]{38}";

/// A rule for another scanner; `None` for one that we do not know. None of them can check the
/// checksum, so a mistyped key is found too.
#[must_use]
pub fn rule(format: &str) -> Option<String> {
    Some(match format {
        "gitleaks" => format!(
            "[[rules]]\nid = \"tollgate-key\"\ndescription = \"Tollgate API key\"\n\
             regex = '''\\b({FORM})(?:[^0-9A-Za-z]|$)'''\nsecretGroup = 1\nentropy = 3.5\n\
             keywords = [\"-tg-\"]\n"
        ),
        "trufflehog" => format!(
            "detectors:\n  - name: TollgateKey\n    keywords: [\"-tg-\"]\n    regex:\n      \
             key: '{FORM}'\n"
        ),
        "github" => format!(
            "Name: Tollgate API key\nSecret format: {FORM}\nBefore secret: \\A|[^0-9A-Za-z]\n\
             After secret: \\z|[^0-9A-Za-z]\nTest string: any key of your Tollgate\n"
        ),
        "regex" => format!("{FORM}\n"),
        _ => return None,
    })
}
