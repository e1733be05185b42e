//! Jobs: work that goes on at a provider after its creating call was answered.
//!
//! A job takes its creating call's hold with it: what was the process's share of the accounts
//! becomes a share of the job's own ([`Job::holder`]), which no restart and no node gives back. It
//! ends with what the job cost, once, or in full where nobody ever says.

use std::fmt;

use crate::ledger::{Covered, Holder, Payer, Posting, Reason};
use crate::price::Tier;
use crate::{KeyId, Nanos, ProjectId, RequestId, Timestamp, UpstreamId, UsageFamily};

/// A job's name: that of the attempt that began it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub String);

impl JobId {
    #[must_use]
    pub fn of(request: &RequestId, attempt: u32) -> Self {
        Self(format!("{request}.{attempt}"))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of work it is: how its end is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    Batch,
    /// A response that was asked for in the background.
    Response,
    Video,
    /// An assistant's run.
    Run,
    FineTuning,
    EvalRun,
}

impl JobKind {
    pub const ALL: [Self; 6] =
        [Self::Batch, Self::Response, Self::Video, Self::Run, Self::FineTuning, Self::EvalRun];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Response => "response",
            Self::Video => "video",
            Self::Run => "run",
            Self::FineTuning => "fine_tuning",
            Self::EvalRun => "eval_run",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A job that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub id: JobId,
    pub kind: JobKind,
    /// What to ask the provider, as behind `/v1`.
    pub target: String,
    /// The creating call's operation id.
    pub operation: String,
    /// Which usage report it belongs to; a batch's is that of its lines.
    pub family: UsageFamily,
    pub request: RequestId,
    pub attempt: u32,
    /// When the creating call was admitted: decides the periods (case 60).
    pub at: Timestamp,
    pub project: ProjectId,
    pub key: KeyId,
    /// Who owns the key.
    pub user: String,
    pub organization: String,
    pub user_label: Option<String>,
    /// The model asked for; of a batch the one of all its lines, if it is one.
    pub model: Option<String>,
    /// The most input tokens that one line of a batch can have: decides about long-context prices.
    pub largest_input: u64,
    /// What a container costs that its code runs in, in sessions of the smallest.
    pub container_sessions: u64,
    /// The service tier that its call asked for, as far as a limit had to look.
    pub tier: Option<Tier>,
    pub upstream: UpstreamId,
    pub upstream_request: Option<String>,
    /// What the creating call was answered.
    pub status: u16,
    /// Nano-dollars that are set aside for it in each limited account.
    pub hold: Nanos,
    /// From here on nobody waits for its end any more: it is posted in full.
    pub given_up_at: Timestamp,
    /// How often the provider was asked for it.
    pub polls: u32,
}

/// Where a job's hold lies until the job takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobHold {
    pub holder: Holder,
    /// The accounts that it stands in, in each of them whole.
    pub covered: Covered,
}

impl Job {
    /// Whose shares the job's hold lies in.
    #[must_use]
    pub fn holder(&self) -> Holder {
        Holder(format!("job:{}", self.id))
    }

    /// Who pays for it.
    #[must_use]
    pub fn payer(&self) -> Payer {
        Payer {
            api_key: self.key.shared(),
            user: self.user.as_str().into(),
            project: self.project.shared(),
            organization: self.organization.as_str().into(),
        }
    }

    /// What its end adds to the ledger, in nano-dollars; nothing where nothing is held or owed.
    #[must_use]
    pub fn posting(&self, covered: Covered, cost: Nanos) -> Option<Posting> {
        (self.hold.0 > 0 || cost.0 > 0).then(|| Posting {
            payer: self.payer(),
            admitted: self.at,
            hold: self.hold,
            covered,
            cost,
            reason: Reason::Settled,
            request: self.request.to_string(),
        })
    }

    /// When to ask the next time: in 2 seconds at first, later once a minute, each time up to a
    /// quarter sooner, so that what began together does not stay together. `dice` is random.
    #[must_use]
    pub fn next_poll(polls: u32, now: Timestamp, dice: u64) -> Timestamp {
        let pause = (FIRST_MS << polls.min(8)).min(LONGEST_MS);
        let sooner = (dice % (pause.cast_unsigned() / 4)).cast_signed();
        Timestamp(now.0.saturating_add(pause - sooner))
    }
}

const FIRST_MS: i64 = 2_000;
const LONGEST_MS: i64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_grow_apart_and_never_beyond_a_minute() {
        let pause = |polls, dice| Job::next_poll(polls, Timestamp(0), dice).0;
        assert_eq!([0, 1, 2, 3, 4].map(|n| pause(n, 0)), [2_000, 4_000, 8_000, 16_000, 32_000]);
        assert_eq!((pause(5, 0), pause(u32::MAX, 0)), (60_000, 60_000));
        for dice in [1, 499, 500, u64::MAX] {
            assert!((1_500..=2_000).contains(&pause(0, dice)), "{dice}");
        }
    }

    #[test]
    fn kinds_are_stored_by_name() {
        for kind in JobKind::ALL {
            assert_eq!(JobKind::parse(kind.as_str()), Some(kind));
        }
    }
}
