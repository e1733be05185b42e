//! One real call, as a stream: what it met, and what that means.

use super::{Cause, CredentialShape, RefusalFacts, Step, Told, causes, refusal};

/// More than this until the first token is told as slow.
const SLOW_MS: u64 = 3_000;

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    Whole,
    Cut,
    /// Nothing more came in time.
    Stalled,
    /// An error in the stream; its code.
    Error(String),
}

/// What the call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// The provider said no.
    Refused(RefusalFacts),
    /// We did, with a code of the catalogue of faults.
    RefusedHere(String),
    /// It took the call and sent nothing in time.
    Silent,
    /// The connection ended before an answer did.
    Broken,
    /// An answer that is no stream.
    NoStream {
        html: bool,
    },
    Streamed {
        end: StreamEnd,
        first_token_ms: Option<u64>,
        tokens: u64,
        total_ms: u64,
    },
}

/// A call of the doctor's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFacts {
    pub model: String,
    pub end: CallEnd,
    /// US dollars, as they were posted; absent where they are not known.
    pub cost: Option<String>,
}

/// What a call tells of quota, model, stream and first token, in this order. What comes behind
/// the first failure was not seen.
#[must_use]
pub fn told(facts: &CallFacts, shape: CredentialShape) -> Vec<Told> {
    match &facts.end {
        CallEnd::Refused(refused) => refused_by_provider(refused, shape, &facts.model),
        CallEnd::RefusedHere(code) => {
            vec![Told::failed(&causes::HERE_REFUSED, format!("Tollgate answered {code}."))]
        }
        CallEnd::Silent => vec![quota(), model(facts), never()],
        CallEnd::Broken => {
            let told = "The connection ended before an answer came.";
            vec![Told::failed(&causes::HTTP_CLOSED, told)]
        }
        CallEnd::NoStream { html: true } => {
            vec![Told::failed(&causes::HTTP_PAGE, "The call was answered with a web page.")]
        }
        CallEnd::NoStream { html: false } => {
            let told = "The answer's content type is not text/event-stream.";
            vec![quota(), model(facts), Told::failed(&causes::STREAM_NONE, told)]
        }
        CallEnd::Streamed { end, first_token_ms, tokens, total_ms } => {
            let first = first_token(*first_token_ms, *tokens, *total_ms);
            let stream = stream(end, *tokens, *total_ms, facts.cost.as_deref());
            let seen = first_token_ms.is_some() || !stream.has_failed();
            let mut all = vec![quota(), model(facts), stream];
            all.extend(seen.then_some(first));
            all
        }
    }
}

fn quota() -> Told {
    Told::ok(Step::Quota, "The provider's account has quota.")
}

fn model(facts: &CallFacts) -> Told {
    Told::ok(Step::Model, format!("{} may be called.", facts.model))
}

fn never() -> Told {
    Told::failed(&causes::TOKEN_NEVER, "The call was sent, and nothing came back in time.")
}

fn refused_by_provider(facts: &RefusalFacts, shape: CredentialShape, model: &str) -> Vec<Told> {
    let mut told = refusal::told(facts, shape);
    let cause: &Cause = told.cause.unwrap_or(&causes::CALL_ODD);
    // A path that lists models and takes no calls is another thing than a wrong base URL.
    if std::ptr::eq(cause, &causes::HTTP_NO_API) {
        let sentence = told.sentence;
        told = Told::failed(&causes::CALL_ODD, sentence);
    }
    if told.step == Step::Model {
        told.sentence = format!("{model}: {}", lower_first(&told.sentence));
        return vec![quota(), told];
    }
    vec![told]
}

fn lower_first(text: &str) -> String {
    text.strip_prefix('T').map_or_else(|| text.to_owned(), |rest| format!("t{rest}"))
}

fn stream(end: &StreamEnd, tokens: u64, total_ms: u64, cost: Option<&str>) -> Told {
    match end {
        StreamEnd::Whole => {
            let cost = cost.map_or_else(String::new, |cost| format!(", for ${cost}"));
            Told::ok(Step::Stream, format!("{tokens} pieces in {total_ms} ms{cost}."))
        }
        StreamEnd::Cut => {
            Told::failed(&causes::STREAM_CUT, format!("It ended after {tokens} pieces."))
        }
        StreamEnd::Stalled => {
            Told::failed(&causes::STREAM_STALLED, format!("It stopped after {tokens} pieces."))
        }
        StreamEnd::Error(code) => {
            Told::failed(&causes::STREAM_ERROR, format!("The stream says {code}."))
        }
    }
}

fn first_token(first_ms: Option<u64>, tokens: u64, total_ms: u64) -> Told {
    let Some(first) = first_ms else {
        return Told::skipped(Step::FirstToken, "The answer has no text.");
    };
    let rest = total_ms.saturating_sub(first);
    let rate = match (tokens, rest) {
        (2.., 1..) => format!(", then {} a second", (tokens - 1) * 1_000 / rest),
        _ => String::new(),
    };
    let sentence = format!("The first token came after {first} ms{rate}.");
    match first > SLOW_MS {
        true => Told::warning(&causes::TOKEN_SLOW, sentence),
        false => Told::ok(Step::FirstToken, sentence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::BodyForm;

    fn codes(end: CallEnd) -> Vec<&'static str> {
        let facts = CallFacts { model: "m".into(), end, cost: None };
        let told = told(&facts, CredentialShape::Plausible);
        told.iter().map(|one| one.cause.map_or(one.step.as_str(), |cause| cause.code)).collect()
    }

    fn refused(status: u16, code: &str) -> CallEnd {
        CallEnd::Refused(RefusalFacts {
            status,
            form: BodyForm::Envelope,
            code: Some(code.into()),
            kind: None,
            message: None,
            retry_after: None,
        })
    }

    fn streamed(end: StreamEnd, first_token_ms: Option<u64>) -> CallEnd {
        CallEnd::Streamed { end, first_token_ms, tokens: 5, total_ms: 900 }
    }

    #[test]
    fn a_refusal_ends_at_its_own_step() {
        assert_eq!(codes(refused(429, "insufficient_quota")), ["quota_exhausted"]);
        assert_eq!(codes(refused(429, "rate_limit_exceeded")), ["rate_limited"]);
        assert_eq!(codes(refused(404, "model_not_found")), ["quota", "upstream_model_not_found"]);
        assert_eq!(codes(refused(403, "model_not_found")), ["quota", "upstream_model_not_allowed"]);
        assert_eq!(codes(refused(404, "")), ["quota", "call_refused"]);
        assert_eq!(codes(refused(500, "")), ["provider_error"]);
        let ours = CallEnd::RefusedHere("project_spend_limit_exceeded".into());
        assert_eq!(codes(ours), ["refused_by_tollgate"]);
    }

    #[test]
    fn a_stream_is_told_by_its_end() {
        let whole = codes(streamed(StreamEnd::Whole, Some(100)));
        assert_eq!(whole, ["quota", "model", "stream", "first_token"]);
        let slow = codes(streamed(StreamEnd::Whole, Some(3_001)));
        assert_eq!(slow[3], "first_token_slow");
        assert_eq!(codes(streamed(StreamEnd::Cut, Some(1)))[2], "stream_cut");
        assert_eq!(codes(streamed(StreamEnd::Cut, None)).len(), 3);
        assert_eq!(codes(streamed(StreamEnd::Stalled, Some(1)))[2], "stream_stalled");
        assert_eq!(codes(streamed(StreamEnd::Error("x".into()), None))[2], "stream_error");
        assert_eq!(codes(CallEnd::Silent)[2], "first_token_timeout");
        assert_eq!(codes(CallEnd::NoStream { html: true }), ["http_html"]);
        assert_eq!(codes(CallEnd::NoStream { html: false })[2], "stream_not_sent");
        assert_eq!(codes(CallEnd::Broken), ["http_closed"]);
    }

    #[test]
    fn the_rate_counts_what_came_after_the_first_token() {
        assert_eq!(
            first_token(Some(400), 11, 900).sentence,
            "The first token came after 400 ms, then 20 a second."
        );
        assert_eq!(first_token(Some(400), 1, 400).sentence, "The first token came after 400 ms.");
    }
}
