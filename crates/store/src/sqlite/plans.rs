//! How SQLite goes about the lists: by an index, in the order of the page, so that no page of a long
//! list takes longer than any other.

use domain::{AuditEvents, AuditPlace, AuditQuery, Order, PageQuery};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{connect, schema};
use crate::sql;

/// Lists that every row of their table belongs to, and what the plan calls it: walking the table is
/// walking the list.
const WHOLE: [(&str, &str); 4] = [
    ("projects, archived too", "SCAN projects"),
    ("invites", "SCAN invites"),
    ("groups", "SCAN user_groups"),
    ("audit log", "SCAN a"),
];

fn plan(db: &Connection, query: &str) -> Vec<String> {
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
    let count = statement.parameter_count();
    let values = rusqlite::params_from_iter((0..count).map(|_| "x"));
    let rows = statement.query_map(values, |row| row.get::<_, String>(3)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// The steps that read more than the page.
fn slow<'a>(list: &str, steps: &'a [String]) -> Vec<&'a String> {
    let is_whole = |step: &str| WHOLE.contains(&(list, step));
    let is_slow = |step: &&String| {
        let scanned = step.starts_with("SCAN ") && !step.contains(" USING ");
        (scanned && !is_whole(step)) || step.contains("TEMP B-TREE") || step.contains("AUTOMATIC")
    };
    steps.iter().filter(is_slow).collect()
}

fn lists(page: &PageQuery) -> Vec<(&'static str, String)> {
    let of = |list: &str, table: &str, next: usize| sql::page(list, table, page, next);
    vec![
        ("keys of a project", of(&sql::keys(2, true), "api_keys", 4)),
        ("admin keys", of(&sql::keys(1, false), "api_keys", 2)),
        ("projects", of(sql::PROJECTS, "projects", 1)),
        ("projects, archived too", of(sql::PROJECTS_AND_ARCHIVED, "projects", 1)),
        ("service accounts", of(sql::SERVICE_ACCOUNTS, "service_accounts", 2)),
        ("users", of(&sql::people::users(0), "users", 1)),
        ("spend alerts", of(sql::SPEND_ALERTS, "spend_alerts", 3)),
        ("members", sql::people::members(page)),
        ("invites", sql::people::invites(page)),
        ("groups", sql::access::groups(page)),
        ("users of a group", sql::access::group_users(page)),
        ("groups of a project", sql::access::project_groups(page)),
    ]
}

fn audit((events, project, resource): (bool, bool, bool), order: Order) -> String {
    let some = |wanted: bool| if wanted { vec!["x".to_owned()] } else { vec![] };
    let newer = order == Order::Ascending;
    let query = AuditQuery {
        from: None,
        until: None,
        projects: some(project),
        actors: vec![],
        emails: vec![],
        resources: some(resource),
        events: events.then(|| AuditEvents { named: some(true), but: vec![] }),
        place: AuditPlace {
            after: (!newer).then(|| "x".into()),
            before: newer.then(|| "x".into()),
        },
        limit: 100,
    };
    sql::audit::page(&query).0
}

#[test]
fn no_page_of_a_list_reads_more_than_itself() {
    let dir = TempDir::new().unwrap();
    let db = connect::writable(dir.path(), &schema::RECORDS).unwrap();
    let mut wrong = Vec::new();
    let mut look = |name: &str, query: &str| {
        let steps = plan(&db, query);
        assert!(!steps.is_empty(), "{name}");
        if !slow(name, &steps).is_empty() {
            wrong.push(format!("{name}: {steps:#?}"));
        }
    };
    for order in [Order::Ascending, Order::Descending] {
        for after in [None, Some("x".to_owned())] {
            let page = PageQuery { limit: 100, after, order };
            lists(&page).iter().for_each(|(name, query)| look(name, query));
        }
        look("audit log", &audit((false, false, false), order));
        look("audit log by event", &audit((true, false, false), order));
        look("audit log of a project", &audit((false, true, false), order));
        look("audit log of a thing", &audit((false, false, true), order));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_list_without_its_index_is_noticed() {
    let dir = TempDir::new().unwrap();
    let db = connect::writable(dir.path(), &schema::RECORDS).unwrap();
    let page = PageQuery { limit: 100, after: None, order: Order::Ascending };
    for (index, list) in [
        ("users_live", "users"),
        ("api_keys_live", "keys of a project"),
        ("role_assignments_of_project", "members"),
    ] {
        let query = lists(&page).into_iter().find(|(name, _)| *name == list).unwrap().1;
        assert!(slow(list, &plan(&db, &query)).is_empty(), "{list}");
        db.execute_batch(&format!("DROP INDEX {index}")).unwrap();
        let steps = plan(&db, &query);
        assert!(!slow(list, &steps).is_empty(), "{list}: {steps:?}");
    }
}

#[test]
fn no_look_into_the_log_reads_blocks_to_find_out_which_to_read() {
    let dir = TempDir::new().unwrap();
    let db = connect::writable(dir.path(), &schema::REQUESTS).unwrap();
    for query in [sql::usage::BLOCKS_OF, sql::usage::BLOCKS_SINCE] {
        let steps = plan(&db, query);
        assert!(steps[0].contains("USING COVERING INDEX blocks_by_request"), "{steps:?}");
        assert!(slow("log", &steps).is_empty(), "{steps:?}");
    }
    for query in [sql::usage::SUMMARIES, sql::usage::BLOCKS, sql::usage::KINDS, sql::usage::CALLS] {
        let steps = plan(&db, query);
        assert!(steps.iter().all(|step| step.contains("INTEGER PRIMARY KEY")), "{steps:?}");
    }
}
