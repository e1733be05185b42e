//! Conditions of a target: for which calls it is there at all.

use std::fmt;

/// What must hold of a call for a target to be one of its places. All that is given must.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// Of the call's estimated input tokens, both ends included.
    pub min_input_tokens: Option<u64>,
    pub max_input_tokens: Option<u64>,
    /// Only calls that bring tools, or only those that bring none.
    pub tools: Option<bool>,
    /// The same of images.
    pub images: Option<bool>,
    pub share: Option<Share>,
    /// Percent: once so much of a limit over the call is posted or held.
    pub near_limit: Option<u32>,
}

/// A part of the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// 1 to 100.
    pub percent: u32,
    pub by: ShareBy,
}

/// What a share is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShareBy {
    /// Of the API keys: all calls of a key are in it, or none is, today as tomorrow.
    #[default]
    Key,
    /// Of the calls, drawn each time.
    Call,
}

impl ShareBy {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Key, Self::Call].into_iter().find(|by| by.as_str() == text)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Call => "call",
        }
    }
}

/// What conditions go by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallFacts {
    pub input_tokens: u64,
    pub tools: bool,
    pub images: bool,
    /// Where the key, and this very call, stand among all: 0 to 99.
    pub key_percent: u32,
    pub call_percent: u32,
    /// Percent that is posted or held of the limit that is nearest to its end; `None` where no limit
    /// stands over the call, or nobody looked.
    pub spent_percent: Option<u32>,
}

/// The first condition that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmet {
    TooLong,
    TooShort,
    Tools,
    Images,
    Share,
    FarFromLimit,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the call is longer than its max_input_tokens",
            Self::TooShort => "the call is shorter than its min_input_tokens",
            Self::Tools => "it is for calls with tools only, or for those without",
            Self::Images => "it is for calls with images only, or for those without",
            Self::Share => "the call is not in its share",
            Self::FarFromLimit => "no limit over the call is as far spent as its near_limit",
        })
    }
}

impl When {
    /// Whether there is a condition at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The first condition that does not hold of a call.
    #[must_use]
    pub fn unmet(&self, call: &CallFacts) -> Option<Unmet> {
        let drawn = |share: Share| match share.by {
            ShareBy::Key => call.key_percent < share.percent,
            ShareBy::Call => call.call_percent < share.percent,
        };
        let near = |wanted| call.spent_percent.is_some_and(|spent| spent >= wanted);
        let checks = [
            (self.max_input_tokens.is_none_or(|most| call.input_tokens <= most), Unmet::TooLong),
            (self.min_input_tokens.is_none_or(|least| call.input_tokens >= least), Unmet::TooShort),
            (self.tools.is_none_or(|wanted| wanted == call.tools), Unmet::Tools),
            (self.images.is_none_or(|wanted| wanted == call.images), Unmet::Images),
            (self.share.is_none_or(drawn), Unmet::Share),
            (self.near_limit.is_none_or(near), Unmet::FarFromLimit),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map(|(_, unmet)| unmet)
    }

    /// Each condition with its value, in the words of configs.
    #[must_use]
    pub fn told(&self) -> Vec<(&'static str, String)> {
        let share = self.share.map(|share| share.percent.to_string());
        let by = self.share.map(|share| share.by.as_str().to_owned());
        let all = [
            ("min_input_tokens", self.min_input_tokens.map(|n| n.to_string())),
            ("max_input_tokens", self.max_input_tokens.map(|n| n.to_string())),
            ("tools", self.tools.map(|yes| yes.to_string())),
            ("images", self.images.map(|yes| yes.to_string())),
            ("share", share),
            ("share_by", by),
            ("near_limit", self.near_limit.map(|n| n.to_string())),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, (name, value)) in self.told().into_iter().enumerate() {
            let comma = if nth == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value}")?;
        }
        Ok(())
    }
}

/// Percent of a limit that is spent or held, rounded down; all of a limit of nothing.
#[must_use]
pub fn spent_percent(used: crate::Nanos, limit: crate::Nanos) -> u32 {
    let (used, limit) = (i128::from(used.0.max(0)), i128::from(limit.0));
    if limit <= 0 {
        return 100;
    }
    u32::try_from(used * 100 / limit).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Nanos;

    #[test]
    fn every_condition_must_hold_and_the_first_that_does_not_is_told() {
        let when = When {
            min_input_tokens: Some(10),
            max_input_tokens: Some(20),
            tools: Some(false),
            images: Some(false),
            share: Some(Share { percent: 25, by: ShareBy::Key }),
            near_limit: Some(80),
        };
        let call = CallFacts {
            input_tokens: 20,
            key_percent: 24,
            call_percent: 99,
            spent_percent: Some(80),
            ..CallFacts::default()
        };
        assert_eq!(when.unmet(&call), None);
        for (call, unmet) in [
            (CallFacts { input_tokens: 21, ..call }, Unmet::TooLong),
            (CallFacts { input_tokens: 9, ..call }, Unmet::TooShort),
            (CallFacts { tools: true, ..call }, Unmet::Tools),
            (CallFacts { images: true, ..call }, Unmet::Images),
            (CallFacts { key_percent: 25, ..call }, Unmet::Share),
            (CallFacts { spent_percent: Some(79), ..call }, Unmet::FarFromLimit),
            (CallFacts { spent_percent: None, ..call }, Unmet::FarFromLimit),
        ] {
            assert_eq!(when.unmet(&call), Some(unmet));
        }
        let by_call = When { share: Some(Share { percent: 25, by: ShareBy::Call }), ..when };
        assert_eq!(by_call.unmet(&call), Some(Unmet::Share));
        let told = "min_input_tokens=10, max_input_tokens=20, tools=false, images=false, share=25, \
                    share_by=key, near_limit=80";
        assert_eq!(when.to_string(), told);
        assert_eq!(When::default().unmet(&CallFacts::default()), None);
        assert!(When::default().is_empty() && !when.is_empty());
    }

    #[test]
    fn a_limit_is_spent_in_whole_percent() {
        assert_eq!(spent_percent(Nanos(799_999), Nanos(1_000_000)), 79);
        assert_eq!(spent_percent(Nanos(800_000), Nanos(1_000_000)), 80);
        assert_eq!(spent_percent(Nanos(2_000_000), Nanos(1_000_000)), 200);
        assert_eq!(spent_percent(Nanos(0), Nanos(0)), 100);
        assert_eq!(spent_percent(Nanos(i64::MAX), Nanos(i64::MAX)), 100);
    }
}
