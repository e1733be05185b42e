//! `.env` files: `NAME=value` lines, `export` allowed, `#` comments, quotes; nothing is expanded.

use super::Variables;

/// The variables of a file, and the numbers of lines that are none.
pub(super) fn parse(text: &str) -> (Variables, Vec<usize>) {
    let mut found = Variables::new();
    let mut bad = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match assignment(line.strip_prefix("export ").unwrap_or(line)) {
            Some((name, value)) => drop(found.insert(name.to_owned(), value)),
            None => bad.push(number + 1),
        }
    }
    (found, bad)
}

fn assignment(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(plain) || name.starts_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    Some((name, unquote(value.trim())?))
}

fn unquote(value: &str) -> Option<String> {
    if let Some(rest) = value.strip_prefix('\'') {
        return rest.split_once('\'').map(|(inner, _)| inner.to_owned());
    }
    let Some(rest) = value.strip_prefix('"') else {
        // A comment begins at a `#` behind a space.
        let end = value.find(" #").unwrap_or(value.len());
        return Some(value[..end].trim_end().to_owned());
    };
    let mut out = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return Some(out),
            '\\' => match chars.next()? {
                'n' => out.push('\n'),
                'r' => out.push('\r'),
                't' => out.push('\t'),
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_spellings() {
        let (found, bad) = parse(
            "# comment\nA=1\nexport B = two words # note\nC='$x # y'\nD=\"a\\n\\\"b\\\"\"\nE=\n\nnot a line\n9X=1\nF=a#b\n",
        );
        let get = |name: &str| found.get(name).map(String::as_str);
        assert_eq!(get("A"), Some("1"));
        assert_eq!(get("B"), Some("two words"));
        assert_eq!(get("C"), Some("$x # y"));
        assert_eq!(get("D"), Some("a\n\"b\""));
        assert_eq!(get("E"), Some(""));
        assert_eq!(get("F"), Some("a#b"));
        assert_eq!(bad, [8, 9]);
    }
}
