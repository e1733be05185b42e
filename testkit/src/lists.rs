//! Lists of a hundred thousand rows, through the real binary: any page must come quickly.
//!
//! The rows are written into the database of a stopped gateway, half of them ended (revoked,
//! archived, deleted) and the ended ones first, so that whoever walks over them is slow. Each page
//! is asked for over HTTP, a connection a request.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use crate::gateway::TestGateway;

/// How often each page is asked for.
const TIMES: usize = 25;

/// How many rows of each kind there are.
#[derive(Clone, Copy, Debug)]
pub struct Lists {
    pub rows: u32,
    /// What the middle one of a page's times must stay under.
    pub within: Duration,
}

/// A page, and what it took.
pub struct Listed {
    pub what: &'static str,
    pub page: &'static str,
    pub rows: usize,
    pub median: Duration,
    pub slowest: Duration,
    pub within: Duration,
}

impl Listed {
    pub fn is_kept(&self) -> bool {
        self.rows > 0 && self.median < self.within
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
        let (median, slowest) = (ms(self.median), ms(self.slowest));
        let Self { what, page, rows, .. } = self;
        let late = if self.is_kept() { "" } else { "  too late" };
        write!(f, "{what:<30} {page:<7} {rows:>4} rows {median:>10} {slowest:>10}{late}")
    }
}

/// A list, and the SQL of the ids that its pages go on from.
struct Question {
    what: &'static str,
    path: String,
    /// `SELECT` of the ids in the list's order; empty where it is not walked.
    ids: &'static str,
}

impl Lists {
    pub const PROMISED: Self = Self { rows: 100_000, within: Duration::from_millis(20) };

    /// Seeds, asks, and says what each page took; panics when an answer is none.
    pub fn run(self, bin: &Path) -> Vec<Listed> {
        let mut gateway = TestGateway::builder(bin).start();
        let project = gateway.default_project();
        assert_eq!(gateway.terminate(), 0, "{}", gateway.output());
        let path = gateway.data_dir().join("tollgate.db");
        let mut db = Connection::open(path).expect("the gateway's database");
        seed(&mut db, &project, self.rows).expect("rows");
        gateway.restart();
        let all = questions(&project);
        all.iter().flat_map(|question| self.ask(&gateway, &db, question)).collect()
    }

    fn ask(self, gateway: &TestGateway, db: &Connection, question: &Question) -> Vec<Listed> {
        let first = self.page(gateway, question, "first", None);
        if question.ids.is_empty() {
            return vec![first];
        }
        let mut all = db.prepare(question.ids).expect("a query of ids");
        let ids = all.query_map([], |row| row.get(0)).expect("ids");
        let ids: Vec<String> = ids.collect::<Result<_, _>>().expect("ids");
        // The last page is not a short one.
        let last = ids.len() - first.rows.min(ids.len() - 1) - 1;
        [("middle", ids.len() / 2), ("last", last)]
            .map(|(page, at)| self.page(gateway, question, page, Some(&ids[at])))
            .into_iter()
            .fold(vec![first], |mut pages, page| {
                pages.push(page);
                pages
            })
    }

    fn page(
        self,
        gateway: &TestGateway,
        question: &Question,
        page: &'static str,
        after: Option<&str>,
    ) -> Listed {
        let joint = if question.path.contains('?') { '&' } else { '?' };
        let after = after.map_or(String::new(), |id| format!("&after={id}"));
        let target = format!("{}{joint}limit=100{after}", question.path);
        let bearer = format!("Bearer {}", gateway.admin_key());
        let headers = [("Authorization", bearer.as_str())];
        let mut rows = 0;
        let mut took: Vec<Duration> = (0..TIMES)
            .map(|_| {
                let begun = Instant::now();
                let answer = gateway.try_request("GET", &target, &headers, "").expect("a page");
                let took = begun.elapsed();
                assert_eq!(answer.status, 200, "{}", answer.text());
                rows = answer.json()["data"].as_array().expect("rows").len();
                took
            })
            .collect();
        took.sort();
        let (median, slowest) = (took[TIMES / 2], took[TIMES - 1]);
        Listed { what: question.what, page, rows, median, slowest, within: self.within }
    }
}

fn questions(project: &str) -> Vec<Question> {
    let organization = "/v1/organization";
    let here = format!("{organization}/projects/{project}");
    let ask = |what, path: String, ids| Question { what, path, ids };
    vec![
        ask(
            "keys of a project",
            format!("{here}/api_keys"),
            "SELECT id FROM api_keys WHERE revoked_at IS NULL AND kind <> 'admin' ORDER BY seq",
        ),
        ask(
            "projects",
            format!("{organization}/projects"),
            "SELECT id FROM projects WHERE archived_at IS NULL ORDER BY seq",
        ),
        ask(
            "projects, archived too",
            format!("{organization}/projects?include_archived=true"),
            "SELECT id FROM projects ORDER BY seq",
        ),
        ask(
            "users",
            format!("{organization}/users"),
            "SELECT id FROM users WHERE deleted_at IS NULL ORDER BY seq",
        ),
        ask("users by e-mail", format!("{organization}/users?emails[]=u99@example.com"), ""),
        ask(
            "users of a project",
            format!("{here}/users"),
            "SELECT a.principal_id FROM role_assignments a JOIN users u ON u.id = a.principal_id
             WHERE a.project_id <> '' AND u.deleted_at IS NULL ORDER BY a.seq",
        ),
        ask(
            "service accounts of a project",
            format!("{here}/service_accounts"),
            "SELECT id FROM service_accounts WHERE deleted_at IS NULL ORDER BY seq",
        ),
        ask(
            "audit log",
            format!("{organization}/audit_logs"),
            "SELECT id FROM audit_log ORDER BY seq DESC",
        ),
        ask(
            "audit log of a project",
            format!("{organization}/audit_logs?project_ids[]={project}"),
            "",
        ),
        ask(
            "audit log by event",
            format!("{organization}/audit_logs?event_types[]=api_key.deleted"),
            "",
        ),
    ]
}

fn seed(db: &mut Connection, project: &str, rows: u32) -> rusqlite::Result<()> {
    let owner: String = db.query_row("SELECT id FROM users LIMIT 1", [], |row| row.get(0))?;
    let member: String = db.query_row(
        "SELECT id FROM roles WHERE resource_type = 'api.project' AND name = 'member'",
        [],
        |row| row.get(0),
    )?;
    let all = db.transaction()?;
    let mut key = all.prepare(
        "INSERT INTO api_keys (id, kind, project_id, owner_type, owner_id, name, permission,
             created_at, revoked_at) VALUES (?1, 'project', ?2, 'user', ?3, 'k', 'all', 1, ?4)",
    )?;
    let mut secret = all.prepare(
        "INSERT INTO key_secrets (hash, key_id, ordinal, display, created_at)
         VALUES (?1, ?2, 1, 'sk-...0000', 1)",
    )?;
    let mut one = all.prepare(
        "INSERT INTO projects (id, name, created_at, archived_at) VALUES (?1, 'p', 1, ?2)",
    )?;
    let mut user = all.prepare(
        "INSERT INTO users (id, name, email, role, created_at, deleted_at)
         VALUES (?1, 'u', ?2, 'reader', 1, ?3)",
    )?;
    let mut place = all.prepare(
        "INSERT INTO role_assignments (principal_type, principal_id, project_id, role_id,
             created_at) VALUES ('user', ?1, ?2, ?3, 1)",
    )?;
    let mut account = all.prepare(
        "INSERT INTO service_accounts (id, project_id, name, role, created_at, deleted_at)
         VALUES (?1, ?2, 's', 'member', 1, ?3)",
    )?;
    let mut line = all.prepare(
        "INSERT INTO audit_log (id, at, event, actor_type, actor_id, project_id, payload)
         VALUES (?1, 1, 'api_key.updated', 'system', NULL, NULL, '{}')",
    )?;
    for n in 0..rows {
        let ended = (n < rows / 2).then_some(2);
        key.execute(params![format!("key_{n}"), project, owner, ended])?;
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b9).to_be_bytes());
        hash[28..].copy_from_slice(&n.to_be_bytes());
        secret.execute(params![hash, format!("key_{n}")])?;
        one.execute(params![format!("proj_{n}"), ended])?;
        // The last of a hundred thousand has the address that is asked for.
        let email = format!("u{}@example.com", rows - 1 - n);
        user.execute(params![format!("user-{n}"), email, ended])?;
        // Whoever is deleted is in no project.
        if ended.is_none() {
            place.execute(params![format!("user-{n}"), project, member])?;
        }
        account.execute(params![format!("svc_acct_{n}"), project, ended])?;
        line.execute(params![format!("audit_log-{n}")])?;
    }
    drop((key, secret, one, user, place, account, line));
    let told = "INSERT INTO audit_log (id, at, event, actor_type, actor_id, project_id, payload)
                SELECT 'audit_log-x', 1, 'api_key.deleted', 'system', NULL, ?1, '{}'";
    all.execute(told, params![project])?;
    all.commit()
}
