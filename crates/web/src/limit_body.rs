//! Amounts and rules of limits and alerts, as bodies carry them. Never through a float (case 55).

use control::{AlertDraft, LimitDraft, known_zone};
use domain::{Calendar, Fault, LimitRules, Nanos, PeriodKind, ScopeId};

use crate::body::{Fields, invalid, missing};

pub(crate) const SCOPES: [&str; 4] = ["api_key", "user", "project", "organization"];
pub(crate) const PERIODS: [&str; 3] = ["day", "month", "total"];

/// The most US cents that an amount can hold.
const MOST_CENTS: i64 = i64::MAX / 10_000_000;
/// Tokens; far above every model's.
const MOST_OUTPUT: i64 = 1_000_000_000;

/// Our own limit's body, without its scope.
pub(crate) struct Asked {
    pub(crate) period: PeriodKind,
    /// `None`: an explicit null.
    amount: Option<Nanos>,
    rules: LimitRules,
    calendar: Calendar,
}

impl Asked {
    pub(crate) fn draft(&self, scope: &ScopeId) -> Option<LimitDraft> {
        Some(LimitDraft {
            scope: scope.clone(),
            period: self.period,
            amount: self.amount?,
            rules: Some(self.rules),
            calendar: Some(self.calendar.clone()),
        })
    }
}

pub(crate) fn read(fields: &mut Fields) -> Result<Asked, Fault> {
    let period = fields.word("period", &PERIODS)?.and_then(PeriodKind::parse);
    let period = period.ok_or_else(|| missing("period"))?;
    let amount = amount(fields)?;
    let default = LimitRules::default();
    let most = fields.integer("default_max_output", 1..=MOST_OUTPUT)?;
    let rules = LimitRules {
        clamp_output: fields.flag("clamp_output")?.unwrap_or(default.clamp_output),
        allow_unbounded: fields.word("unbounded", &["refuse", "allow"])? == Some("allow"),
        default_max_output: most.map(i64::cast_unsigned),
        elastic: fields.flag("elastic")?.unwrap_or(default.elastic),
    };
    let calendar = calendar(fields, period)?;
    Ok(Asked { period, amount, rules, calendar })
}

/// What a period has no use for is refused: whoever sends it expects something of it.
fn calendar(fields: &mut Fields, period: PeriodKind) -> Result<Calendar, Fault> {
    let default = Calendar::default();
    let zone = fields.text("time_zone")?;
    let zone = zone.map(|name| known_zone(&name, "time_zone")).transpose()?;
    if zone.is_some() && period == PeriodKind::Total {
        return Err(invalid("time_zone", "a total has no days and no months"));
    }
    let anchor_day = fields.integer("anchor_day", 1..=31)?.and_then(|day| i8::try_from(day).ok());
    if anchor_day.is_some() && period != PeriodKind::Month {
        return Err(invalid("anchor_day", "only a month has a day that it begins on"));
    }
    Ok(Calendar { zone, anchor_day: anchor_day.unwrap_or(default.anchor_day) })
}

/// `amount_usd` or `amount_nanos`; an explicit null of either says that there is no limit.
fn amount(fields: &mut Fields) -> Result<Option<Nanos>, Fault> {
    let none = fields.take_null("amount_usd") | fields.take_null("amount_nanos");
    let dollars = fields.text("amount_usd")?;
    let nanos = fields.integer("amount_nanos", 0..=i64::MAX)?;
    match (dollars, nanos) {
        (None, None) if none => Ok(None),
        (None, None) => Err(missing("amount_usd")),
        (Some(text), None) if !none => match Nanos::from_dollars(&text) {
            Some(amount) => Ok(Some(amount)),
            None => {
                let why = "expected US dollars as a decimal string such as \"12.50\", from \"0\" to \
                           \"9223372036.854775807\", with at most nine decimals";
                Err(invalid("amount_usd", why))
            }
        },
        (None, Some(nanos)) if !none => Ok(Some(Nanos(nanos))),
        _ => Err(invalid("amount_nanos", "expected either amount_usd or amount_nanos, not both")),
    }
}

/// OpenAI's amount: whole cents of a month.
pub(crate) fn monthly_cents(fields: &mut Fields, least: i64) -> Result<Nanos, Fault> {
    let cents = fields.integer("threshold_amount", least..=MOST_CENTS).map_err(|_| {
        let why = format!(
            "expected a whole number of US cents, {least} to {MOST_CENTS}; 5000 is 50 dollars"
        );
        invalid("threshold_amount", &why)
    })?;
    let cents = cents.ok_or_else(|| missing("threshold_amount"))?;
    fields.word("currency", &["USD"])?.ok_or_else(|| missing("currency"))?;
    fields.word("interval", &["month"])?.ok_or_else(|| missing("interval"))?;
    Nanos::from_cents(cents).ok_or_else(|| invalid("threshold_amount", "too large"))
}

/// OpenAI's alert, and our webhook.
pub(crate) fn alert(fields: &mut Fields) -> Result<AlertDraft, Fault> {
    let threshold = monthly_cents(fields, 0)?;
    let channel = fields.within("notification_channel", |fields| {
        fields.word("type", &["email"])?.ok_or_else(|| missing("type"))?;
        let recipients = fields.texts("recipients")?.ok_or_else(|| missing("recipients"))?;
        Ok((recipients, fields.name("subject_prefix")?))
    })?;
    let (recipients, subject_prefix) = channel.ok_or_else(|| missing("notification_channel"))?;
    let webhook_url = match fields.take_null("webhook_url") {
        true => Some(None),
        false => fields.text("webhook_url")?.map(Some),
    };
    Ok(AlertDraft { threshold, recipients, subject_prefix, webhook_url })
}
