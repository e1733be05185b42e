use std::sync::Arc;

use domain::ledger::{AccountId, Ask, Covered, Holder, Row, place};
use domain::price::Tier;
use domain::{
    AttemptFilter, AttemptQuery, BucketWidth, Calendar, Change, Cost, GroupBy, Job, JobHold, JobId,
    JobKind, LimitRules, Nanos, PeriodKind, ScopeId, ScopeKind, SpendLimit, Timestamp, UsageFamily,
    UsageFilter, UsageQuery, UsageRecord, Zone,
};

use super::Ports;
use crate::support::{apply, attempt, hash, key};

/// 2023-11-14.
const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn node() -> Holder {
    Holder("local".into())
}

fn job(id: &str, hold: i64) -> Job {
    Job {
        id: JobId::of(&id.into(), 1),
        kind: JobKind::Batch,
        target: format!("/batches/{id}"),
        operation: "createBatch".into(),
        family: UsageFamily::Embeddings,
        request: id.into(),
        attempt: 1,
        at: NOW,
        project: "proj_1".into(),
        key: "key_1".into(),
        user: "user-1".into(),
        organization: "org-1".into(),
        user_label: Some("label".into()),
        model: None,
        largest_input: 9,
        container_sessions: 64,
        tier: Some(Tier::Priority),
        upstream: "up_1".into(),
        upstream_request: Some("req_up".into()),
        status: 200,
        hold: Nanos(hold),
        given_up_at: Timestamp(NOW.0 + 1_000_000),
        polls: 0,
    }
}

fn account(kind: ScopeKind, id: &str) -> AccountId {
    AccountId { scope: ScopeId { kind, id: id.into() }, period: PeriodKind::Month.around(NOW) }
}

fn project() -> AccountId {
    account(ScopeKind::Project, "proj_1")
}

async fn limit(store: &impl Ports, account: &AccountId, amount: i64, granted: i64) {
    let limit = SpendLimit {
        scope: account.scope.clone(),
        period: account.period.kind,
        amount: Nanos(amount),
        rules: LimitRules::default(),
        calendar: Calendar::default(),
        updated_at: NOW,
    };
    apply(store, vec![Change::PutSpendLimit(limit)]).await;
    let (least, open) = (Nanos(granted), Nanos(0));
    let asks = vec![Ask { account: account.clone(), least, open }];
    assert_eq!(store.grant(node(), asks).await.unwrap(), [Ok(least)]);
}

async fn open(store: &impl Ports, job: &Job, accounts: &[AccountId]) {
    let of_call: Vec<_> = job.payer().accounts(job.at).collect();
    let places = accounts.iter().map(|account| of_call.iter().position(|a| a == account).unwrap());
    let covered = places.fold(Covered::default(), Covered::with);
    let hold = JobHold { holder: node(), covered };
    store.open_job(job.clone(), Some(hold), hash(1), NOW).await.unwrap();
}

fn record(job: &Job, cost: i64) -> Arc<Vec<UsageRecord>> {
    let cost = Some(Cost::of(Nanos(cost)));
    Arc::new(vec![UsageRecord { batch: true, cost, ..attempt(job.request.as_str(), job.at) }])
}

async fn row(store: &impl Ports, account: &AccountId) -> Row {
    let rows = store.accounts(account.scope.clone()).await.unwrap();
    rows.into_iter().find(|(id, _)| id == account).map(|(_, row)| row).unwrap()
}

async fn requests(store: &impl Ports) -> u64 {
    store.ping().await.unwrap();
    let query = UsageQuery {
        start: NOW.seconds() - 86_400,
        end: NOW.seconds() + 86_400,
        width: BucketWidth::Day,
        families: vec![UsageFamily::Completions],
        filter: UsageFilter::default(),
        group: GroupBy::default(),
    };
    store.report(query).await.unwrap().iter().flat_map(|b| &b.rows).map(|r| r.requests).sum()
}

async fn balanced(store: &impl Ports) {
    assert_eq!(store.verify(true).await.unwrap().breaches, []);
}

pub(crate) async fn a_job_comes_back_as_it_went_in(store: &impl Ports) {
    let job = Job { model: Some("gpt-4o".into()), ..job("req_1", 70) };
    open(store, &job, &[]).await;
    assert_eq!(store.open_jobs(NOW, 10).await.unwrap(), std::slice::from_ref(&job));
    let known = store.are_jobs(vec![JobId("req_2.1".into()), job.id.clone()]).await.unwrap();
    assert_eq!(known, [false, true]);
    let of = |upstream: &str| store.job_of(upstream.into(), job.target.clone());
    assert_eq!(of("up_1").await.unwrap(), Some(job.clone()));
    assert_eq!(of("up_2").await.unwrap(), None);
}

pub(crate) async fn jobs_are_due_by_their_next_poll(store: &impl Ports) {
    for id in ["req_1", "req_2", "req_3"] {
        open(store, &job(id, 0), &[]).await;
    }
    let later = Timestamp(NOW.0 + 5_000);
    store.poll_later(JobId::of(&"req_1".into(), 1), later).await.unwrap();
    store.poll_later(JobId("req_0.1".into()), later).await.unwrap();
    let due = store.open_jobs(NOW, 10).await.unwrap();
    assert_eq!(due.len(), 2);
    assert_eq!(store.open_jobs(NOW, 1).await.unwrap().len(), 1);
    let all = store.open_jobs(later, 10).await.unwrap();
    assert_eq!((all.len(), all[2].polls, all[2].request.as_str()), (3, 1, "req_1"));
}

pub(crate) async fn case_60_a_hold_moves_to_its_job_and_outlives_its_node(store: &impl Ports) {
    let key = account(ScopeKind::ApiKey, "key_1");
    limit(store, &project(), 1_000, 100).await;
    limit(store, &key, 500, 80).await;
    let job = job("req_1", 70);
    open(store, &job, &[project(), key.clone()]).await;
    balanced(store).await;
    assert_eq!(row(store, &project()).await.leased, Nanos(100), "moved, not added");
    // The node goes; what it had besides comes back, and the job's hold does not.
    store.close(node()).await.unwrap();
    assert_eq!(row(store, &project()).await.leased, Nanos(70));
    assert_eq!(row(store, &key).await.leased, Nanos(70));
    let asks = vec![Ask { account: key, least: Nanos(431), open: Nanos(0) }];
    assert!(store.grant(node(), asks).await.unwrap()[0].is_err());
    balanced(store).await;
}

pub(crate) async fn case_60_a_job_is_posted_once_and_the_rest_comes_back(store: &impl Ports) {
    limit(store, &project(), 1_000, 100).await;
    let job = job("req_1", 70);
    open(store, &job, &[project()]).await;
    for _ in 0..2 {
        store.end_job(job.clone(), record(&job, 25), Nanos(25), NOW).await.unwrap();
    }
    assert_eq!(requests(store).await, 1);
    let row_of_project = row(store, &project()).await;
    assert_eq!((row_of_project.posted, row_of_project.leased), (Nanos(25), Nanos(30)));
    assert_eq!(row_of_project.overage, Nanos(0));
    assert!(store.open_jobs(Timestamp(i64::MAX), 10).await.unwrap().is_empty());
    assert_eq!(store.last_batch(job.holder()).await.unwrap(), 0);
    balanced(store).await;
}

pub(crate) async fn a_job_that_cost_more_than_its_hold_is_overage(store: &impl Ports) {
    limit(store, &project(), 1_000, 70).await;
    let job = job("req_1", 70);
    open(store, &job, &[project()]).await;
    store.end_job(job.clone(), record(&job, 90), Nanos(90), NOW).await.unwrap();
    let row = row(store, &project()).await;
    assert_eq!((row.posted, row.leased, row.overage), (Nanos(90), Nanos(0), Nanos(20)));
    balanced(store).await;
}

pub(crate) async fn a_job_without_a_limit_is_posted_as_well(store: &impl Ports) {
    let job = job("req_1", 0);
    store.open_job(job.clone(), None, hash(1), NOW).await.unwrap();
    store.end_job(job.clone(), record(&job, 25), Nanos(25), NOW).await.unwrap();
    assert_eq!(row(store, &project()).await.posted, Nanos(25));
    balanced(store).await;
}

pub(crate) async fn a_job_notes_the_use_of_its_secret(store: &impl Ports) {
    crate::support::furnish(store).await;
    apply(store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    store.open_job(job("req_1", 0), None, hash(1), NOW).await.unwrap();
    let found = store.key("key_1".into()).await.unwrap().unwrap();
    assert_eq!(found.secrets[0].last_used_at, Some(NOW));
}

pub(crate) async fn case_60_a_job_holds_in_an_account_of_its_limits_own(store: &impl Ports) {
    let zone = Zone::named("Asia/Tokyo");
    let limit = SpendLimit {
        scope: project().scope,
        period: PeriodKind::Day,
        amount: Nanos(1_000),
        rules: LimitRules::default(),
        calendar: Calendar { zone, anchor_day: 1 },
        updated_at: NOW,
    };
    apply(store, vec![Change::PutSpendLimit(limit)]).await;
    let period = store.limits(NOW).await.unwrap()[0].period.unwrap();
    let day = AccountId { period, ..project() };
    let asks = vec![Ask { account: day.clone(), least: Nanos(100), open: Nanos(0) }];
    assert_eq!(store.grant(node(), asks).await.unwrap(), [Ok(Nanos(100))]);
    let job = job("req_1", 70);
    let covered = Covered::default().with(place(ScopeKind::Project, &period));
    let hold = Some(JobHold { holder: node(), covered });
    store.open_job(job.clone(), hold, hash(1), NOW).await.unwrap();
    store.close(node()).await.unwrap();
    assert_eq!(row(store, &day).await.leased, Nanos(70), "it is the job's");
    // Two days later.
    let late = Timestamp(NOW.0 + 2 * 86_400_000);
    store.end_job(job.clone(), record(&job, 30), Nanos(30), late).await.unwrap();
    let row = row(store, &day).await;
    assert_eq!((row.posted, row.leased), (Nanos(30), Nanos(0)));
    balanced(store).await;
}

/// A deletion asks after the job at the very moment at which it is polled.
pub(crate) async fn case_60_a_job_that_ends_for_two_at_once_is_logged_once(store: &impl Ports) {
    for id in (0..20).map(|n| format!("req_{n}")) {
        let job = job(&id, 0);
        open(store, &job, &[]).await;
        let end = || store.end_job(job.clone(), record(&job, 3), Nanos(3), NOW);
        let (one, other) = tokio::join!(end(), end());
        one.and(other).unwrap();
    }
    assert_eq!(requests(store).await, 20);
    let query = AttemptQuery { filter: AttemptFilter::default(), before: None, limit: 100 };
    assert_eq!(store.attempts(query).await.unwrap().rows.len(), 20);
    balanced(store).await;
}
