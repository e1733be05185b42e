//! Every page and action × everybody who may come to it: only those pass who are allowed, and
//! whoever does not has changed nothing and sees no more than that.

mod people;
mod rows;
mod things;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::types::Value as Cell;
use serde_json::json;
use testkit::{FakeProvider, TestGateway};

use crate::house::{BIN, EMAIL, House, PASSWORD};
use people::{Caller, Fate, Who};
use rows::{Gate, ROWS, Row};
use things::{Things, fields, fill};

/// What is written a while after a call by no request: messages on their way, and what the watch over
/// keys notes of their use.
const BY_ITSELF: [&str; 2] = ["outbox", "key_traits"];

#[test]
fn every_page_and_action_of_the_dashboard_has_its_row() {
    let there: BTreeSet<(String, String)> = web::Dashboard::pages()
        .into_iter()
        .map(|(method, path)| (method.to_string(), path))
        .collect();
    let listed: BTreeSet<_> = ROWS.iter().map(|row| (row.0.to_owned(), row.1.to_owned())).collect();
    assert_eq!(listed.len(), ROWS.len(), "a row stands twice");
    let missing: Vec<_> = there.difference(&listed).collect();
    assert!(missing.is_empty(), "pages without a row in matrix/rows.rs: {missing:?}");
    let gone: Vec<_> = listed.difference(&there).collect();
    assert!(gone.is_empty(), "rows without a page: {gone:?}");
}

struct Stage {
    house: House,
    provider: FakeProvider,
    project: String,
    other: String,
    ids: BTreeMap<String, String>,
}

impl Stage {
    /// Two projects, and everybody in their place.
    fn set() -> Self {
        let provider = FakeProvider::start();
        let config = "[egress]\nprivate_hosts = [\"127.0.0.1\"]\n";
        let builder = TestGateway::builder(Path::new(BIN)).provider(&provider).config(config);
        let house = House { gateway: builder.start() };
        let link = house.setup_link();
        let fields = [("token", &*link), ("name", "Ada"), ("email", EMAIL), ("password", PASSWORD)];
        assert_eq!(house.person().send("/setup", &fields).status, 303);
        let (project, other) =
            (house.gateway.create_project("Blue"), house.gateway.create_project("Red"));
        let mut ids = BTreeMap::new();
        for who in [Who::Viewer, Who::Member, Who::Manager, Who::Reader] {
            ids.insert(people::email(who), people::settle(&house, who, &project));
        }
        let stranger = people::settle(&house, Who::Stranger, &other);
        ids.insert(people::email(Who::Stranger), stranger);
        Self { house, provider, project, other, ids }
    }

    fn caller(&self, who: Who, key: &testkit::Key) -> Caller<'_> {
        if !who.is_signed_in() && who != Who::Expired {
            return Caller::without(&self.house, people::bearer(who, &self.house, key));
        }
        let caller = Caller::signed_in(&self.house, who);
        match who {
            Who::Expired => people::expire(&self.house),
            Who::Stale => people::age_proof(&self.house),
            _ => {}
        }
        caller
    }

    /// Every row of every table, but for when somebody was last seen and for mail on its way.
    fn dump(&self) -> BTreeMap<String, Vec<String>> {
        let path = self.house.gateway.data_dir().join("tollgate.db");
        let db = rusqlite::Connection::open(path).unwrap();
        let names =
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
        let mut names = db.prepare(names).unwrap();
        let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let table = |name: String| {
            let mut all = db.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
            let columns: Vec<String> = all.column_names().map(str::to_owned).collect();
            let mut rows = all.query([]).unwrap();
            let mut lines = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                let mut line = String::new();
                for (at, column) in columns.iter().enumerate() {
                    if !["seen_at", "last_seen_at", "last_used_at"].contains(&column.as_str()) {
                        let cell: Cell = row.get(at).unwrap();
                        line.push_str(&format!("{column}={cell:?} "));
                    }
                }
                lines.push(line);
            }
            (name, lines)
        };
        names.map(Result::unwrap).filter(|name| !BY_ITSELF.contains(&&**name)).map(table).collect()
    }

    /// What a request that was refused has changed all the same.
    fn changes(&self, before: &BTreeMap<String, Vec<String>>) -> Vec<String> {
        let after = self.dump();
        let changed = after.iter().filter(|(name, rows)| before.get(*name) != Some(rows));
        changed.map(|(name, _)| name.clone()).collect()
    }
}

/// What a page of the account has of a session that is not this one.
fn another_session(stage: &Stage, who: Who, caller: &Caller<'_>) -> String {
    let _other = stage.house.signed_in(&people::email(who), PASSWORD);
    let page = caller.person.get("/account").text();
    let end = page.split("/account/sessions/").nth(1).unwrap_or_else(|| panic!("{page}"));
    let id = end.split("/end").next().unwrap().to_owned();
    assert!(!id.is_empty() && id != "end", "{page}");
    id
}

#[test]
fn who_may_not_is_refused_and_has_changed_nothing() {
    let stage = Stage::set();
    let things = Things::new(&stage.house, &stage.provider, &stage.project);
    let key = stage.house.gateway.create_key_in(&stage.project, &json!({ "name": "program" }));
    let callers: Vec<(Who, Caller<'_>)> =
        Who::ALL.into_iter().map(|who| (who, stage.caller(who, &key))).collect();
    let session = another_session(&stage, Who::Owner, &Caller::signed_in(&stage.house, Who::Owner));
    let (mut refused, mut wrong) = (0, Vec::new());
    for (method, path, gate, sent) in ROWS {
        let fates = callers.iter().map(|(who, caller)| (who.fate(*gate, path), who, caller));
        let refusals: Vec<_> = fates.filter(|(fate, ..)| *fate != Fate::Passes).collect();
        if refusals.is_empty() {
            continue;
        }
        let filled = things.fill(path, sent, &session);
        let (place, fields) = (fill(path, &filled), fields(sent, &filled));
        let before = stage.dump();
        for (fate, who, caller) in refusals {
            let answer = caller.ask(method, &place, &fields);
            let found = Fate::of(method, &answer);
            if found != fate {
                wrong.push(format!("{who:?} {method} {path}: {found:?} and not {fate:?}"));
            }
            refused += 1;
        }
        let changes = stage.changes(&before);
        if !changes.is_empty() {
            wrong.push(format!("{method} {path} was refused and has changed {changes:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused > 1_000, "{refused}");
}

#[test]
fn who_may_passes() {
    let stage = Stage::set();
    let things = Things::new(&stage.house, &stage.provider, &stage.project);
    let (mut passed, mut wrong) = (0, Vec::new());
    for who in Who::SIGNED_IN {
        let mut caller = Caller::signed_in(&stage.house, who);
        let passes = |row: &&Row| row.2 != Gate::Door && who.fate(row.2, row.1) == Fate::Passes;
        for (method, path, gate, sent) in ROWS.iter().filter(passes) {
            let own = match path.contains("{session_id}") {
                true => another_session(&stage, who, &caller),
                false => String::new(),
            };
            let mut filled = things.fill(path, sent, &own);
            if path.ends_with("/archive") && *method == "POST" {
                filled.insert("project".to_owned(), spare(&stage, who));
                filled.insert("place".to_owned(), "Spare".to_owned());
                caller = Caller::signed_in(&stage.house, who);
            }
            let answer = caller.ask(method, &fill(path, &filled), &fields(sent, &filled));
            // Of what is one's own a row cannot have all: it is enough that it was heard.
            let own = matches!(gate, Gate::Own | Gate::OwnProved);
            let heard = answer.status != 401 && answer.status < 500;
            let passes = Fate::of(method, &answer) == Fate::Passes;
            if !heard || !(own || passes) {
                let main = answer.text().split("<main").nth(1).unwrap_or_default().to_owned();
                wrong.push(format!("{who:?} {method} {path}: {} {main}", answer.status));
            }
            passed += 1;
            if *gate == Gate::Own && !caller.person.is_in() || path == &"/prove" {
                caller = Caller::signed_in(&stage.house, who);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(passed > 300, "{passed}");
}

/// A project to be archived, which somebody manages.
fn spare(stage: &Stage, who: Who) -> String {
    let project = stage.house.gateway.create_project("Spare");
    if let Some(id) = stage.ids.get(&people::email(who)) {
        let member = json!({ "user_id": id, "role": "owner" });
        let path = format!("/v1/organization/projects/{project}/users");
        stage.house.gateway.admin("POST", &path, &member);
    }
    project
}

/// Case 13: whoever manages one project finds nothing of another one in it.
#[test]
fn case_13_nothing_of_another_project_is_found_under_ones_own() {
    let stage = Stage::set();
    let things = Things::new(&stage.house, &stage.provider, &stage.project);
    let stranger = Caller::signed_in(&stage.house, Who::Stranger);
    let session = another_session(&stage, Who::Owner, &Caller::signed_in(&stage.house, Who::Owner));
    let mut looked = 0;
    for (method, path, gate, sent) in ROWS {
        let Some(page) = path.strip_prefix("/projects/{project}/") else { continue };
        let of_key = sent.contains("{key}") || sent.contains("{limited}");
        if !page.contains('{') && !of_key {
            continue;
        }
        let mut filled = things.fill(path, sent, &session);
        filled.insert("project".to_owned(), stage.other.clone());
        let before = stage.dump();
        let answer = stranger.ask(method, &fill(path, &filled), &fields(sent, &filled));
        let told = format!("{method} {path} {gate:?}: {}", answer.text());
        assert_eq!(answer.status, 404, "{told}");
        assert!(!answer.text().contains(filled.get("name").map_or("\0", String::as_str)), "{told}");
        assert_eq!(stage.changes(&before), [""; 0], "{told}");
        looked += 1;
    }
    assert!(looked > 25, "{looked}");
    // Whether another project made a call is not to be learnt by its request id.
    let asked = |page: &str, id: &str| {
        let (path, id) = (format!("/projects/{}/{page}", stage.other), id.to_owned());
        let answer = stranger.ask("GET", &path, &[("request".to_owned(), id.clone())]);
        let told = format!("{:?} {}", answer.header("location"), answer.text());
        let plain = |line: &&str| !line.contains("req_") && !line.contains("_form");
        let told = told.replace(&id, "ID");
        (answer.status, told.lines().filter(plain).map(str::to_owned).collect::<Vec<_>>())
    };
    for page in ["logs", "refused"] {
        let unknown = format!("{}x", things.request);
        assert_eq!(asked(page, &things.request), asked(page, &unknown), "{page}");
    }
    // One's own session is one's own.
    let before = stage.dump();
    let answer = stranger.ask("POST", &format!("/account/sessions/{session}/end"), &[]);
    assert_eq!(answer.status, 404, "{}", answer.text());
    assert_eq!(stage.changes(&before), [""; 0]);
}
