//! What a provider says instead of an answer: one table of how providers spell things.

use super::{Cause, Told, causes};

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyForm {
    /// An error in OpenAI's envelope, or a message in JSON.
    Envelope,
    Json,
    /// A web page.
    Html,
    /// Something else, or nothing.
    Other,
}

/// A credential by its looks. Its text is seen only where it is signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialShape {
    Absent,
    /// One of Tollgate's own keys.
    Ours,
    /// One that another provider's keys look like; the provider's name.
    Foreign(&'static str),
    /// No provider's keys look so; why.
    Odd(&'static str),
    Plausible,
}

/// A status that is no success, and what came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalFacts {
    pub status: u16,
    pub form: BodyForm,
    /// `error.code`.
    pub code: Option<String>,
    /// `error.type`.
    pub kind: Option<String>,
    /// `error.message`; only looked through, and shown where nothing else is known.
    pub message: Option<String>,
    /// Seconds.
    pub retry_after: Option<u64>,
}

/// A row: all that it names must fit. No words and no codes fit everything.
struct Rule {
    status: &'static [u16],
    form: Option<BodyForm>,
    /// `error.code` or `error.type` is one of them…
    codes: &'static [&'static str],
    /// …or the message, in lower case, holds one of these.
    words: &'static [&'static str],
    cause: &'static Cause,
}

const fn rule(
    status: &'static [u16],
    codes: &'static [&'static str],
    words: &'static [&'static str],
    cause: &'static Cause,
) -> Rule {
    Rule { status, form: None, codes, words, cause }
}

const fn page(status: &'static [u16], cause: &'static Cause) -> Rule {
    Rule { status, form: Some(BodyForm::Html), codes: &[], words: &[], cause }
}

const DENIED: &[u16] = &[401, 403];

/// The first row that fits holds.
#[rustfmt::skip]
static RULES: &[Rule] = &[
    rule(&[400], &[], &["plain http request was sent to https port", "http request to an https server"], &causes::HTTP_TLS_WANTED),
    rule(&[301, 302, 303, 307, 308], &[], &[], &causes::HTTP_REDIRECT),
    // Billing, whatever its status: 402 and 403 are some providers' way of saying it.
    rule(&[402, 403, 429], &["billing_not_active"], &["billing is not active", "account is not active"], &causes::BILLING),
    rule(&[402, 403, 429], &[
        "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded", "organization_usage_limit_exceeded",
        "billing_hard_limit_reached", "insufficient_balance", "insufficient_credits",
    ], &["exceeded your current quota", "credit balance", "insufficient balance", "insufficient credits", "hard limit", "add credits"], &causes::NO_CREDIT),
    rule(&[402], &[], &[], &causes::NO_CREDIT),
    rule(&[403, 451], &["unsupported_country_region_territory"], &["country, region, or territory", "not available in your country", "not available in your region", "location is not supported"], &causes::REGION),
    rule(&[451], &[], &[], &causes::REGION),
    rule(DENIED, &["account_deactivated", "organization_deactivated", "access_terminated"], &["deactivated", "account has been disabled", "access was terminated"], &causes::ACCOUNT_CLOSED),
    rule(DENIED, &["no_organization", "invalid_organization", "mismatched_organization"], &["member of an organization", "no such organization", "access to the organization", "should match organization"], &causes::ORGANIZATION_WRONG),
    rule(DENIED, &["ip_not_authorized", "ip_not_allowed"], &["ip not authorized", "ip address is not", "not authorized from this ip", "ip allowlist"], &causes::NETWORK_REFUSED),
    rule(&[403, 404], &["model_not_found", "model_not_allowed"], &["does not have access to model", "not have access to the model"], &causes::MODEL_FORBIDDEN),
    rule(DENIED, &["not_authorized_invalid_project", "project_archived", "invalid_project", "mismatched_project", "project_not_found"], &["project has been archived", "project is archived", "access to the project", "access to project", "should match project"], &causes::PROJECT_ARCHIVED),
    rule(DENIED, &["missing_scope", "insufficient_permissions"], &["insufficient permissions", "missing scopes", "restricted from"], &causes::SCOPE_MISSING),
    rule(&[401], &["revoked", "token_revoked", "api_key_revoked", "expired_api_key", "api_key_expired", "token_expired"], &["revoked", "has expired", "been disabled", "been deleted"], &causes::KEY_REVOKED),
    rule(&[401], &["missing_api_key"], &["didn't provide an api key", "no api key", "missing authentication", "missing authorization", "no auth credentials"], &causes::KEY_MISSING),
    rule(&[401], &[], &[], &causes::KEY_REFUSED),
    page(&[403], &causes::HTTP_BLOCKED),
    rule(&[403], &[], &[], &causes::FORBIDDEN),
    rule(&[404], &["not_found_error"], &["the model", "model not found"], &causes::MODEL_MISSING),
    rule(&[404, 405], &[], &[], &causes::HTTP_NO_API),
    rule(&[429], &[], &[], &causes::RATE_LIMITED),
    rule(&[502, 504, 520, 521, 522, 523, 524, 525, 526], &[], &[], &causes::PROVIDER_GATEWAY),
    rule(&[503, 529], &[], &[], &causes::PROVIDER_BUSY),
    rule(&[408], &[], &[], &causes::HTTP_SILENT),
    page(&[], &causes::HTTP_PAGE),
    rule(&[400, 409, 413, 415, 422], &[], &[], &causes::CALL_ODD),
];

/// What a refusal means.
#[must_use]
pub fn cause(facts: &RefusalFacts, shape: CredentialShape) -> &'static Cause {
    // A model that is not found is told by 404, one that is not allowed by 403.
    let is_model = facts.code.as_deref() == Some("model_not_found");
    if is_model && facts.status == 404 {
        return &causes::MODEL_MISSING;
    }
    let message = facts.message.as_deref().unwrap_or("").to_lowercase();
    let fits = |rule: &&Rule| {
        let named = [&facts.code, &facts.kind].into_iter().flatten();
        let coded = named.into_iter().any(|name| rule.codes.contains(&name.as_str()));
        let told = rule.words.iter().any(|words| message.contains(words));
        (rule.status.is_empty() || rule.status.contains(&facts.status))
            && rule.form.is_none_or(|form| form == facts.form)
            && (coded || told || (rule.codes.is_empty() && rule.words.is_empty()))
    };
    let found = RULES.iter().find(fits).map(|rule| rule.cause);
    match found {
        Some(cause) if std::ptr::eq(cause, &causes::KEY_REFUSED) => by_shape(facts, shape),
        Some(cause) => cause,
        None if facts.status >= 500 => &causes::PROVIDER_ERROR,
        None => &causes::HTTP_ODD,
    }
}

/// Providers say the same of a mistyped key and of a revoked one; the key's looks tell.
fn by_shape(facts: &RefusalFacts, shape: CredentialShape) -> &'static Cause {
    match shape {
        CredentialShape::Absent => &causes::KEY_MISSING,
        CredentialShape::Ours => &causes::KEY_OURS,
        CredentialShape::Foreign(_) => &causes::KEY_FOREIGN,
        CredentialShape::Odd(_) => &causes::KEY_MISTYPED,
        CredentialShape::Plausible if facts.form == BodyForm::Envelope => &causes::KEY_REVOKED,
        CredentialShape::Plausible => &causes::KEY_REFUSED,
    }
}

/// The finding of a refusal.
#[must_use]
pub fn told(facts: &RefusalFacts, shape: CredentialShape) -> Told {
    let cause = cause(facts, shape);
    let mut sentence = format!("The provider answered {}", facts.status);
    if let Some(code) = facts.code.as_ref().or(facts.kind.as_ref()) {
        sentence.push_str(&format!(" {}", clipped(code, 64)));
    }
    let looks = match shape {
        CredentialShape::Odd(why) if std::ptr::eq(cause, &causes::KEY_MISTYPED) => Some(why),
        CredentialShape::Foreign(whose) if std::ptr::eq(cause, &causes::KEY_FOREIGN) => Some(whose),
        _ => None,
    };
    match looks {
        Some(whose) if std::ptr::eq(cause, &causes::KEY_FOREIGN) => {
            sentence.push_str(&format!("; the key looks like one of {whose}"));
        }
        Some(why) => sentence.push_str(&format!("; the key {why}")),
        None => {}
    }
    if let Some(wait) = facts.retry_after {
        sentence.push_str(&format!("; it says to wait {wait} s"));
    }
    sentence.push('.');
    // Its own words only where ours say little: they are of somebody else.
    let vague = [&causes::FORBIDDEN, &causes::CALL_ODD, &causes::KEY_REFUSED, &causes::HTTP_ODD];
    if vague.iter().any(|one| std::ptr::eq(*one, cause))
        && facts.form != BodyForm::Html
        && let Some(message) = &facts.message
    {
        sentence.push_str(&format!(" It says: \"{}\"", clipped(message, 200)));
    }
    Told::failed(cause, sentence)
}

fn clipped(text: &str, most: usize) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(status: u16, code: &str, message: &str) -> RefusalFacts {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        RefusalFacts {
            status,
            form: BodyForm::Envelope,
            code: some(code),
            kind: None,
            message: some(message),
            retry_after: None,
        }
    }

    fn told_of(status: u16, code: &str, message: &str) -> &'static str {
        cause(&facts(status, code, message), CredentialShape::Plausible).code
    }

    #[test]
    fn each_row_is_reached_by_each_of_its_codes_and_words() {
        for rule in RULES {
            for status in rule.status {
                for code in rule.codes.iter().chain(&[""]) {
                    for words in rule.words.iter().chain(&[""]) {
                        let alone = rule.codes.is_empty() && rule.words.is_empty();
                        if alone || (code.is_empty() && words.is_empty()) {
                            continue;
                        }
                        let mut facts =
                            facts(*status, code, &format!("Well: {words}.").to_uppercase());
                        facts.form = rule.form.unwrap_or(BodyForm::Envelope);
                        let found = cause(&facts, CredentialShape::Plausible);
                        let model = *code == "model_not_found" && *status == 404;
                        let expected = if model { &causes::MODEL_MISSING } else { rule.cause };
                        assert_eq!(found.code, expected.code, "{status} {code} {words}");
                    }
                }
            }
        }
    }

    #[test]
    fn statuses_alone_are_told_apart() {
        for (status, expected) in [
            (301, "http_redirect"),
            (400, "call_refused"),
            (401, "credential_revoked"),
            (402, "quota_exhausted"),
            (403, "forbidden"),
            (404, "base_url_wrong"),
            (408, "http_timeout"),
            (418, "http_unexpected"),
            (422, "call_refused"),
            (429, "rate_limited"),
            (451, "region_not_supported"),
            (500, "provider_error"),
            (502, "provider_gateway_error"),
            (503, "provider_overloaded"),
            (504, "provider_gateway_error"),
            (507, "provider_error"),
            (524, "provider_gateway_error"),
            (529, "provider_overloaded"),
        ] {
            assert_eq!(told_of(status, "", ""), expected, "{status}");
        }
    }

    #[test]
    fn a_429_is_of_the_rate_or_of_the_credit() {
        assert_eq!(told_of(429, "rate_limit_exceeded", "Rate limit reached"), "rate_limited");
        assert_eq!(told_of(429, "slow_down", ""), "rate_limited");
        assert_eq!(told_of(429, "insufficient_quota", ""), "quota_exhausted");
        let mut typed = facts(429, "", "");
        typed.kind = Some("insufficient_quota".into());
        assert_eq!(cause(&typed, CredentialShape::Plausible).code, "quota_exhausted");
    }

    #[test]
    fn a_401_is_told_by_the_keys_looks() {
        let refused = facts(401, "invalid_api_key", "Incorrect API key provided: sk-ab***yz");
        for (shape, expected) in [
            (CredentialShape::Absent, "credential_missing"),
            (CredentialShape::Ours, "credential_is_tollgates"),
            (CredentialShape::Foreign("anthropic"), "credential_of_other_provider"),
            (CredentialShape::Odd("has a blank in it"), "credential_mistyped"),
            (CredentialShape::Plausible, "credential_revoked"),
        ] {
            assert_eq!(cause(&refused, shape).code, expected);
        }
        // What the provider says in so many words goes before the looks.
        let revoked = facts(401, "", "This key was revoked.");
        assert_eq!(cause(&revoked, CredentialShape::Odd("is short")).code, "credential_revoked");
        let bare = RefusalFacts { form: BodyForm::Other, ..facts(401, "", "") };
        assert_eq!(cause(&bare, CredentialShape::Plausible).code, "credential_refused");
    }

    #[test]
    fn a_page_is_a_page_unless_its_status_says_more() {
        let page = |status| RefusalFacts { form: BodyForm::Html, ..facts(status, "", "") };
        let of = |status| cause(&page(status), CredentialShape::Plausible).code;
        assert_eq!(of(403), "edge_blocked");
        assert_eq!(of(404), "base_url_wrong");
        assert_eq!(of(200), "http_html");
        assert_eq!(of(503), "provider_overloaded");
    }

    #[test]
    fn a_finding_shows_the_providers_words_only_where_ours_say_little() {
        let told = |facts: &RefusalFacts| told(facts, CredentialShape::Plausible).sentence;
        let known = facts(401, "invalid_api_key", "Incorrect API key provided: sk-ab***yz");
        assert_eq!(told(&known), "The provider answered 401 invalid_api_key.");
        let vague = facts(403, "", "Computer says\nno");
        assert_eq!(told(&vague), "The provider answered 403. It says: \"Computer says no\"");
        let wait = RefusalFacts { retry_after: Some(7), ..facts(429, "slow_down", "") };
        assert_eq!(told(&wait), "The provider answered 429 slow_down; it says to wait 7 s.");
    }
}
