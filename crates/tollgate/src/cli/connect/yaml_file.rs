//! YAML settings, by lines: what is there stays to the letter, comments too.

const BEGIN: &str = "# >>> tollgate connect";
const END: &str = "# <<< tollgate connect";

/// A text in single quotes, in which nothing but the quote means anything.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Our lines (`name: value`) at the end, between marks. A name that stands elsewhere in the file is
/// somebody's own setting.
pub(super) fn set_top_level(before: &str, lines: &[String]) -> Result<String, String> {
    let mut text = without_ours(before);
    for line in lines {
        let name = line.split(':').next().unwrap_or_default();
        let set = |(_, line): &(usize, &str)| {
            line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(':'))
        };
        if let Some((number, _)) = text.lines().enumerate().find(set) {
            return Err(format!("line {} sets {name} already; take it away first", number + 1));
        }
    }
    if text.lines().any(|line| line == "..." || line.starts_with(['{', '['])) {
        return Err("it has a form that is not changed by lines".to_owned());
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&format!("{BEGIN}\n{}\n{END}\n", lines.join("\n")));
    Ok(text)
}

/// One more model, as the first of Continue's list. The key is a secret of Continue's own, which it
/// takes from its environment or its `.env`.
pub(super) fn add_continue_model(before: &str, url: &str, model: &str) -> Result<String, String> {
    let text = without_ours(before);
    if text.trim().is_empty() {
        let head = "name: Tollgate\nversion: 1.0.0\nschema: v1\nmodels:\n";
        return Ok(format!("{head}{}", entry("  ", url, model)));
    }
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    let mut added = false;
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        match line.strip_prefix("models:").map(str::trim) {
            Some(rest) if rest.is_empty() || rest.starts_with('#') => {
                let item = lines.peek().filter(|line| line.trim_start().starts_with("- "));
                let indent =
                    item.map_or("  ", |line| &line[..line.len() - line.trim_start().len()]);
                out.push_str(&entry(indent, url, model));
                added = true;
            }
            Some(_) => return Err("its list of models is in a form that is not changed".to_owned()),
            None => {}
        }
    }
    if !added {
        out.push_str(&format!("models:\n{}", entry("  ", url, model)));
    }
    Ok(out)
}

fn entry(indent: &str, url: &str, model: &str) -> String {
    let (name, url, model) = (quoted(&format!("Tollgate {model}")), quoted(url), quoted(model));
    let lines = [
        BEGIN.to_owned(),
        format!("- name: {name}"),
        "  provider: openai".to_owned(),
        format!("  model: {model}"),
        format!("  apiBase: {url}"),
        "  apiKey: ${{ secrets.TOLLGATE_API_KEY }}".to_owned(),
        "  roles: [chat, edit, apply]".to_owned(),
        END.to_owned(),
    ];
    lines.map(|line| format!("{indent}{line}\n")).concat()
}

fn without_ours(text: &str) -> String {
    let mut ours = false;
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        match line.trim() {
            BEGIN => ours = true,
            END => ours = false,
            _ if !ours => out.push_str(line),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_once_and_others_stay() {
        let before = "# mine\ndark-mode: true";
        let lines = ["model: 'a'".to_owned()];
        let once = set_top_level(before, &lines).unwrap();
        assert!(once.starts_with("# mine\ndark-mode: true\n# >>>"), "{once}");
        assert!(once.ends_with("<<< tollgate connect\n"));
        assert_eq!(set_top_level(&once, &lines).unwrap(), once);
        assert!(set_top_level("x: 1\nmodel : b\n", &lines).unwrap_err().starts_with("line 2"));
        assert!(set_top_level("# model: b\n  model: c\n", &lines).is_ok());
        assert!(set_top_level("{a: 1}\n", &lines).is_err());
    }

    #[test]
    fn a_model_is_added_to_a_list_as_it_is_indented() {
        let before = "name: x\nmodels:\n- name: mine\n  provider: ollama\nrules: []\n";
        let once = add_continue_model(before, "http://h/v1", "it's").unwrap();
        let begins = "models:\n# >>> tollgate connect\n- name: 'Tollgate it''s'\n";
        assert!(once.contains(begins), "{once}");
        assert!(once.ends_with("- name: mine\n  provider: ollama\nrules: []\n"));
        assert_eq!(add_continue_model(&once, "http://h/v1", "it's").unwrap(), once);
        assert!(add_continue_model("models: []\n", "u", "m").is_err());
        assert!(add_continue_model("", "u", "m").unwrap().starts_with("name: Tollgate\n"));
        assert!(add_continue_model("name: x\n", "u", "m").unwrap().contains("models:\n  # >>>"));
    }
}
