//! Enough of Rust's grammar to tell code from comments and strings, and to find functions.

/// A Rust file's text with comments, strings and characters blanked, line by line in place.
pub(crate) struct Source {
    pub(crate) code: String,
    /// Where the test module at the end begins; 0 for a file of tests.
    product: usize,
}

/// A function that has a body.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    /// From `fn` to the closing brace.
    pub(crate) lines: usize,
}

impl Source {
    pub(crate) fn of(path: &str, text: &str) -> Self {
        let code = blank(text);
        let of_tests = path.split('/').any(|part| matches!(part, "tests" | "tests.rs"));
        let product = if of_tests { 0 } else { tail(&code).unwrap_or(code.len()) };
        Self { code, product }
    }

    /// The code without the tests.
    pub(crate) fn product(&self) -> &str {
        &self.code[..self.product]
    }

    pub(crate) fn line(&self, at: usize) -> usize {
        1 + count_lines(&self.code[..at])
    }

    pub(crate) fn functions(&self) -> Vec<Function> {
        let code = self.product();
        words(code, "fn").filter_map(|at| self.function(code, at)).collect()
    }

    fn function(&self, code: &str, at: usize) -> Option<Function> {
        let name = code[at + 2..].trim_start();
        let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        // `fn(u8) -> u8` is a type.
        if name.is_empty() {
            return None;
        }
        let open = body(&code[at..])? + at;
        let mut depth = 0_usize;
        let close = code[open..].bytes().position(|byte| {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            depth == 0
        })?;
        let lines = 1 + count_lines(&code[at..open + close]);
        Some(Function { name, line: self.line(at), lines })
    }
}

/// The opening brace of a body, unless a semicolon says that there is none.
fn body(signature: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in signature.bytes().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Where `word` stands by itself.
pub(crate) fn words<'c>(code: &'c str, word: &'c str) -> impl Iterator<Item = usize> + 'c {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        !code[..at].ends_with(part) && !code[at + word.len()..].starts_with(part)
    })
}

fn count_lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// The start of the file's own test module.
fn tail(code: &str) -> Option<usize> {
    const MARK: &str = "#[cfg(test)]\n";
    code.match_indices(MARK).map(|(at, _)| at).find(|&at| {
        let own_line = at == 0 || code[..at].ends_with('\n');
        // Further attributes may stand between the mark and the module.
        let mut lines = code[at + MARK.len()..].lines().skip_while(|line| line.starts_with("#["));
        own_line && lines.next().is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
    })
}

/// Blanks what is not code. Line breaks and byte positions stay.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let length = comment(&bytes[at..]).or_else(|| quoted(bytes, at));
        if let Some(length) = length {
            let end = (at + length).min(bytes.len());
            for byte in &mut out[at..end] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
            at = end;
        } else {
            at += 1;
        }
    }
    // Only whole characters were blanked.
    String::from_utf8_lossy(&out).into_owned()
}

/// The length of the comment that `text` begins with.
fn comment(text: &[u8]) -> Option<usize> {
    if text.starts_with(b"//") {
        return Some(text.iter().position(|b| *b == b'\n').unwrap_or(text.len()));
    }
    if !text.starts_with(b"/*") {
        return None;
    }
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        match &text[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    Some(at)
}

/// The length of the string or character that begins at `at`.
fn quoted(bytes: &[u8], at: usize) -> Option<usize> {
    let text = &bytes[at..];
    match text {
        [b'"', ..] => Some(closed(text, b'"')),
        // An identifier may end in r; only a free-standing one begins a raw string.
        [b'r', b'"' | b'#', ..] if !inside_word(bytes, at) => raw(&text[1..]).map(|n| n + 1),
        [b'\'', b'\\', ..] => Some(closed(text, b'\'')),
        [b'\'', rest @ ..] => {
            // A character, if a quote follows it; otherwise a lifetime.
            let first = std::str::from_utf8(&rest[..rest.len().min(4)]);
            let valid = first.map_or_else(|e| e.valid_up_to(), str::len);
            let width = std::str::from_utf8(&rest[..valid]).ok()?.chars().next()?.len_utf8();
            (rest.get(width) == Some(&b'\'')).then_some(width + 2)
        }
        _ => None,
    }
}

fn inside_word(bytes: &[u8], at: usize) -> bool {
    // `br"…"` and `cr"…"` are raw strings too.
    let mut before = bytes[..at].iter().rev().copied();
    let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match before.next() {
        Some(b'b' | b'c') => before.next().is_some_and(part),
        Some(byte) => part(byte),
        None => false,
    }
}

/// The length of a quoted text with escapes, quotes included.
fn closed(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < text.len() && text[at] != quote {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// The length of a raw string behind its `r`; `r#name` is not one.
fn raw(text: &[u8]) -> Option<usize> {
    let hashes = text.iter().take_while(|b| **b == b'#').count();
    if text.get(hashes) != Some(&b'"') {
        return None;
    }
    let end = [b"\"".as_slice(), &text[..hashes]].concat();
    let inside = &text[hashes + 1..];
    let length = inside.windows(end.len()).position(|window| window == end);
    Some(hashes + 1 + length.map_or(inside.len(), |n| n + end.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_blanked_in_place() {
        let text = "a(\"x\\\"{\"); // {\nb(r#\"}\"# , '{', '\\'', b\"{\"); /* { /* } */ */ c::<'a>(r#fn);\n";
        let code = blank(text);
        assert_eq!(code.len(), text.len());
        let words: Vec<_> = code.split_whitespace().collect();
        assert_eq!(words, ["a(", ");", "b(", ",", ",", ",", "b", ");", "c::<'a>(r#fn);"]);
    }

    #[test]
    fn functions_are_measured_without_tests() {
        let text = "trait T {\n    fn none(a: [u8; 2]);\n}\nfn two() {\n}\nfn three(f: fn(u8)) {\n    // }\n}\n#[cfg(test)]\nmod tests {\n    fn x() {}\n}\n";
        let found = Source::of("crates/a/src/b.rs", text).functions();
        let found: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
        assert_eq!(found, [("two", 4, 2), ("three", 6, 3)]);
    }
}
