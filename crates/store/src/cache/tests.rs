use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicI64, Ordering};

use domain::{Nanos, Timestamp};

use super::codec::Codec;
use super::*;

/// A clock that the test moves.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

struct Stage {
    dir: tempfile::TempDir,
    clock: Arc<Hands>,
}

impl Stage {
    fn new() -> Self {
        let clock = Arc::new(Hands(AtomicI64::new(10_000_000)));
        Self { dir: tempfile::tempdir().unwrap(), clock }
    }

    fn open(&self, budget: u64) -> AnswerFile {
        AnswerFile::start(self.dir.path(), budget, self.clock.clone()).unwrap()
    }

    fn pass(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    fn entry(&self, project: &str, model: &str, body: &[u8]) -> CacheEntry {
        let at = self.clock.now();
        CacheEntry {
            project: project.into(),
            model: model.into(),
            upstream: "up_1".into(),
            served: Some("m-2026".into()),
            at,
            until: at.plus_seconds(3_600),
            stream: true,
            took_ms: 77,
            cost: Some(Nanos(-5)),
            body: body.into(),
        }
    }
}

fn key(number: u64) -> CacheKey {
    let mut key = [7; 32];
    key[..8].copy_from_slice(&number.to_le_bytes());
    CacheKey(key)
}

/// Bytes that do not compress.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(length)
    .collect()
}

#[tokio::test]
async fn what_is_kept_comes_back_whole_after_a_restart() {
    let stage = Stage::new();
    let entry = stage.entry("p", "m", "an answer, é".as_bytes());
    let bare = CacheEntry { served: None, cost: None, stream: false, ..entry.clone() };
    {
        let file = stage.open(1 << 20);
        file.put(key(1), entry.clone());
        file.put(key(2), bare.clone());
        assert_eq!(file.get(key(1)).await, Some(entry.clone()));
    }
    let file = stage.open(1 << 20);
    assert_eq!((file.get(key(1)).await, file.get(key(2)).await), (Some(entry), Some(bare)));
    assert_eq!(file.get(key(3)).await, None);
    stage.pass(3_600_000);
    assert_eq!(file.get(key(1)).await, None, "over");
    assert_eq!(file.holding(None).await.entries, 1, "and gone");
}

#[tokio::test]
async fn the_budget_holds_and_the_least_recently_used_go() {
    let stage = Stage::new();
    let file = stage.open(50_000);
    for number in 0..100 {
        let entry = stage.entry("p", "m", &noise(number, 1_000));
        let until = entry.at.plus_seconds(86_400);
        file.put(key(number), CacheEntry { until, ..entry });
        stage.pass(70_000);
        // The first is used again and again.
        assert!(file.get(key(0)).await.is_some(), "{number}");
    }
    let held = file.holding(None).await;
    assert!(held.bytes <= 50_000 && held.entries > 10, "{held:?}");
    assert!(file.get(key(1)).await.is_none() && file.get(key(99)).await.is_some());
}

#[tokio::test]
async fn a_purge_takes_what_it_names_of_its_project_alone() {
    let stage = Stage::new();
    let file = stage.open(1 << 20);
    let all = [(1, "p", "a"), (2, "p", "b"), (3, "q", "a")];
    for (number, project, model) in all {
        file.put(key(number), stage.entry(project, model, b"x"));
    }
    assert_eq!(file.purge("p".into(), CachePurge::Entry(key(3))).await, 0, "another project's");
    assert_eq!(file.purge("p".into(), CachePurge::Models(vec!["a".into()])).await, 1);
    assert_eq!(file.holding(Some("p".into())).await.entries, 1);
    assert_eq!(file.purge("p".into(), CachePurge::All).await, 1);
    assert_eq!(file.holding(None).await.entries, 1);
    assert!(file.get(key(3)).await.is_some());
}

#[test]
fn an_entry_that_is_not_whole_is_none() {
    let stage = Stage::new();
    let mut codec = Codec::new();
    let bytes = codec.encode(key(1), &stage.entry("p", "m", &noise(1, 300)), true).unwrap();
    assert!(codec.decode(key(1), &bytes).is_some());
    assert!(codec.decode(key(2), &bytes).is_none(), "under another key");
    for at in 0..bytes.len() {
        let mut broken = bytes.clone();
        broken[at] ^= 1 << (at % 8);
        assert!(codec.decode(key(1), &broken).is_none(), "a bit at {at}");
        assert!(codec.decode(key(1), &bytes[..at]).is_none(), "cut at {at}");
    }
}

#[tokio::test]
async fn a_file_that_is_deleted_or_damaged_costs_misses_only() {
    let stage = Stage::new();
    let path = stage.dir.path().join("cache.db");
    let file = stage.open(1 << 20);
    let fill = async || {
        stage.pass(2_000);
        for number in 0..50 {
            file.put(key(number), stage.entry("p", "m", &noise(number, 2_000)));
        }
        assert!(file.get(key(7)).await.is_some());
    };
    fill().await;
    fs::remove_file(&path).unwrap();
    assert_eq!(file.get(key(7)).await, None);
    fill().await;
    // All of it is overwritten, while it is open.
    let length = fs::metadata(&path).unwrap().len().max(65_536);
    let mut broken = fs::OpenOptions::new().write(true).open(&path).unwrap();
    broken.seek(SeekFrom::Start(0)).unwrap();
    broken.write_all(&noise(3, usize::try_from(length).unwrap())).unwrap();
    fs::remove_file(path.with_extension("db-wal")).unwrap();
    stage.pass(2_000);
    for number in 0..50 {
        if let Some(entry) = file.get(key(number)).await {
            assert_eq!(*entry.body, *noise(number, 2_000), "never a torn one");
        }
    }
    fill().await;
    // Cut short, and not a database at all at the next start.
    drop(file);
    fs::write(&path, b"this is no database, but a text that is long enough to look at").unwrap();
    stage.pass(2_000);
    let file = stage.open(1 << 20);
    assert_eq!(file.get(key(7)).await, None);
    file.put(key(7), stage.entry("p", "m", b"again"));
    assert!(file.get(key(7)).await.is_some());
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

/// The share of an answer's bytes that it takes up on the disk.
fn share(body: &str) -> f64 {
    let stage = Stage::new();
    let entry = stage.entry("proj_x", "gpt-4o", body.as_bytes());
    let stored = Codec::new().encode(key(1), &entry, false);
    stored.unwrap().len() as f64 / body.len() as f64
}

#[test]
fn texts_over_four_kilobytes_take_less_than_two_fifths() {
    // Prose that the list of words was not made from.
    let prose = include_str!("../../../../docs/ledger.md");
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let starts = [0, 3_000, 6_000, 9_000];
    for start in starts {
        let text =
            &prose[prose.floor_char_boundary(start)..prose.floor_char_boundary(start + 4_600)];
        let plain = format!(
            r#"{{"id":"chatcmpl-CxY8a","object":"chat.completion","created":1790000000,"model":"gpt-4o","choices":[{{"index":0,"message":{{"role":"assistant","content":{},"refusal":null}},"finish_reason":"stop"}}]}}"#,
            quoted(text)
        );
        assert!(share(&plain) < 0.40, "a plain answer from {start}: {}", share(&plain));
        let chunk = |piece: &str| {
            format!(
                "data: {{\"id\":\"chatcmpl-CxY8a\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":\"gpt-4o\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{}}},\"finish_reason\":null}}]}}\n\n",
                quoted(piece)
            )
        };
        let stream: String = text.split_inclusive(' ').map(chunk).collect();
        assert!(share(&stream) < 0.10, "a stream from {start}: {}", share(&stream));
    }
}
