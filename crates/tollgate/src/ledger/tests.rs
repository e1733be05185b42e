use domain::ledger::{AccountId, Ask};
use domain::ports::LedgerReport;
use domain::{
    Calendar, Job, JobHold, JobKind, LimitRules, PeriodKind, ScopeId, ScopeKind, SecretHash,
    SpendLimit, Tokens, UsageFamily,
};

use super::*;
use crate::clock::SystemClock;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn record(request: &str) -> UsageRecord {
    UsageRecord {
        request: request.into(),
        attempt: 1,
        at: NOW,
        operation: "createBatch",
        family: UsageFamily::Other,
        project: "proj_1".into(),
        key: "key_1".into(),
        user: "user-1".into(),
        user_label: None,
        model_asked: None,
        model_served: None,
        service_tier: None,
        upstream: "up_1".into(),
        upstream_request: None,
        status: 200,
        outcome: Outcome::Completed,
        stream: false,
        batch: false,
        estimated: false,
        tokens: Tokens::default(),
        images: 0,
        media_ms: 0,
        characters: 0,
        cost: None,
        error: None,
        queue_us: 0,
        first_byte_us: 0,
        total_us: 0,
        bytes_in: 0,
        bytes_out: 0,
        cache: None,
        saved: None,
        shadow: false,
        prints: None,
    }
}

fn job(request: &str, hold: Nanos) -> Job {
    Job {
        id: JobId::of(&request.into(), 1),
        kind: JobKind::Batch,
        target: "/batches/b".into(),
        operation: "createBatch".into(),
        family: UsageFamily::Completions,
        request: request.into(),
        attempt: 1,
        at: NOW,
        project: "proj_1".into(),
        key: "key_1".into(),
        user: "user-1".into(),
        organization: "org-1".into(),
        user_label: None,
        model: None,
        largest_input: 0,
        container_sessions: 1,
        tier: None,
        upstream: "up_1".into(),
        upstream_request: None,
        status: 200,
        hold,
        given_up_at: Timestamp(i64::MAX),
        polls: 0,
    }
}

/// A limit of 1,000 nano-dollars on the project's month, 100 of it leased to this process.
async fn limited(store: &Store) -> AccountId {
    let scope = ScopeId { kind: ScopeKind::Project, id: "proj_1".into() };
    let limit = SpendLimit {
        scope: scope.clone(),
        period: PeriodKind::Month,
        amount: Nanos(1_000),
        rules: LimitRules::default(),
        calendar: Calendar::default(),
        updated_at: NOW,
    };
    store.apply(vec![Change::PutSpendLimit(limit)], vec![]).await.unwrap();
    let account = AccountId { scope, period: PeriodKind::Month.around(NOW) };
    let ask = Ask { account: account.clone(), least: Nanos(100), open: Nanos(0) };
    store.grant(lessee(), vec![ask]).await.unwrap()[0].unwrap();
    account
}

#[tokio::test]
async fn case_60_what_became_a_job_just_before_a_kill_is_no_orphan() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Arc::new(SystemClock)).unwrap();
    let boot = Change::PutMeta { name: BOOT, value: fs::read(BOOT_ID).unwrap() };
    store.apply(vec![boot], vec![]).await.unwrap();
    let account = limited(&store).await;
    // Two were sent; one had become a job when the process died, and its slot was not wiped yet.
    let (slots, _) = Slots::open(&path(dir.path(), 0), 8, 0).unwrap();
    for (request, hold) in [("req_job", Nanos(60)), ("req_orphan", Nanos(30))] {
        let mut slot = slots.take().unwrap();
        slots.sent(&mut slot, hold, &record(request)).unwrap();
        let _ = slot;
    }
    let job = job("req_job", Nanos(60));
    let place = job.payer().accounts(NOW).position(|id| id == account).unwrap();
    let hold = JobHold { holder: lessee(), covered: Covered::default().with(place) };
    store.open_job(job, Some(hold), SecretHash([0; 32]), NOW).await.unwrap();

    let books = Books::new("org-1".into());
    open(&store, &books, dir.path(), 1, NOW).await.unwrap();
    let accounts = store.accounts(account.scope.clone()).await.unwrap();
    let (_, row) = accounts.into_iter().find(|(id, _)| *id == account).unwrap();
    assert_eq!((row.posted, row.leased), (Nanos(30), Nanos(60)));
    assert_eq!(store.open_jobs(NOW, 9).await.unwrap().len(), 1);
    assert_eq!(store.verify(true).await.unwrap().breaches, []);
}
