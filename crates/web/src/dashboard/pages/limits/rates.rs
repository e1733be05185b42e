//! Limits by rate of a project: over all its calls, over those of a key, or of one model.

use askama::Template;
use control::{CursorPage, RateOwner};
use domain::fault::catalogue;
use domain::rate::{Measure, RateLimits};
use domain::{Fault, KeyId, Order, PageQuery, Paged};

use super::super::super::form::{Form, encode};
use super::super::super::frame::Frame;
use super::super::super::page::Page;
use super::super::super::visit::{Shown, Visit};
use super::super::projects;
use super::super::typed::{invalid, onto};
use crate::routes::WRITE;

/// Keys to choose from; of more, one is named by its id.
const KEYS: u32 = 50;
/// Rows of all known models.
const MODELS: usize = 10_000;

/// What the limits are over.
enum Over {
    Project,
    Key(KeyId),
    Model(String),
}

impl Over {
    /// A model goes before the choice beside it; a key is one of this project.
    async fn of(visit: &Visit<'_>, form: &Form) -> Result<Self, Fault> {
        if let Some(model) = form.some("model") {
            return Ok(Self::Model(model.to_owned()));
        }
        match form.some("key").or(form.text("of").strip_prefix("key:")) {
            None => Ok(Self::Project),
            Some(id) => {
                let owned = visit.control.key(projects::id(visit)?, &id.into()).await?;
                Ok(Self::Key(owned.key.id))
            }
        }
    }

    fn owner(&self, visit: &Visit<'_>) -> Result<Option<RateOwner>, Fault> {
        Ok(match self {
            Self::Project => Some(RateOwner::Project(projects::id(visit)?.clone())),
            Self::Key(id) => Some(RateOwner::Key(id.clone())),
            Self::Model(_) => None,
        })
    }

    fn measures(&self) -> &'static [Measure] {
        match self {
            Self::Project | Self::Key(_) => &Measure::ALL,
            Self::Model(_) => &Measure::OPENAI,
        }
    }

    /// The limits that stand, and the id of a model's.
    async fn stands(&self, visit: &Visit<'_>) -> Result<(RateLimits, String), Fault> {
        let Self::Model(model) = self else {
            let owner = self.owner(visit)?.ok_or_else(|| Fault::new(&catalogue::NOT_FOUND))?;
            return Ok((visit.control.owner_rates(&owner).await?, String::new()));
        };
        let page = CursorPage { limit: MODELS, after: None, before: None };
        let rows = visit.control.list_model_rates(projects::id(visit)?, page).await?.rows;
        let found = rows.into_iter().find(|row| row.model == *model);
        let found = found.ok_or_else(|| invalid("model", "No such model is known here."))?;
        Ok((found.limits, found.id()))
    }

    fn query(&self) -> String {
        match self {
            Self::Project => "of=project".to_owned(),
            Self::Key(id) => format!("of=key:{}", encode(id.as_str())),
            Self::Model(model) => format!("model={}", encode(model)),
        }
    }
}

#[derive(Template)]
#[template(path = "rates.html")]
struct RatesPage<'a> {
    frame: &'a Frame,
    here: String,
    limits: String,
    /// Value, words, whether it is chosen.
    choices: Vec<(String, String, bool)>,
    /// There are more keys than choices.
    more: bool,
    /// The id of the key, where it is none of the choices.
    key: String,
    models: Vec<&'static str>,
    of: String,
    model: String,
    fields: Vec<Field>,
    may: bool,
    fault: Option<&'a Fault>,
}

struct Field {
    name: &'static str,
    label: String,
    /// Empty: without a limit.
    value: String,
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    match Over::of(visit, &visit.query).await {
        Ok(over) => page(visit, &over, None).await,
        Err(fault) => Err(fault),
    }
}

async fn page(visit: &Visit<'_>, over: &Over, fault: Option<&Fault>) -> Shown {
    // A model that nobody knows is told at its field.
    let (limits, unknown) = match over.stands(visit).await {
        Ok((limits, _)) => (Some(limits), None),
        Err(fault) if fault.param.is_some() => (None, Some(fault)),
        Err(fault) => return Err(fault),
    };
    let fault = fault.or(unknown.as_ref());
    let field = |measure: &Measure| Field {
        name: measure.field(),
        label: label(*measure),
        value: match fault {
            Some(_) => visit.form.text(measure.field()).to_owned(),
            None => {
                limits.and_then(|it| it.get(*measure)).map(|it| it.to_string()).unwrap_or_default()
            }
        },
    };
    let of = match over {
        Over::Key(id) => format!("key:{id}"),
        Over::Project | Over::Model(_) => "project".to_owned(),
    };
    let some = PageQuery { limit: KEYS, after: None, order: Order::Ascending };
    let Paged { rows: keys, has_more: more } =
        visit.control.list_keys(projects::id(visit)?, some).await?;
    let key = match over {
        Over::Key(id) if !keys.iter().any(|owned| owned.key.id == *id) => id.to_string(),
        Over::Key(_) | Over::Project | Over::Model(_) => String::new(),
    };
    let keys = keys.into_iter().map(|owned| {
        let (id, name) = (owned.key.id.as_str().to_owned(), owned.key.name);
        let name = if name.is_empty() { id.clone() } else { name };
        (format!("key:{id}"), format!("Calls of the API key {name}"))
    });
    let choices = std::iter::once(("project".to_owned(), "All calls of the project".to_owned()));
    let choices = choices.chain(keys).map(|(value, words)| (value == of, value, words));
    let frame = visit.frame("Limits by rate");
    let page = visit.show(&RatesPage {
        frame: &frame,
        here: visit.href("limits/rates"),
        limits: visit.href("limits"),
        choices: choices.map(|(chosen, value, words)| (value, words, chosen)).collect(),
        more,
        key,
        models: visit.control.chat_models().collect(),
        model: match over {
            Over::Model(model) => model.clone(),
            Over::Project | Over::Key(_) => String::new(),
        },
        fields: if unknown.is_some() {
            Vec::new()
        } else {
            over.measures().iter().map(field).collect()
        },
        of,
        may: visit.may(WRITE),
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

fn label(measure: Measure) -> String {
    let words = measure.words();
    let (first, rest) = words.split_at_checked(1).unwrap_or(("", words));
    format!("{}{rest}", first.to_uppercase())
}

/// A limit of each measure; an empty one lifts it.
fn changes(form: &Form, measures: &'static [Measure]) -> Result<control::RateChanges, Fault> {
    let change = |measure: &Measure| {
        let text = form.text(measure.field()).replace(',', "");
        if text.is_empty() {
            return Ok((*measure, None));
        }
        let number = text.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
        let why = "Give a whole number, or nothing for no limit. 0 lets nothing pass.";
        number.map(|number| (*measure, Some(number))).ok_or_else(|| invalid(measure.field(), why))
    };
    measures.iter().map(change).collect()
}

pub(crate) async fn set(visit: &Visit<'_>) -> Shown {
    let over = Over::of(visit, &visit.form).await?;
    match set_all(visit, &over).await {
        Ok(()) => {
            let page = Page::to(&visit.href(&format!("limits/rates?{}", over.query())));
            Ok(page.saying("The limits by rate are set. They hold from the next call on."))
        }
        Err(fault) => {
            let fields: Vec<_> =
                over.measures().iter().map(|it| it.field()).chain(["model"]).collect();
            page(visit, &over, Some(&onto(fault, &fields))).await
        }
    }
}

async fn set_all(visit: &Visit<'_>, over: &Over) -> Result<(), Fault> {
    let (author, changes) = (visit.author()?, changes(&visit.form, over.measures())?);
    match over.owner(visit)? {
        Some(owner) => visit.control.set_owner_rates(&author, &owner, changes).await.map(drop),
        None => {
            let (_, id) = over.stands(visit).await?;
            let project = projects::id(visit)?;
            visit.control.update_model_rate(&author, project, &id, changes).await.map(drop)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_field_lifts_a_limit_and_a_mistake_is_told_at_its_field() {
        let read = |text: &str| changes(&Form::parse(text).unwrap(), &Measure::ALL);
        let (minute, at_once) = ("max_requests_per_1_minute", "max_concurrent_requests");
        let set = read(&format!("{minute}=1,000&{at_once}=0")).unwrap();
        assert!(set.contains(&(Measure::RequestsPerMinute, Some(1_000))));
        assert!(set.contains(&(Measure::Concurrent, Some(0))));
        assert_eq!(set.iter().filter(|(_, limit)| limit.is_none()).count(), 6);
        for bad in ["-1", "1.5", "many", "18446744073709551615"] {
            let fault = read(&format!("{minute}={bad}")).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some(minute), "{bad}");
        }
    }
}
