//! What is publicly known of models: limits and kind, from the built-in table.

use domain::ModelFacts;

use crate::demo;

mod table;

/// The demo's one model. Its figures are made up: no call of a first try is longer.
pub static DEMO: ModelFacts =
    ModelFacts { name: demo::MODEL, mode: "chat", max_input: 128_000, max_output: 4_096 };

/// The facts of a model, if the table has it or it is the demo's. A fine-tuned model (`ft:BASE:ORGANIZATION::ID`) has
/// those of its base.
#[must_use]
pub fn find(name: &str) -> Option<&'static ModelFacts> {
    if name == DEMO.name {
        return Some(&DEMO);
    }
    let name = match name.strip_prefix("ft:") {
        Some(tuned) => &name[..tuned.find(':').map_or(name.len(), |end| end + 3)],
        None => name,
    };
    table::MODELS.binary_search_by(|m| m.name.cmp(name)).ok().map(|at| &table::MODELS[at])
}

/// Whether a model may be silent for long before it answers, and in between: it thinks first, or
/// nobody here knows it.
#[must_use]
pub fn may_think(name: &str) -> bool {
    let name = name.strip_prefix("ft:").unwrap_or(name);
    let at_once = ["gpt-3.5-", "gpt-4-", "gpt-4o", "gpt-4.1", "chatgpt-4o-", demo::MODEL];
    name != "gpt-4" && !at_once.iter().any(|known| name.starts_with(known))
}

/// All models of the table, by name: those of real providers.
#[must_use]
pub fn all() -> &'static [ModelFacts] {
    table::MODELS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_holds_what_everybody_asks_for() {
        assert!(all().windows(2).all(|pair| pair[0].name < pair[1].name));
        let facts = find("gpt-4o").unwrap();
        assert_eq!((facts.mode, facts.max_input, facts.max_output), ("chat", 128_000, 16_384));
        assert!(find("no-such-model").is_none());
    }

    #[test]
    fn who_thinks_first_or_is_unknown_may_be_silent_for_long() {
        for name in ["o1", "o3-mini", "gpt-5", "gpt-5-mini", "our-own", "gpt-40", "ft:o4-mini:a::b"]
        {
            assert!(may_think(name), "{name}");
        }
        for name in ["gpt-4o", "gpt-4o-mini", "gpt-4.1-nano", "gpt-4", "ft:gpt-4o:a::b"] {
            assert!(!may_think(name), "{name}");
        }
    }

    #[test]
    fn the_demos_model_has_limits_and_is_nobodys_else() {
        let facts = find(demo::MODEL).unwrap();
        assert!(facts.mode == "chat" && facts.max_input > 0 && facts.max_output > 0);
        assert!(all().iter().all(|facts| facts.name != demo::MODEL));
    }

    #[test]
    fn a_tuned_model_has_the_limits_of_its_base() {
        let facts = find("ft:gpt-4o-2024-08-06:acme:support:9abc").unwrap();
        assert_eq!((facts.name, facts.max_output), ("ft:gpt-4o-2024-08-06", 16_384));
        assert_eq!(find("ft:gpt-4o-2024-08-06").unwrap().name, facts.name);
        assert!(find("ft:").is_none() && find("ft::x").is_none());
    }
}
