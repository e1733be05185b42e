//! `[[routes]]`.

use control::{DeclaredRoute, RouteDraft};
use domain::route::{MaxPrice, Reasons, Share, ShareBy, Target, When};
use toml_edit::{Item, Table, TableLike};

use super::Reader;

const ROUTE: [&str; 7] =
    ["model", "project", "aliases", "targets", "deny", "deny_upstreams", "cache"];
/// What a target may say of itself, in the order in which it is written.
pub(crate) const TARGET_FIELDS: [&str; 15] = [
    "upstream",
    "model",
    "weight",
    "step",
    "on",
    "max_input_price",
    "max_output_price",
    "min_input_tokens",
    "max_input_tokens",
    "tools",
    "images",
    "share",
    "share_by",
    "near_limit",
    "shadow",
];
const TOKENS: std::ops::RangeInclusive<i64> = 0..=1_000_000_000;

impl Reader<'_> {
    pub(super) fn routes(&mut self, root: &Table) -> Vec<DeclaredRoute> {
        let Some(item) = root.get("routes") else { return Vec::new() };
        let Some(all) = item.as_array_of_tables() else {
            self.mistake(item.span(), "`routes` must be tables, each written [[routes]]");
            return Vec::new();
        };
        all.iter().filter_map(|table| self.route(table)).collect()
    }

    fn route(&mut self, table: &Table) -> Option<DeclaredRoute> {
        self.known(table, "routes.", &ROUTE);
        let model = self.string(table, "model");
        if model.is_none() && table.get("model").is_none() {
            self.mistake(table.span(), "a route needs a `model`: a name, or a beginning with a *");
        }
        let draft = RouteDraft {
            project: None,
            model: model?,
            aliases: self.strings(table, "aliases"),
            targets: self.targets(table),
            deny: self.flag(table, "deny").unwrap_or_default(),
            deny_upstreams: self.strings(table, "deny_upstreams"),
            cache: self.route_cache(table),
        };
        for (field, why) in draft.mistakes() {
            let span = table.get(field).and_then(Item::span).or(table.span());
            self.mistake(span, &format!("`{field}`: {why}"));
        }
        let place = self.place(table.span());
        Some(DeclaredRoute { place, project: self.string(table, "project"), draft })
    }

    /// `targets = [{ upstream = "a" }, …]`, or `[[routes.targets]]`.
    fn targets(&mut self, table: &Table) -> Vec<Target> {
        let Some(item) = table.get("targets") else { return Vec::new() };
        let mut found = Vec::new();
        if let Some(all) = item.as_array_of_tables() {
            for one in all {
                found.extend(self.target(one, one.span()));
            }
        } else if let Some(all) = item.as_array() {
            for one in all {
                match one.as_inline_table() {
                    Some(table) => found.extend(self.target(table, one.span())),
                    None => {
                        self.mistake(one.span(), "a target is such as { upstream = \"azure\" }")
                    }
                }
            }
        } else {
            self.mistake(
                item.span(),
                "`targets` must be a list such as [{ upstream = \"azure\" }]",
            );
        }
        found
    }

    fn target(
        &mut self,
        table: &dyn TableLike,
        span: Option<std::ops::Range<usize>>,
    ) -> Option<Target> {
        for (key, _) in table.iter().filter(|(key, _)| !TARGET_FIELDS.contains(key)) {
            let why =
                format!("unknown key `targets.{key}`. Known here: {}", TARGET_FIELDS.join(", "));
            self.mistake(span.clone(), &why);
        }
        let mut wrong = |key: &str, wanted: &str| {
            self.mistake(span.clone(), &format!("a target's `{key}` must be {wanted}"));
        };
        let mut text = |key| match table.get(key).map(Item::as_str) {
            Some(None) => {
                wrong(key, "a string");
                None
            }
            found => found.flatten().map(str::to_owned),
        };
        let (upstream, model) = (text("upstream"), text("model"));
        let (input, output) = (text("max_input_price"), text("max_output_price"));
        let mut number = |key, default| match table.get(key).map(Item::as_integer) {
            None => default,
            Some(given) => given.and_then(|n| u32::try_from(n).ok()).unwrap_or_else(|| {
                wrong(key, "a whole number, 0 or more");
                default
            }),
        };
        let (weight, step) = (number("weight", Target::WEIGHT), number("step", 0));
        let on = match table.get("on") {
            None => Some(Target::ON),
            Some(item) => reasons(item),
        };
        if on.is_none() {
            wrong("on", "a list of: throttled, failing, context, price");
        }
        let mut price = |key, text: Option<String>| {
            let read = text.map(|text| MaxPrice::parse(&text));
            if read == Some(None) {
                wrong(key, "US dollars a million tokens, such as \"2.50\"");
            }
            read.flatten()
        };
        let max = MaxPrice {
            input: price("max_input_price", input),
            output: price("max_output_price", output),
        };
        if upstream.is_none() {
            wrong("upstream", "the name of an upstream");
        }
        let (when, shadow) = self.when(table, &span);
        Some(Target {
            upstream: upstream?,
            model: model.map(Into::into),
            weight,
            step,
            on: on?,
            max_price: (max != MaxPrice::default()).then_some(max),
            when,
            shadow,
        })
    }

    /// For which calls a target is there, and how many of a hundred it gets a copy of.
    fn when(
        &mut self,
        table: &dyn TableLike,
        span: &Option<std::ops::Range<usize>>,
    ) -> (Option<Box<When>>, Option<u32>) {
        let mut wrong = |key: &str, wanted: &str| {
            self.mistake(span.clone(), &format!("a target's `{key}` must be {wanted}"));
        };
        let mut whole = |key, range: std::ops::RangeInclusive<i64>| {
            let given = table.get(key)?.as_integer().filter(|number| range.contains(number));
            if given.is_none() {
                wrong(key, &format!("a whole number, {} to {}", range.start(), range.end()));
            }
            given.and_then(|number| u64::try_from(number).ok())
        };
        let (min, max) = (whole("min_input_tokens", TOKENS), whole("max_input_tokens", TOKENS));
        let mut percent = |key| whole(key, 1..=100).and_then(|n| u32::try_from(n).ok());
        let (share, near_limit, shadow) =
            (percent("share"), percent("near_limit"), percent("shadow"));
        let mut flag = |key| {
            let flag = table.get(key)?.as_bool();
            if flag.is_none() {
                wrong(key, "true or false");
            }
            flag
        };
        let (tools, images) = (flag("tools"), flag("images"));
        let by = table.get("share_by").map(|item| item.as_str().and_then(ShareBy::parse));
        if by == Some(None) || (by.is_some() && share.is_none()) {
            wrong("share_by", "\"key\" or \"call\", beside a `share`");
        }
        let by = by.flatten().unwrap_or_default();
        let when = When {
            min_input_tokens: min,
            max_input_tokens: max,
            tools,
            images,
            share: share.map(|percent| Share { percent, by }),
            near_limit,
        };
        ((!when.is_empty()).then(|| Box::new(when)), shadow)
    }

    fn strings(&mut self, table: &Table, key: &str) -> Vec<String> {
        let Some(item) = table.get(key) else { return Vec::new() };
        let all = item.as_array().map(|all| all.iter().map(|one| one.as_str().map(str::to_owned)));
        let read = all.and_then(Iterator::collect::<Option<Vec<_>>>);
        read.unwrap_or_else(|| {
            self.mistake(item.span(), &format!("`{key}` must be a list of names"));
            Vec::new()
        })
    }
}

fn reasons(item: &Item) -> Option<Reasons> {
    let all = item.as_array()?.iter().map(|one| Reasons::parse(one.as_str()?));
    let all: Vec<Reasons> = all.collect::<Option<_>>()?;
    Some(all.into_iter().fold(Reasons::NONE, |sum, one| sum | one))
}
