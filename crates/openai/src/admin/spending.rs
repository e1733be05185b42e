//! `spend_limit` and `spend_alert` of OpenAI, and `tollgate.limit` of ours.

use domain::{Balance, PeriodKind, ScopeId, ScopeKind, Zone};
use serde::Serialize;

use super::Listed;

const CURRENCY: &str = "USD";

/// `organization.spend_limit` and `project.spend_limit`: a monthly limit in whole US cents.
#[derive(Serialize)]
pub struct SpendLimit {
    object: &'static str,
    threshold_amount: i64,
    currency: &'static str,
    interval: &'static str,
    enforcement: Enforcement,
}

#[derive(Serialize)]
struct Enforcement {
    status: &'static str,
}

impl Enforcement {
    fn of(limit: &domain::SpendLimit, balance: &Balance) -> Self {
        Self { status: if balance.is_at(limit.amount) { "enforcing" } else { "inactive" } }
    }
}

impl SpendLimit {
    #[must_use]
    pub fn new(limit: &domain::SpendLimit, balance: &Balance) -> Self {
        Self {
            object: match limit.scope.kind {
                ScopeKind::Organization => "organization.spend_limit",
                _ => "project.spend_limit",
            },
            threshold_amount: limit.amount.cents(),
            currency: CURRENCY,
            interval: limit.period.as_str(),
            enforcement: Enforcement::of(limit, balance),
        }
    }
}

/// The answer to a limit's deletion: it has no id.
#[derive(Serialize)]
pub struct SpendLimitDeleted {
    object: &'static str,
    deleted: bool,
}

impl SpendLimitDeleted {
    #[must_use]
    pub fn of(kind: ScopeKind) -> Self {
        let object = match kind {
            ScopeKind::Organization => "organization.spend_limit.deleted",
            _ => "project.spend_limit.deleted",
        };
        Self { object, deleted: true }
    }

    /// Of a limit that only we have a word for.
    #[must_use]
    pub fn ours() -> Self {
        Self { object: "tollgate.limit.deleted", deleted: true }
    }
}

/// `organization.spend_alert` and `project.spend_alert`, with our webhook behind their fields.
#[derive(Serialize)]
pub struct SpendAlert<'a> {
    id: &'a str,
    object: &'static str,
    threshold_amount: i64,
    currency: &'static str,
    interval: &'static str,
    notification_channel: Channel<'a>,
    webhook_url: Option<&'a str>,
}

#[derive(Serialize)]
struct Channel<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    recipients: &'a [String],
    subject_prefix: Option<&'a str>,
}

impl<'a> From<&'a domain::SpendAlert> for SpendAlert<'a> {
    fn from(alert: &'a domain::SpendAlert) -> Self {
        Self {
            id: alert.id.as_str(),
            object: match alert.scope.kind {
                ScopeKind::Organization => "organization.spend_alert",
                _ => "project.spend_alert",
            },
            threshold_amount: alert.threshold.cents(),
            currency: CURRENCY,
            interval: alert.period.as_str(),
            notification_channel: Channel {
                kind: "email",
                recipients: &alert.recipients,
                subject_prefix: alert.subject_prefix.as_deref(),
            },
            webhook_url: alert.webhook.as_ref().map(|webhook| webhook.url.as_str()),
        }
    }
}

impl Listed for SpendAlert<'_> {
    fn id(&self) -> &str {
        self.id
    }
}

/// An alert with its webhook's signing secret. The one time it is shown.
#[derive(Serialize)]
pub struct SpendAlertMade<'a> {
    #[serde(flatten)]
    pub alert: SpendAlert<'a>,
    pub webhook_secret: String,
}

/// `tollgate.limit`: any scope, any kind of period, to the nano-dollar.
#[derive(Serialize)]
pub struct Limit<'a> {
    object: &'static str,
    id: String,
    scope: Scope<'a>,
    period: &'static str,
    /// US dollars as decimal text, as all fields of this ending.
    amount_usd: String,
    amount_nanos: i64,
    clamp_output: bool,
    unbounded: &'static str,
    default_max_output: Option<u64>,
    elastic: bool,
    /// `null`: the organization's.
    time_zone: Option<&'a str>,
    /// The day of a month that the period begins on.
    anchor_day: Option<i8>,
    /// `file`: only the config file changes it.
    source: &'static str,
    updated_at: i64,
    period_start: i64,
    /// When the count begins anew; `null` for a total.
    resets_at: Option<i64>,
    spent_usd: String,
    spent_nanos: i64,
    held_usd: String,
    held_nanos: i64,
    left_usd: String,
    left_nanos: i64,
    /// The part of what was spent that no hold had covered.
    overage_usd: String,
    overage_nanos: i64,
    /// False: there is overage that nobody has taken note of.
    overage_acknowledged: bool,
    enforcement: Enforcement,
}

#[derive(Serialize)]
pub(super) struct Scope<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
}

impl<'a> From<&'a ScopeId> for Scope<'a> {
    fn from(scope: &'a ScopeId) -> Self {
        Self { kind: scope.kind.as_str(), id: &scope.id }
    }
}

impl<'a> Limit<'a> {
    /// `id` is what a list goes on from.
    #[must_use]
    pub fn new(
        id: String,
        limit: &'a domain::SpendLimit,
        balance: &Balance,
        of_file: bool,
    ) -> Self {
        let (spent, held, left) = (balance.spent(), balance.held, balance.left(limit.amount));
        let from_the_beginning = limit.period == PeriodKind::Total;
        Self {
            object: "tollgate.limit",
            id,
            scope: (&limit.scope).into(),
            period: limit.period.as_str(),
            amount_usd: limit.amount.to_string(),
            amount_nanos: limit.amount.0,
            clamp_output: limit.rules.clamp_output,
            unbounded: if limit.rules.allow_unbounded { "allow" } else { "refuse" },
            default_max_output: limit.rules.default_max_output,
            elastic: limit.rules.elastic,
            time_zone: limit.calendar.zone.as_ref().map(Zone::name),
            anchor_day: Some(limit.calendar.anchor_day)
                .filter(|_| limit.period == PeriodKind::Month),
            source: if of_file { "file" } else { "api" },
            updated_at: limit.updated_at.seconds(),
            period_start: if from_the_beginning { 0 } else { balance.period.start },
            resets_at: balance.period.end,
            spent_usd: spent.to_string(),
            spent_nanos: spent.0,
            held_usd: held.to_string(),
            held_nanos: held.0,
            left_usd: left.to_string(),
            left_nanos: left.0,
            overage_usd: balance.overage.to_string(),
            overage_nanos: balance.overage.0,
            overage_acknowledged: !balance.is_flagged(),
            enforcement: Enforcement::of(limit, balance),
        }
    }
}

impl Listed for Limit<'_> {
    fn id(&self) -> &str {
        &self.id
    }
}
