use super::*;

fn args(code: &str) -> Args {
    Args { code: Some(code.into()), all: false, metrics: false, json: false, markdown: false }
}

fn all(json: bool) -> Args {
    Args { code: None, all: true, metrics: false, json, markdown: false }
}

#[test]
fn a_code_is_explained_in_full() {
    let said = run(&args("Key-Expired")).unwrap().into_parts().0;
    assert_eq!(
        said,
        "key_expired\n\n\
         What happened  This API key has expired.\n\
         What to do     Make a new key, or give it a later expiry before it ends next time.\n\
         Who must act   whoever calls: the program or its user\n\
         Retry          no: the same call would be refused again\n\
         HTTP status    401\n\
         error.type     invalid_request_error\n\
         error.code     invalid_api_key\n"
    );
    let said = run(&args("user_spend_limit_exceeded")).unwrap().into_parts().0;
    assert!(said.contains("refused until the period ends or the limit is raised\n"), "{said}");
    let json = run(&Args { json: true, ..args("overloaded") }).unwrap().into_parts().0;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["status"], &json["retry"]), (&503.into(), &true.into()));
}

#[test]
fn an_unknown_code_names_the_nearest() {
    for (given, meant) in [
        ("key_expird", "key_expired"),
        ("unknown_parameter", "unknown_field"),
        ("insufficient_quota", "api_key_spend_limit_exceeded"),
        ("overload", "overloaded"),
        ("redirect", "upstream_redirect"),
    ] {
        let text = run(&args(given)).err().unwrap().render(false);
        assert!(text.contains(&format!("Do you mean {meant}")), "{text}");
    }
    let text = run(&args("zzz")).err().unwrap().render(false);
    assert!(!text.contains("Do you mean"), "{text}");
}

#[test]
fn the_doctors_codes_are_explained_too() {
    let said = run(&args("tls-expired")).unwrap().into_parts().0;
    assert!(said.starts_with("tls_expired\n\nWhat is wrong  The upstream's certificate"), "{said}");
    for cause in causes::ALL {
        let json = run(&Args { json: true, ..args(cause.code) }).unwrap().into_parts().0;
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&json["code"], &json["remedy"]), (&cause.code.into(), &cause.remedy.into()));
    }
    let near = run(&args("credential_revokd")).err().unwrap().render(false);
    assert!(near.contains("Do you mean credential_revoked"), "{near}");
}

#[test]
fn every_code_is_in_each_list() {
    let table = run(&all(false)).unwrap().into_parts().0;
    assert_eq!(table.lines().count(), catalogue::ALL.len() + 1);
    let json: Value = serde_json::from_str(&run(&all(true)).unwrap().into_parts().0).unwrap();
    assert_eq!(json["data"].as_array().unwrap().len(), catalogue::ALL.len());
    let page = errors_markdown();
    for entry in catalogue::ALL {
        assert!(page.contains(&format!("\n## {}\n\n{}\n", entry.code, entry.what)));
    }
}

#[test]
fn edits_are_counted() {
    for (from, to, count) in [("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3)] {
        assert_eq!((edits(from, to), edits(to, from)), (count, count));
    }
}

#[test]
fn the_page_in_the_docs_is_this_one() {
    let page = include_str!("../../../../../docs/errors.md");
    assert!(
        page == errors_markdown(),
        "docs/errors.md is stale: tollgate explain --all --markdown > docs/errors.md"
    );
}
