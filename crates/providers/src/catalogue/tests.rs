use super::*;

#[test]
fn openai_comes_first_and_every_row_is_whole() {
    assert_eq!(PROVIDERS[0].name, "openai", "of several in the environment it is the first");
    for (at, row) in PROVIDERS.iter().enumerate() {
        let name = row.name;
        assert!(PROVIDERS[..at].iter().all(|other| other.name != name), "{name} stands twice");
        assert!(!row.base_url.ends_with('/'), "{name}");
        assert!(row.prices.is_empty() || row.prices.ends_with('/'), "{name}");
        assert_eq!(row.prices.is_empty(), matches!(name, "openai" | DEMO), "{name}");
        let local = row.base_url.starts_with("http://");
        assert!(local || row.base_url.is_empty() || row.base_url.starts_with("https://"));
        assert!(!local || row.keyless, "{name}: no credential goes over plain HTTP by default");
        // None of their variables is another's.
        let variables = |row: &Provider| [row.key_variables, row.url_variables].concat();
        for variable in variables(row) {
            assert!(PROVIDERS[..at].iter().all(|o| !variables(o).contains(&variable)), "{name}");
        }
    }
}

#[test]
fn a_path_is_offered_by_its_beginning() {
    let groq = find("groq").unwrap();
    for path in ["/chat/completions", "/audio/speech", "/files/{file_id}", "/models"] {
        assert!(groq.offers(path), "{path}");
    }
    for path in ["/completions", "/videos", "/audiobooks", "/embeddings"] {
        assert!(!groq.offers(path), "{path}");
    }
    assert!(find("openai").unwrap().offers("/whatever"));
}

#[test]
fn what_may_have_been_worked_on_is_billed() {
    let openai = find("openai").unwrap();
    let mistral = find("mistral").unwrap();
    for (row, status, is_envelope, code, billed) in [
        (openai, 429, true, None, false),
        (openai, 429, false, None, true),
        (openai, 500, true, None, false),
        (openai, 502, true, None, true),
        (openai, 400, true, Some("content_policy_violation"), true),
        (mistral, 429, false, None, false),
        (mistral, 422, false, None, false),
        (mistral, 400, false, None, true),
        (mistral, 500, true, None, true),
        (mistral, 503, true, None, true),
        (mistral, 422, false, Some("content_filter"), true),
    ] {
        assert_eq!(
            row.bills_refusal(status, is_envelope, code),
            billed,
            "{} {status} {is_envelope} {code:?}",
            row.name
        );
    }
}

/// A row of the table in `docs/providers.md`.
fn line(row: &Provider) -> String {
    let named = |names: &[&str]| match names {
        [] => "–".to_owned(),
        names => names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "),
    };
    let base = match row.base_url {
        "" => "your own".to_owned(),
        url => format!("`{url}`"),
    };
    let header = match row.auth {
        Auth::Bearer => "bearer",
        Auth::ApiKey => "`api-key`",
        Auth::None => "none",
    };
    let credential = if row.keyless { format!("{header}, or none") } else { header.to_owned() };
    let version = row.version_variable.as_slice();
    let variables = named(&[row.key_variables, row.url_variables, version].concat());
    let prices =
        if row.prices.is_empty() { "built in".to_owned() } else { format!("`{}…`", row.prices) };
    let offers = if row.offers.is_empty() { "all".to_owned() } else { named(row.offers) };
    format!("| {} | {base} | {credential} | {variables} | {prices} | {offers} |\n", row.name)
}

#[test]
fn the_documents_table_is_the_catalogue() {
    let page = include_str!("../../../../docs/providers.md");
    let rows = PROVIDERS.iter().filter(|row| row.name != DEMO);
    let table: String = rows.map(line).collect();
    assert!(page.contains(&table), "docs/providers.md is stale; its table is now:\n{table}");
}
