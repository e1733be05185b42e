use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use domain::Timestamp;

use super::*;

struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// As much of a Redis as is asked of one.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<(Values, Sets)>>);

type Values = HashMap<String, Vec<u8>>;
type Sets = HashMap<String, BTreeMap<String, i64>>;

impl Fake {
    async fn serve(self, listener: TcpListener) {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((wire, _)) = listener.accept().await {
            connections.spawn(self.clone().talk(wire));
        }
    }

    async fn talk(self, mut wire: TcpStream) {
        // Each reply goes out at once: else the second of a pipe waits for the other side's word.
        wire.set_nodelay(true).unwrap();
        let (reading, mut writing) = wire.split();
        let mut reading = BufReader::new(reading);
        while let Some(words) = command(&mut reading).await {
            let reply = self.reply(&words);
            if writing.write_all(&reply).await.is_err() {
                return;
            }
        }
    }

    fn reply(&self, words: &[Vec<u8>]) -> Vec<u8> {
        let mut state = self.0.lock().unwrap();
        let (values, sets) = &mut *state;
        let word = |at: usize| String::from_utf8_lossy(&words[at]).into_owned();
        let number = |at: usize| word(at).trim_start_matches('(').parse::<i64>().unwrap();
        let count = |n: usize| format!(":{n}\r\n").into_bytes();
        match word(0).as_str() {
            "GET" => match values.get(&word(1)) {
                Some(value) => {
                    [format!("${}\r\n", value.len()).as_bytes(), value, b"\r\n"].concat()
                }
                None => b"$-1\r\n".to_vec(),
            },
            "SET" => {
                values.insert(word(1), words[2].clone());
                b"+OK\r\n".to_vec()
            }
            "DEL" => {
                count((1..words.len()).filter(|at| values.remove(&word(*at)).is_some()).count())
            }
            "ZADD" => {
                sets.entry(word(1)).or_default().insert(word(3), number(2));
                count(1)
            }
            "ZREM" => {
                let set = sets.entry(word(1)).or_default();
                count((2..words.len()).filter(|at| set.remove(&word(*at)).is_some()).count())
            }
            "ZREMRANGEBYSCORE" => {
                let end = number(3);
                sets.entry(word(1)).or_default().retain(|_, score| *score > end);
                count(0)
            }
            "ZCOUNT" => {
                let above = number(2);
                let set = sets.entry(word(1)).or_default();
                count(set.values().filter(|score| **score > above).count())
            }
            "STRLEN" => count(values.get(&word(1)).map_or(0, Vec::len)),
            "GETRANGE" => {
                let (from, to) = (number(2) as usize, number(3) as usize);
                let value = values.get(&word(1)).map_or(&[][..], |value| value);
                let part = value.get(from..(to + 1).min(value.len())).unwrap_or_default();
                [format!("${}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat()
            }
            "SCAN" => [b"*2\r\n$1\r\n0\r\n".to_vec(), told(sets.keys())].concat(),
            "ZRANGEBYSCORE" => {
                let (above, from, most) = (number(2), number(5) as usize, number(6) as usize);
                let mut all: Vec<_> = sets.entry(word(1)).or_default().iter().collect();
                all.sort_by_key(|(member, score)| (**score, (*member).clone()));
                let found = all.into_iter().filter(|(_, score)| **score > above);
                let found: Vec<_> = found.skip(from).take(most).collect();
                told(found.into_iter().map(|(member, _)| member))
            }
            "ZRANGE" => {
                let (from, to) = (number(2) as usize, number(3) as usize);
                let mut all: Vec<_> = sets.entry(word(1)).or_default().iter().collect();
                all.sort_by_key(|(member, score)| (**score, (*member).clone()));
                let found: Vec<_> = all.iter().skip(from).take(to + 1 - from).collect();
                told(found.into_iter().map(|(member, _)| member))
            }
            _ => b"+OK\r\n".to_vec(),
        }
    }
}

/// An array of texts.
fn told(texts: impl Iterator<Item = impl AsRef<str>>) -> Vec<u8> {
    let one = |text: &str| format!("${}\r\n{text}\r\n", text.len());
    let texts: Vec<String> = texts.map(|text| one(text.as_ref())).collect();
    format!("*{}\r\n{}", texts.len(), texts.concat()).into_bytes()
}

/// The next command: an array of texts.
async fn command(from: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Vec<Vec<u8>>> {
    let count = length(from, '*').await?;
    let mut words = Vec::new();
    for _ in 0..count {
        let mut word = vec![0; length(from, '$').await? + 2];
        from.read_exact(&mut word).await.ok()?;
        word.truncate(word.len() - 2);
        words.push(word);
    }
    Some(words)
}

async fn length(from: &mut (impl AsyncBufReadExt + Unpin), mark: char) -> Option<usize> {
    let mut line = String::new();
    from.read_line(&mut line).await.ok()?;
    line.trim_end().strip_prefix(mark)?.parse().ok()
}

struct Stage {
    fake: Fake,
    clock: Arc<Hands>,
    address: std::net::SocketAddr,
    serving: JoinHandle<()>,
}

impl Stage {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let fake = Fake::default();
        let serving = tokio::spawn(fake.clone().serve(listener));
        let clock = Arc::new(Hands(AtomicI64::new(10_000_000)));
        Self { fake, clock, address, serving }
    }

    fn open(&self) -> AnswerRedis {
        let at = RedisAt::parse(&format!("redis://{}/2", self.address)).unwrap();
        AnswerRedis::start(at, self.clock.clone()).unwrap()
    }

    fn entry(&self, project: &str, model: &str) -> CacheEntry {
        let at = self.clock.now();
        CacheEntry {
            project: project.into(),
            model: model.into(),
            upstream: "up_1".into(),
            served: None,
            at,
            until: at.plus_seconds(60),
            stream: false,
            took_ms: 1,
            cost: None,
            body: b"{\"an\":\"answer\"}".as_slice().into(),
        }
    }
}

fn key(number: u64) -> CacheKey {
    let mut key = [7; 32];
    key[..8].copy_from_slice(&number.to_le_bytes());
    CacheKey(key)
}

#[tokio::test]
async fn what_one_node_keeps_another_finds_until_its_end() {
    let stage = Stage::new().await;
    let (one, other) = (stage.open(), stage.open());
    let entry = stage.entry("p", "m");
    one.put(key(1), entry.clone());
    assert_eq!(one.get(key(1)).await, Some(entry.clone()));
    assert_eq!(other.get(key(1)).await, Some(entry));
    assert_eq!(other.get(key(2)).await, None);
    stage.clock.0.fetch_add(60_000, Ordering::SeqCst);
    assert_eq!(one.get(key(1)).await, None);
    assert_eq!(one.holding(Some("p".into())).await.entries, 0);
}

#[tokio::test]
async fn a_purge_takes_what_it_names_of_its_project_alone() {
    let stage = Stage::new().await;
    let file = stage.open();
    for (number, project, model) in [(1, "p", "a"), (2, "p", "b"), (3, "q", "a")] {
        file.put(key(number), stage.entry(project, model));
    }
    assert_eq!(file.purge("p".into(), CachePurge::Entry(key(3))).await, 0, "another project's");
    assert_eq!(file.purge("p".into(), CachePurge::Models(vec!["a".into()])).await, 1);
    assert_eq!(file.get(key(1)).await, None);
    // More than are read at once.
    for number in 10..2_600 {
        let member = format!("{}a", key(number).to_hex());
        let mut state = stage.fake.0.lock().unwrap();
        state.1.entry("tollgate:answers:p".to_owned()).or_default().insert(member, 99_999_999);
        state.0.insert(place(key(number)), Vec::new());
    }
    assert_eq!(file.purge("p".into(), CachePurge::Models(vec!["a".into()])).await, 2_590);
    assert_eq!(file.holding(Some("p".into())).await.entries, 1);
    assert_eq!(file.purge("p".into(), CachePurge::All).await, 1);
    assert!(file.get(key(3)).await.is_some());
}

#[tokio::test]
async fn what_lies_there_is_counted_as_it_lies_there() {
    let stage = Stage::new().await;
    let file = stage.open();
    // More than a page, of two projects.
    for number in 1..=1_100 {
        file.put(key(number), stage.entry("p", "m"));
        // The queue is bounded.
        if number % 100 == 0 {
            assert!(file.get(key(number)).await.is_some());
        }
    }
    file.put(key(2_000), stage.entry("q", "m"));
    assert!(file.get(key(2_000)).await.is_some());
    let there = || -> u64 {
        let state = stage.fake.0.lock().unwrap();
        state.0.values().map(|value| value.len() as u64).sum()
    };
    let body = stage.entry("p", "m").body.len() as u64;
    let all = file.holding(None).await;
    assert_eq!((all.entries, all.bytes, all.answer_bytes), (1_101, there(), 1_101 * body));
    assert_eq!(all.oldest, Some(stage.entry("p", "m").at));
    // What Redis let go of by itself is not there.
    stage.fake.0.lock().unwrap().0.remove(&place(key(2_000)));
    let one = file.holding(Some("p".into())).await;
    assert_eq!((one.entries, one.bytes), (1_100, there()));
    assert_eq!(file.holding(Some("q".into())).await, CacheHolding::default());
}

#[tokio::test]
async fn a_torn_value_is_none_and_a_redis_that_is_gone_costs_misses() {
    let stage = Stage::new().await;
    let file = stage.open();
    file.put(key(1), stage.entry("p", "m"));
    assert!(file.get(key(1)).await.is_some());
    if let Some(value) = stage.fake.0.lock().unwrap().0.get_mut(&place(key(1))) {
        value.pop();
    }
    assert_eq!(file.get(key(1)).await, None);
    let entry = stage.entry("p", "m");
    stage.serving.abort();
    let _ = stage.serving.await;
    let began = std::time::Instant::now();
    file.put(key(2), entry);
    assert_eq!(file.get(key(2)).await, None);
    assert_eq!(file.purge("p".into(), CachePurge::All).await, 0);
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_place_that_cannot_be_used_is_told_without_its_password() {
    for bad in ["rediss://u:hunter2@h", "http://u:hunter2@h", "nonsense hunter2", ""] {
        let why = RedisAt::parse(bad).err().unwrap();
        assert!(!why.contains("hunter2"), "{why}");
    }
    assert!(RedisAt::parse("redis://u:p@localhost:7000/3").is_ok());
}
