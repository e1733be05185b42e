//! Which crate may use which, and which file may do what is dangerous.

use std::collections::BTreeMap;

use super::source::words;
use super::tree::Tree;

/// The workspace crates that each crate may name under `[dependencies]`.
const MAY_USE: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("mapped", &[]),
    ("openai", &["domain"]),
    ("providers", &["domain", "openai"]),
    ("vault", &["domain"]),
    ("egress", &["domain"]),
    ("scan", &["domain", "vault"]),
    ("store", &["domain"]),
    ("dataplane", &["domain", "mapped", "openai", "providers", "vault", "egress"]),
    ("control", &["domain", "vault", "egress"]),
    ("web", &["domain", "openai", "control"]),
    (
        "tollgate",
        &[
            "domain",
            "openai",
            "providers",
            "vault",
            "egress",
            "scan",
            "store",
            "dataplane",
            "control",
            "web",
        ],
    ),
];

/// Tools around the product, never under it.
const TOOLS: [&str; 3] = ["testkit", "bench", "xtask"];

/// A text that product code may hold in few places only.
struct Wall {
    what: &'static str,
    allowed: &'static [&'static str],
    remedy: &'static str,
}

const WALLS: [Wall; 7] = [
    Wall {
        what: ".expose()",
        allowed: &[
            "crates/vault/src/",
            // Signing.
            "crates/providers/src/sign.rs",
            // Proxy authentication.
            "crates/egress/src/",
            // Showing a new key once, and signing the commands' own calls.
            "crates/web/src/reveal",
            "crates/tollgate/src/reveal.rs",
            "crates/tollgate/src/cli/reveal.rs",
            // Hashing and comparing.
            "crates/control/src/secrets.rs",
            "testkit/",
            "fuzz/",
        ],
        remedy: "pass the Secret on, or let vault do it",
    },
    Wall {
        what: "rusqlite::",
        allowed: &["crates/store/", "testkit/"],
        remedy: "only store speaks SQL: add a method to a port in domain",
    },
    Wall {
        what: "hyper::client",
        allowed: &["crates/egress/", "testkit/", "bench/"],
        remedy: "only egress opens outbound connections: ask its pool",
    },
    Wall {
        what: "hyper_util::client",
        allowed: &["crates/egress/", "testkit/", "bench/"],
        remedy: "only egress opens outbound connections: ask its pool",
    },
    Wall {
        what: "TcpStream::connect",
        allowed: &["crates/egress/", "testkit/", "bench/"],
        remedy: "only egress opens outbound sockets: ask its pool",
    },
    Wall {
        what: "tokio::spawn(",
        allowed: &[
            "crates/dataplane/src/tasks.rs",
            "crates/egress/src/pool.rs",
            "crates/tollgate/src/",
            "testkit/",
            "bench/",
        ],
        remedy: "spawn through dataplane::tasks, so that shutdown waits for it, or add the file to \
                 the list in xtask/src/tidy/walls.rs and say why",
    },
    Wall {
        what: "unsafe ",
        // One file at most, with its proof beside it.
        allowed: &["crates/mapped/src/lib.rs", "bench/"],
        remedy: "find a safe way, or add the file to the list in xtask/src/tidy/walls.rs with its \
                 proof beside it",
    },
];

pub(crate) fn check(tree: &Tree) -> Vec<String> {
    let mut problems = edges(tree);
    for (file, source) in tree.sources() {
        let code = source.product();
        for wall in WALLS.iter().filter(|wall| !file.under(wall.allowed)) {
            for (at, _) in code.match_indices(wall.what) {
                // `my_unsafe `, `MyTcpStream::connect` are other words.
                if !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
                    || wall.what.starts_with('.')
                {
                    let (path, line) = (&file.path, source.line(at));
                    let (what, remedy) = (wall.what.trim(), wall.remedy);
                    problems.push(format!("{path}:{line}: `{what}` is not allowed here; {remedy}"));
                }
            }
        }
        if file.under(&["crates/domain/", "crates/store/"]) {
            for at in ["f32", "f64"].into_iter().flat_map(|word| words(code, word)) {
                let (path, line) = (&file.path, source.line(at));
                problems.push(format!("{path}:{line}: floats near money; use integers (nanos)"));
            }
        }
    }
    problems
}

/// Cargo edges that the house does not have.
fn edges(tree: &Tree) -> Vec<String> {
    let allowed: BTreeMap<_, _> = MAY_USE.into_iter().collect();
    let mut problems = Vec::new();
    for file in &tree.files {
        let Some(name) = crate_of_manifest(&file.path) else { continue };
        let Some(may_use) = allowed.get(name) else {
            let remedy = "give it a row in xtask/src/tidy/walls.rs and in the design";
            problems
                .push(format!("{}: crate `{name}` has no place in the house; {remedy}", file.path));
            continue;
        };
        for used in dependencies(&file.text) {
            let ours = allowed.contains_key(used) || TOOLS.contains(&used);
            if ours && !may_use.contains(&used) {
                let list = may_use.join(", ");
                problems.push(format!(
                    "{}: `{name}` may not use `{used}`, only [{list}]; move the code behind the \
                     right wall, or put a port into domain",
                    file.path
                ));
            }
            if used == "rusqlite" && name != "store" {
                let remedy = "only store speaks SQL: add a method to a port in domain";
                problems.push(format!("{}: `{name}` may not use rusqlite; {remedy}", file.path));
            }
        }
    }
    problems
}

fn crate_of_manifest(path: &str) -> Option<&str> {
    path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml").filter(|name| !name.contains('/'))
}

/// The names under `[dependencies]`, also for one target only.
fn dependencies(manifest: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            let section = header.strip_prefix("target.").and_then(|h| h.rsplit_once('.'));
            inside = header == "dependencies" || section.is_some_and(|(_, s)| s == "dependencies");
            names.extend(header.strip_prefix("dependencies."));
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            names.extend(line.split(['.', ' ', '=']).next());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_edge_is_told() {
        let manifest = "[dependencies]\ndomain.workspace = true\nstore = { path = \"../store\" }\n\n[dev-dependencies]\nvault.workspace = true\n";
        let problems = check(&Tree::of(&[("crates/openai/Cargo.toml", manifest)]));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("`openai` may not use `store`"));
    }

    #[test]
    fn secrets_sockets_tasks_and_floats_stay_where_they_belong() {
        let code = "fn a(x: f64) { s.expose(); tokio::spawn(b); TcpStream::connect(c); }\n";
        let tree =
            Tree::of(&[("crates/domain/src/a.rs", code), ("crates/egress/src/pool.rs", code)]);
        assert_eq!(check(&tree).len(), 4);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{code}}}\n");
        assert!(check(&Tree::of(&[("crates/domain/src/a.rs", &tests)])).is_empty());
    }
}
