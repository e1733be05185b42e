//! What an attempt's failure allows: once more at the same place, at another one, or nowhere.
//!
//! A call is tried again only where that cannot do harm. What a provider may have begun is done
//! twice only if doing it twice costs money and nothing else ([`Effect::Repeatable`]), and every
//! attempt is on the bill by its own. What may have cost something is asked of another place, where
//! there is one, and not of the same: whether to pay the same one twice is for the caller to say,
//! who is told. Nothing here is asked once the first byte of an answer has
//! left for the client: from then on there is one attempt, and it was the last.

use crate::route::Reasons;

/// The code that stands for a credential that is good, but not for this call.
pub const MISSING_SCOPES: &str = "missing_scopes";

/// How an attempt failed, before its client saw anything of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Our own guard refuses the address; no byte left.
    Barred,
    /// No connection was made, or it closed before a byte of the request left.
    NotSent,
    /// The way out to it does not lead there: a proxy is down; no byte reached it.
    NoWay,
    /// 429: too many calls or tokens of late.
    Throttled,
    /// The account behind the credential has nothing left to spend.
    Exhausted,
    /// The provider refuses our credential.
    BadCredential,
    /// The provider forbids the call and does not say whether for its credential or for what it
    /// asks. A client can bring that about, so one says little.
    Forbidden,
    /// The provider has no such model, or not for this credential; or this credential may not make
    /// such a call. The next call may well fare better.
    NoSuchModel,
    /// The request is longer than the model can read.
    TooLong,
    /// The provider says before any work that it can do none now.
    Unready,
    /// The provider answers with an error of its own, which it does not bill; it may have done some
    /// of the work.
    Unwell,
    /// An answer that is nobody's mistake and can still not be used: a redirect, a coding.
    Unusable,
    /// Any other refusal: the caller's mistake, which is one everywhere.
    Caller,
    /// The connection broke after bytes had left, and no status came; or one that says nothing of
    /// what was done and what is billed.
    Ambiguous,
    /// No status, or no first event, came in time.
    Silent,
    /// An answer began, and ended before its first usable byte.
    Interrupted,
}

/// What doing an operation twice would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Cost money at most: look-ups, inference.
    Repeatable,
    /// Make or change something twice.
    Once,
}

/// Where a failed call may be tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct May {
    /// At the same upstream with the same credential, after a pause.
    pub here: bool,
    /// At another upstream, or with another credential.
    pub elsewhere: bool,
}

impl Class {
    pub const ALL: [Self; 16] = [
        Self::Barred,
        Self::NotSent,
        Self::NoWay,
        Self::Throttled,
        Self::Exhausted,
        Self::BadCredential,
        Self::Forbidden,
        Self::NoSuchModel,
        Self::TooLong,
        Self::Unready,
        Self::Unwell,
        Self::Unusable,
        Self::Caller,
        Self::Ambiguous,
        Self::Silent,
        Self::Interrupted,
    ];

    /// What a refusal is. `code` is the `error.code` of its envelope, else the `error.type`;
    /// `is_billed`, whether the provider may bill it.
    #[must_use]
    pub fn of_refusal(status: u16, code: Option<&str>, is_billed: bool) -> Self {
        let is = |one_of: &[&str]| code.is_some_and(|code| one_of.contains(&code));
        match status {
            _ if is(&[
                "insufficient_quota",
                "billing_hard_limit_reached",
                "billing_not_active",
            ]) =>
            {
                Self::Exhausted
            }
            403 | 404 if is(&["model_not_found"]) => Self::NoSuchModel,
            401 | 403 if is(&[MISSING_SCOPES]) => Self::NoSuchModel,
            401 => Self::BadCredential,
            403 if is(&["invalid_api_key", "account_deactivated"]) => Self::BadCredential,
            403 => Self::Forbidden,
            400 | 413 if is(&["context_length_exceeded"]) => Self::TooLong,
            429 => Self::Throttled,
            503 if !is_billed => Self::Unready,
            408 | 500.. if is_billed => Self::Ambiguous,
            408 | 500.. => Self::Unwell,
            _ => Self::Caller,
        }
    }

    /// Where the call may be tried again.
    #[must_use]
    pub fn may(self, effect: Effect) -> May {
        let repeatable = effect == Effect::Repeatable;
        match self {
            Self::NotSent | Self::NoWay | Self::Throttled | Self::Unready => {
                May { here: true, elsewhere: true }
            }
            Self::Barred
            | Self::Exhausted
            | Self::BadCredential
            | Self::Forbidden
            | Self::NoSuchModel
            | Self::TooLong => May { here: false, elsewhere: true },
            Self::Unwell => May { here: repeatable, elsewhere: repeatable },
            Self::Ambiguous | Self::Interrupted | Self::Silent | Self::Unusable => {
                May { here: false, elsewhere: repeatable }
            }
            Self::Caller => May::default(),
        }
    }

    /// The reason for which another place may take the call.
    #[must_use]
    pub fn reason(self) -> Reasons {
        match self {
            Self::Throttled | Self::Exhausted => Reasons::THROTTLED,
            Self::TooLong => Reasons::CONTEXT,
            Self::Caller => Reasons::NONE,
            _ => Reasons::FAILING,
        }
    }

    /// Whether it speaks against the upstream as a whole.
    #[must_use]
    pub fn is_the_upstreams(self) -> bool {
        matches!(
            self,
            Self::Barred
                | Self::NotSent
                | Self::Unready
                | Self::Unwell
                | Self::Unusable
                | Self::Ambiguous
                | Self::Silent
                | Self::Interrupted
        )
    }

    /// Whether it speaks against the credential, one call of several.
    #[must_use]
    pub fn is_perhaps_the_credentials(self) -> bool {
        self == Self::Forbidden
    }

    /// Whether it speaks against the credential, and so at once: the next call would fare no better.
    #[must_use]
    pub fn is_the_credentials(self) -> bool {
        matches!(self, Self::BadCredential | Self::Exhausted)
    }

    /// How much it helps a client to hear of it, where several attempts failed: what passes by
    /// itself comes before what somebody must mend.
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Self::Caller | Self::TooLong => 4,
            Self::Throttled => 3,
            Self::Unready
            | Self::Unwell
            | Self::Ambiguous
            | Self::Interrupted
            | Self::NotSent
            | Self::NoWay => 2,
            Self::Silent => 1,
            Self::Barred
            | Self::Exhausted
            | Self::BadCredential
            | Self::Forbidden
            | Self::NoSuchModel
            | Self::Unusable => 0,
        }
    }

    /// One of five words, for records, metrics and messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Barred | Self::NotSent | Self::NoWay => "not sent",
            Self::Throttled => "throttled",
            Self::Exhausted
            | Self::BadCredential
            | Self::Forbidden
            | Self::NoSuchModel
            | Self::TooLong
            | Self::Unready
            | Self::Unwell
            | Self::Unusable
            | Self::Caller => "refused",
            Self::Ambiguous | Self::Silent => "ambiguous",
            Self::Interrupted => "interrupted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_status_and_code() {
        for (status, code, is_billed, class) in [
            (400, None, false, Class::Caller),
            (400, Some("context_length_exceeded"), false, Class::TooLong),
            (400, Some("billing_hard_limit_reached"), false, Class::Exhausted),
            (401, Some("invalid_api_key"), false, Class::BadCredential),
            (403, Some("unsupported_country_region_territory"), false, Class::Forbidden),
            (403, None, false, Class::Forbidden),
            (403, Some("account_deactivated"), false, Class::BadCredential),
            (403, Some("model_not_found"), false, Class::NoSuchModel),
            (404, Some("model_not_found"), false, Class::NoSuchModel),
            (401, Some(MISSING_SCOPES), false, Class::NoSuchModel),
            (403, Some(MISSING_SCOPES), false, Class::NoSuchModel),
            (404, None, false, Class::Caller),
            (409, None, false, Class::Caller),
            (422, None, false, Class::Caller),
            (408, None, true, Class::Ambiguous),
            (429, Some("rate_limit_exceeded"), false, Class::Throttled),
            (429, Some("insufficient_quota"), false, Class::Exhausted),
            (500, None, false, Class::Unwell),
            (502, None, true, Class::Ambiguous),
            (503, None, false, Class::Unready),
            (503, None, true, Class::Ambiguous),
            (529, None, true, Class::Ambiguous),
        ] {
            assert_eq!(Class::of_refusal(status, code, is_billed), class, "{status} {code:?}");
        }
    }

    #[test]
    fn what_may_have_begun_is_not_done_twice_where_twice_is_one_too_many() {
        for class in Class::ALL {
            let May { here, elsewhere } = class.may(Effect::Once);
            let surely_nothing_done = !matches!(
                class,
                Class::Unwell
                    | Class::Unusable
                    | Class::Ambiguous
                    | Class::Silent
                    | Class::Interrupted
            );
            assert!(surely_nothing_done || !(here || elsewhere), "{class:?}");
        }
    }

    #[test]
    fn who_may_try_here_may_try_elsewhere_and_the_callers_mistake_is_one_everywhere() {
        for class in Class::ALL {
            for effect in [Effect::Repeatable, Effect::Once] {
                let may = class.may(effect);
                assert!(may.elsewhere || !may.here, "{class:?} {effect:?}");
                assert!(!may.elsewhere || !class.reason().is_empty(), "{class:?} {effect:?}");
                // Nobody pays the same place twice without having been asked.
                let free = !matches!(class.word(), "ambiguous" | "interrupted");
                assert!(free || !may.here, "{class:?} {effect:?}");
            }
            let speaks = [
                class.is_the_upstreams(),
                class.is_the_credentials(),
                class.is_perhaps_the_credentials(),
            ];
            assert!(speaks.iter().filter(|speaks| **speaks).count() <= 1, "{class:?}");
        }
        assert_eq!(Class::Caller.may(Effect::Repeatable), May::default());
    }
}
