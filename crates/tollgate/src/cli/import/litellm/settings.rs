//! `router_settings` and `litellm_settings`: aliases, fallbacks and the budget of all.

use domain::Nanos;

use super::Reader;
use crate::cli::import::made::{Led, Place};
use crate::cli::import::yaml::Node;

impl Reader<'_> {
    pub(super) fn settings(&mut self, section: &str, settings: &Node) {
        let line_of = |name: &str| settings.get(name).map_or(settings.line, |node| node.line);
        for (name, node) in settings.map() {
            let place = format!("{section}.{name}");
            match name.as_str() {
                "model_group_alias" => self.aliases(&place, node),
                "fallbacks" => self.fallbacks(&place, node, false),
                "context_window_fallbacks" => self.fallbacks(&place, node, true),
                // Once those that name their model are there.
                "default_fallbacks" | "budget_duration" => {}
                "max_budget" => {
                    let duration = settings.text_of("budget_duration");
                    self.budget(&place, node, duration);
                }
                "routing_strategy" if node.text() == Some("simple-shuffle") => {}
                "routing_strategy" => {
                    let why = "targets of a step are drawn by weight; there is no other strategy";
                    self.made.leave(node.line, &place, why);
                }
                _ => self.leave(&place, name, node),
            }
        }
        if let Some(list) = settings.get("default_fallbacks") {
            self.default_fallbacks(&format!("{section}.default_fallbacks"), list);
        }
        if settings.get("budget_duration").is_some() && settings.get("max_budget").is_none() {
            let place = format!("{section}.budget_duration");
            self.made.leave(line_of("budget_duration"), &place, "there is no max_budget");
        }
    }

    fn aliases(&mut self, place: &str, node: &Node) {
        for (alias, to) in node.map() {
            let model = to.text().or_else(|| to.text_of("model")).unwrap_or_default();
            let taken = self.made.routes.iter().any(|route| route.model == *alias);
            let route = self.made.routes.iter_mut().find(|route| route.model == model);
            let why = match route {
                _ if taken => "a model of the list has this name",
                Some(route) if !route.model.ends_with('*') && !alias.ends_with('*') => {
                    route.aliases.push(alias.clone());
                    continue;
                }
                Some(_) => "a beginning with a * has no aliases",
                None => "the list has no such model",
            };
            self.made.leave(to.line, &format!("{place}.{alias}"), why);
        }
    }

    /// `[{"a": ["b", "c"]}]`: b's targets become a's next step, and c's the one after.
    fn fallbacks(&mut self, place: &str, list: &Node, context_only: bool) {
        let pairs: Vec<_> = list.list().iter().flat_map(Node::map).collect();
        for (model, to) in pairs {
            let at = format!("{place}.{model}");
            for next in to.list() {
                let Some(name) = next.text() else {
                    self.made.leave(next.line, &at, "a fallback that is more than a name");
                    continue;
                };
                if let Err(why) = self.fall_back(model, name, context_only) {
                    self.made.leave(next.line, &at, why);
                }
            }
        }
    }

    fn default_fallbacks(&mut self, place: &str, list: &Node) {
        let alone = |route: &&Led| route.targets.iter().all(|target| target.step == 0);
        let models: Vec<String> =
            self.made.routes.iter().filter(alone).map(|route| route.model.clone()).collect();
        for next in list.list() {
            let name = next.text().unwrap_or_default();
            for model in models.iter().filter(|model| *model != name) {
                if let Err(why) = self.fall_back(model, name, false) {
                    self.made.leave(next.line, place, why);
                }
            }
        }
    }

    fn fall_back(&mut self, model: &str, to: &str, context_only: bool) -> Result<(), String> {
        let named = |name: &str| self.made.routes.iter().position(|route| route.model == name);
        let from = named(model).ok_or_else(|| format!("the list has no model '{model}'"))?;
        let other = named(to).ok_or_else(|| format!("the list has no model '{to}'"))?;
        // What the other falls back to itself is not this one's.
        let own = self.made.routes[other].targets.iter().filter(|place| place.step == 0);
        let own: Vec<Place> = own.cloned().collect();
        let route = &mut self.made.routes[from];
        if !route.model.ends_with('*') && own.iter().any(|place| place.model.contains('*')) {
            return Err(format!("'{to}' is a beginning, and '{model}' a whole name"));
        }
        let step = 1 + route.targets.iter().map(|place| place.step).max().unwrap_or_default();
        route.targets.extend(own.into_iter().map(|place| Place { step, context_only, ..place }));
        Ok(())
    }

    fn budget(&mut self, place: &str, node: &Node, duration: Option<&str>) {
        let amount = node.text().unwrap_or_default();
        let period = match duration {
            None => Some("total"),
            Some("1d" | "24h") => Some("day"),
            Some("30d" | "31d" | "1mo") => Some("month"),
            Some(_) => None,
        };
        match (period, Nanos::from_dollars(amount)) {
            (Some(period), Some(_)) => {
                self.made.limit = Some((period, amount.to_owned()));
                if duration.is_some_and(|duration| duration.ends_with("0d")) {
                    let why = "taken as a limit of the calendar month, in UTC: docs/limits.md";
                    self.made.leave(node.line, &format!("{place} (its 30 days)"), why);
                }
            }
            (None, _) => {
                let why = "limits are of a day, a month, or for ever: `tollgate limits set`";
                self.made.leave(node.line, place, why);
            }
            (_, None) => self.made.leave(node.line, place, "expected US dollars such as 100.50"),
        }
    }
}
