//! `[advice]`: which models stand in for which, and whether prompts are known by hashes.

use control::AdviceRules;
use domain::advice::Equivalent;
use toml_edit::{Item, Table};

use super::Reader;

impl Reader<'_> {
    pub(super) fn advice(&mut self, root: &Table) -> AdviceRules {
        let Some(table) = self.table(root, "advice") else { return AdviceRules::default() };
        self.known(table, "advice.", &["prompts", "equivalent"]);
        let prompts = self.flag(table, "prompts").unwrap_or_default();
        let Some(item) = table.get("equivalent") else {
            return AdviceRules { prompts, ..AdviceRules::default() };
        };
        let Some(all) = item.as_array_of_tables() else {
            let why = "`equivalent` must be tables, each written [[advice.equivalent]]";
            self.mistake(item.span(), why);
            return AdviceRules { prompts, ..AdviceRules::default() };
        };
        let equivalents = all.iter().filter_map(|one| self.equivalent(one)).collect();
        AdviceRules { equivalents, prompts }
    }

    fn equivalent(&mut self, table: &Table) -> Option<Equivalent> {
        self.known(table, "advice.equivalent.", &["model", "cheaper"]);
        let (model, cheaper) = (self.string(table, "model"), self.string(table, "cheaper"));
        match (model, cheaper) {
            (Some(model), Some(cheaper)) if model != cheaper => Some(Equivalent { model, cheaper }),
            _ => {
                let span = table.span().or_else(|| table.get("model").and_then(Item::span));
                let why = "an equivalent needs a `model` and a `cheaper` one, two names";
                self.mistake(span, why);
                None
            }
        }
    }
}
