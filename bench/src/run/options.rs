//! What `bench run` was asked to do, and how much of each load that is.

use std::path::PathBuf;
use std::time::Duration;

use crate::Result;
use crate::args::Flags;
use crate::load::Target;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Cpu,
    Large,
    Chunk,
    Holds,
    Hit,
    Latency,
    Memory,
    Start,
}

impl Section {
    /// Those that measure one running pair.
    pub(crate) const PAIRED: [Self; 4] = [Self::Cpu, Self::Large, Self::Chunk, Self::Latency];
    const ALL: [Self; 8] = [
        Self::Cpu,
        Self::Large,
        Self::Chunk,
        Self::Holds,
        Self::Hit,
        Self::Latency,
        Self::Memory,
        Self::Start,
    ];

    fn parse(name: &str) -> Result<Self> {
        match name {
            "cpu" => Ok(Self::Cpu),
            "large" => Ok(Self::Large),
            "chunk" => Ok(Self::Chunk),
            "holds" => Ok(Self::Holds),
            "hit" => Ok(Self::Hit),
            "latency" => Ok(Self::Latency),
            "memory" => Ok(Self::Memory),
            "start" => Ok(Self::Start),
            other => Err(format!("--only {other}: no such section").into()),
        }
    }
}

/// Where the measured Tollgate comes from.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// Started by us, with these variables beside those that it needs.
    Binary { path: PathBuf, environment: Vec<(String, String)> },
    /// Running already; it is not ours to stop, and must lead to an origin of ours.
    Running(Target),
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) subject: Subject,
    pub(crate) quick: bool,
    /// Whether floor and Tollgate are laid out after how they run: said in the record.
    pub(crate) laid_out: bool,
    pub(crate) rounds: usize,
    pub(crate) out: PathBuf,
    only: Vec<Section>,
}

/// How much load a round carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) small_requests: usize,
    pub(crate) large_requests: usize,
    pub(crate) latency_time: Duration,
    pub(crate) held_streams: usize,
    pub(crate) starts: usize,
}

const FULL: Plan = Plan {
    small_requests: 40_000,
    large_requests: 5_000,
    latency_time: Duration::from_secs(10),
    held_streams: 5_000,
    starts: 5,
};

const QUICK: Plan = Plan {
    small_requests: 10_000,
    large_requests: 1_000,
    latency_time: Duration::from_secs(3),
    held_streams: 500,
    starts: 5,
};

impl Options {
    pub(crate) fn from_flags(mut flags: Flags) -> Result<Self> {
        let quick = flags.take("quick").is_some();
        let laid_out = flags.take("laid-out").is_some();
        let rounds = match flags.take("rounds") {
            None if quick => 2,
            None => 5,
            Some(text) => match text.parse() {
                Ok(rounds) if (1..=100).contains(&rounds) => rounds,
                _ => return Err(format!("--rounds {text}: want 1 to 100").into()),
            },
        };
        let only = match flags.take("only") {
            None => Section::ALL.to_vec(),
            Some(list) => list.split(',').map(Section::parse).collect::<Result<_>>()?,
        };
        let out = flags.take("out").unwrap_or_else(|| "bench/records".to_owned()).into();
        let subject = subject(&mut flags)?;
        flags.finish()?;
        Ok(Self { subject, quick, laid_out, rounds, out, only })
    }

    pub(crate) fn wants(&self, section: Section) -> bool {
        self.only.contains(&section)
    }

    pub(crate) fn plan(&self) -> &'static Plan {
        if self.quick { &QUICK } else { &FULL }
    }
}

fn subject(flags: &mut Flags) -> Result<Subject> {
    let Some(url) = flags.take("tollgate-url") else {
        let path = PathBuf::from(flags.need("tollgate")?);
        if !path.is_file() {
            return Err(format!("--tollgate {}: no such file", path.display()).into());
        }
        let mut environment = Vec::new();
        while let Some(pair) = flags.take("env") {
            let (name, value) = pair.split_once('=').ok_or("--env wants NAME=VALUE")?;
            environment.push((name.to_owned(), value.to_owned()));
        }
        return Ok(Subject::Binary { path, environment });
    };
    let host = url.strip_prefix("http://").unwrap_or(&url).trim_end_matches('/');
    let address = host.parse().map_err(|_| format!("--tollgate-url {url}: want http://IP:PORT"))?;
    let pid = flags.need("tollgate-pid")?.parse().map_err(|_| "--tollgate-pid: no number")?;
    Ok(Subject::Running(Target { address, key: flags.need("tollgate-key")?, pid }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options> {
        Options::from_flags(Flags::parse(line.split_whitespace().map(str::to_owned))?)
    }

    #[test]
    fn a_running_process_can_be_measured() {
        let line = "--tollgate-url http://127.0.0.1:80/ --tollgate-pid 7 --tollgate-key k --quick";
        let options = options(line).unwrap();
        assert!(matches!(options.subject, Subject::Running(Target { pid: 7, .. })));
        assert_eq!(options.rounds, 2);
        assert!(options.wants(Section::Start));
    }

    #[test]
    fn mistakes_are_refused() {
        let running = "--tollgate-url http://127.0.0.1:80 --tollgate-pid 7 --tollgate-key k";
        for wrong in ["--only nothing", "--rounds 0", "--unknown 1", "--out"] {
            assert!(options(&format!("{running} {wrong}")).is_err(), "{wrong}");
        }
        assert!(options("").is_err());
        assert!(options(&format!("{running} --only cpu,start --rounds 3")).is_ok());
    }
}
