//! Upstreams and routes, as bodies carry them.

use control::{CredentialDraft, RouteDraft, UpstreamDraft, UpstreamPatch};
use domain::route::{MaxPrice, Reasons, Share, ShareBy, Target, When};
use domain::{CacheRules, Fault, NearRules, Replay, RouteCache, Secret};

use crate::body::{Fields, invalid, missing};

const WEIGHTS: std::ops::RangeInclusive<i64> = 0..=1_000_000;
const TOKENS: std::ops::RangeInclusive<i64> = 0..=1_000_000_000;
const PERCENT: std::ops::RangeInclusive<i64> = 1..=100;
const STEPS: std::ops::RangeInclusive<i64> = 0..=1_000;

/// A new upstream.
pub(crate) fn upstream(fields: &mut Fields) -> Result<UpstreamDraft, Fault> {
    let name = fields.required_name("name")?;
    Ok(UpstreamDraft {
        provider: fields.name("provider")?.unwrap_or_else(|| name.clone()),
        name,
        base_url: fields.name("base_url")?,
        credentials: credentials(fields)?,
        enabled: fields.flag("enabled")?.unwrap_or(true),
        api_version: fields.name("api_version")?,
        headers: fields.pairs("headers")?.unwrap_or_default(),
        unowned_project: fields.name("unowned_project")?.map(Into::into),
    })
}

/// What is to change of one.
pub(crate) fn upstream_patch(fields: &mut Fields) -> Result<UpstreamPatch, Fault> {
    let project = fields.clearable_name("unowned_project")?;
    Ok(UpstreamPatch {
        base_url: fields.name("base_url")?,
        enabled: fields.flag("enabled")?,
        api_version: fields.clearable_name("api_version")?,
        headers: fields.pairs("headers")?,
        unowned_project: project.map(|project| project.map(Into::into)),
    })
}

/// `{"credential": "…", "weight": 1}`
pub(crate) fn credential(fields: &mut Fields) -> Result<CredentialDraft, Fault> {
    let secret = fields.text("credential")?.ok_or_else(|| missing("credential"))?;
    Ok(CredentialDraft { secret: Secret::new(secret), weight: weight(fields)? })
}

/// `credential`, or `credentials` as a list of objects.
fn credentials(fields: &mut Fields) -> Result<Vec<CredentialDraft>, Fault> {
    let one = fields.text("credential")?;
    let several = fields.each("credentials", credential)?;
    match (one, several) {
        (Some(_), Some(_)) => {
            Err(invalid("credentials", "expected either credential or credentials"))
        }
        (Some(one), None) => {
            Ok(vec![CredentialDraft { secret: Secret::new(one), weight: Target::WEIGHT }])
        }
        (None, several) => Ok(several.unwrap_or_default()),
    }
}

/// A route: all of it, in creation as in update.
pub(crate) fn route(fields: &mut Fields) -> Result<RouteDraft, Fault> {
    Ok(RouteDraft {
        project: fields.name("project_id")?.map(Into::into),
        model: fields.required_name("model")?,
        aliases: fields.texts("aliases")?.unwrap_or_default(),
        targets: fields.each("targets", target)?.unwrap_or_default(),
        deny: fields.flag("deny")?.unwrap_or(false),
        deny_upstreams: fields.texts("deny_upstreams")?.unwrap_or_default(),
        cache: fields.within("cache", route_cache)?.unwrap_or_default(),
    })
}

/// What a route says of the cache.
fn route_cache(fields: &mut Fields) -> Result<RouteCache, Fault> {
    let seconds = |number: Option<i64>| number.and_then(|n| u32::try_from(n).ok());
    let most = i64::from(CacheRules::LONGEST);
    Ok(RouteCache {
        enabled: fields.flag("enabled")?,
        ttl_seconds: seconds(fields.integer("ttl_seconds", 1..=most)?),
        stale_seconds: seconds(fields.integer("stale_seconds", 0..=most)?),
        replay: fields.word("replay", &Replay::ALL.map(Replay::as_str))?.and_then(Replay::parse),
        near_model: fields.name("near_model")?.map(Into::into),
        near_threshold: fields
            .integer("near_threshold", i64::from(NearRules::FLOOR)..=1_000)?
            .and_then(|at| u16::try_from(at).ok()),
        near_observe: fields.flag("near_observe")?,
    })
}

fn target(fields: &mut Fields) -> Result<Target, Fault> {
    let upstream = fields.required_name("upstream")?;
    let step = fields.integer("step", STEPS)?.unwrap_or_default();
    let most = MaxPrice {
        input: price(fields, "max_input_price")?,
        output: price(fields, "max_output_price")?,
    };
    Ok(Target {
        upstream,
        model: fields.name("model")?.map(Into::into),
        weight: weight(fields)?,
        step: u32::try_from(step).unwrap_or(u32::MAX),
        on: reasons(fields)?,
        max_price: (most != MaxPrice::default()).then_some(most),
        when: when(fields)?,
        shadow: percent(fields, "shadow")?,
    })
}

/// For which calls a target is there.
fn when(fields: &mut Fields) -> Result<Option<Box<When>>, Fault> {
    let mut tokens = |name| {
        let number = fields.integer(name, TOKENS)?;
        Ok::<_, Fault>(number.and_then(|number| u64::try_from(number).ok()))
    };
    let (min_input_tokens, max_input_tokens) =
        (tokens("min_input_tokens")?, tokens("max_input_tokens")?);
    let (share, by) = (percent(fields, "share")?, fields.name("share_by")?);
    let by = match by.as_deref().map(ShareBy::parse) {
        Some(None) => return Err(invalid("share_by", "expected key or call")),
        Some(Some(_)) if share.is_none() => return Err(missing("share")),
        by => by.flatten().unwrap_or_default(),
    };
    let when = When {
        min_input_tokens,
        max_input_tokens,
        tools: fields.flag("tools")?,
        images: fields.flag("images")?,
        share: share.map(|percent| Share { percent, by }),
        near_limit: percent(fields, "near_limit")?,
    };
    Ok((!when.is_empty()).then(|| Box::new(when)))
}

fn percent(fields: &mut Fields, name: &'static str) -> Result<Option<u32>, Fault> {
    let percent = fields.integer(name, PERCENT)?;
    Ok(percent.and_then(|percent| u32::try_from(percent).ok()))
}

fn weight(fields: &mut Fields) -> Result<u32, Fault> {
    let weight = fields.integer("weight", WEIGHTS)?;
    Ok(weight.map_or(Target::WEIGHT, |weight| u32::try_from(weight).unwrap_or(u32::MAX)))
}

fn reasons(fields: &mut Fields) -> Result<Reasons, Fault> {
    let Some(names) = fields.texts("on")? else { return Ok(Target::ON) };
    let all: Option<Vec<Reasons>> = names.iter().map(|name| Reasons::parse(name)).collect();
    let known = || invalid("on", "expected a list of throttled, failing, context, price");
    Ok(all.ok_or_else(known)?.into_iter().fold(Reasons::NONE, |sum, one| sum | one))
}

fn price(fields: &mut Fields, name: &'static str) -> Result<Option<u64>, Fault> {
    let Some(text) = fields.text(name)? else { return Ok(None) };
    let why = "expected US dollars a million tokens as a decimal string such as \"2.50\"";
    MaxPrice::parse(&text).map(Some).ok_or_else(|| invalid(name, why))
}
