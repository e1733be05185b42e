//! What a person types of a route: rows of targets, read into what control takes.

use control::RouteDraft;
use domain::Fault;
use domain::fault::catalogue;
use domain::route::{MaxPrice, Reasons, Route, Target};

use super::super::super::form::Form;
use super::cache::TypedCache;

/// Rows that a form may have, and empty ones beside those in use.
const MOST_ROWS: usize = 64;
const SPARE: usize = 2;
const WEIGHTS: std::ops::RangeInclusive<u32> = 0..=1_000_000;
const STEPS: std::ops::RangeInclusive<u32> = 0..=1_000;

/// The fields as they were typed.
pub(super) struct Typed {
    pub(super) project: String,
    pub(super) model: String,
    pub(super) aliases: String,
    pub(super) deny: bool,
    pub(super) deny_upstreams: String,
    pub(super) cache: TypedCache,
    pub(super) targets: Vec<Row>,
}

/// A target; one without an upstream is left out.
#[derive(Default)]
pub(super) struct Row {
    pub(super) upstream: String,
    pub(super) model: String,
    pub(super) step: String,
    pub(super) weight: String,
    pub(super) max_input: String,
    pub(super) max_output: String,
    /// Name, and whether it is ticked.
    pub(super) on: Vec<(&'static str, bool)>,
}

impl Row {
    fn empty() -> Self {
        let (step, weight) = ("0".to_owned(), "1".to_owned());
        Self { step, weight, on: ticked(Target::ON), ..Self::default() }
    }
}

fn ticked(on: Reasons) -> Vec<(&'static str, bool)> {
    Reasons::NAMED.iter().map(|(name, one)| (*name, on.contains(*one))).collect()
}

impl Typed {
    pub(super) fn anew(model: &str) -> Self {
        Self {
            project: String::new(),
            model: model.to_owned(),
            aliases: String::new(),
            deny: false,
            deny_upstreams: String::new(),
            cache: TypedCache::default(),
            targets: vec![Row::empty(), Row::empty()],
        }
    }

    pub(super) fn of(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        let there = |at: &usize| form.is_checked(&format!("upstream_{at}"));
        let row = |at: usize| {
            let field = |name: &str| form.text(&format!("{name}_{at}")).to_owned();
            let name_of = format!("on_{at}");
            let has = |name: &str| form.every(&name_of).any(|one| one == name);
            Row {
                upstream: field("upstream"),
                model: field("target"),
                step: field("step"),
                weight: field("weight"),
                max_input: field("max_input"),
                max_output: field("max_output"),
                on: Reasons::NAMED.iter().map(|(name, _)| (*name, has(name))).collect(),
            }
        };
        Self {
            project: text("project"),
            model: text("model"),
            aliases: text("aliases"),
            deny: form.is_checked("deny"),
            deny_upstreams: text("deny_upstreams"),
            cache: TypedCache::of(form),
            targets: (0..MOST_ROWS).take_while(there).map(row).collect(),
        }
    }

    pub(super) fn from_route(route: &Route) -> Self {
        let price = |most: Option<u64>| most.map(MaxPrice::show).unwrap_or_default();
        let row = |target: &Target| Row {
            upstream: target.upstream.clone(),
            model: target.model.as_deref().unwrap_or_default().to_owned(),
            step: target.step.to_string(),
            weight: target.weight.to_string(),
            max_input: price(target.max_price.and_then(|most| most.input)),
            max_output: price(target.max_price.and_then(|most| most.output)),
            on: ticked(target.on),
        };
        let mut targets: Vec<Row> = route.targets.iter().map(row).collect();
        targets.extend(std::iter::repeat_with(Row::empty).take(SPARE));
        Self {
            project: route.project.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
            model: route.model.clone(),
            aliases: route.aliases.join(", "),
            deny: route.deny,
            deny_upstreams: route.deny_upstreams.join(", "),
            cache: TypedCache::from_route(&route.cache),
            targets,
        }
    }

    pub(super) fn draft(&self) -> Result<RouteDraft, Fault> {
        let used = self.targets.iter().filter(|row| !row.upstream.is_empty());
        Ok(RouteDraft {
            project: Some(self.project.as_str()).filter(|id| !id.is_empty()).map(Into::into),
            model: self.model.clone(),
            aliases: words(&self.aliases),
            targets: used.map(target).collect::<Result<_, _>>()?,
            deny: self.deny,
            deny_upstreams: words(&self.deny_upstreams),
            cache: self.cache.read()?,
        })
    }
}

/// What these fields do not show of a target stays as it was.
pub(super) fn keep_rules(draft: &mut RouteDraft, before: &Route) {
    for target in &mut draft.targets {
        let same = |old: &&Target| old.upstream == target.upstream && old.model == target.model;
        if let Some(old) = before.targets.iter().find(same) {
            target.when.clone_from(&old.when);
            target.shadow = old.shadow;
        }
    }
}

fn target(row: &Row) -> Result<Target, Fault> {
    let whole = |text: &str, range: std::ops::RangeInclusive<u32>, why: &'static str| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| wrong(why))
    };
    let price = |text: &str| match text {
        "" => Ok(None),
        text => MaxPrice::parse(text)
            .map(Some)
            .ok_or_else(|| wrong("A highest price is in US dollars a million tokens: 2.50")),
    };
    let most = MaxPrice { input: price(&row.max_input)?, output: price(&row.max_output)? };
    let on = row.on.iter().filter(|(_, ticked)| *ticked);
    let on = on.filter_map(|(name, _)| Reasons::parse(name));
    Ok(Target {
        upstream: row.upstream.clone(),
        model: Some(row.model.as_str()).filter(|model| !model.is_empty()).map(Into::into),
        weight: whole(&row.weight, WEIGHTS, "A share is a whole number from 0 to 1,000,000.")?,
        step: whole(&row.step, STEPS, "A step is a whole number from 0 to 1,000.")?,
        on: on.fold(Reasons::NONE, |sum, one| sum | one),
        max_price: (most != MaxPrice::default()).then_some(most),
        when: None,
        shadow: None,
    })
}

fn wrong(why: &'static str) -> Fault {
    Fault::because(&catalogue::INVALID_VALUE, why).param("targets")
}

fn words(text: &str) -> Vec<String> {
    text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
