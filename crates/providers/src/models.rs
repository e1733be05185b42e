//! What is publicly known of models: limits and kind, from the built-in table.

use domain::ModelFacts;

mod table;

/// The facts of a model, if the table has it.
#[must_use]
pub fn find(name: &str) -> Option<&'static ModelFacts> {
    table::MODELS.binary_search_by(|m| m.name.cmp(name)).ok().map(|at| &table::MODELS[at])
}

/// All models of the table, by name.
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
}
