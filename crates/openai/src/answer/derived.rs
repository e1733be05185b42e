//! Ids of further objects inside an answer: a batch's output file, a run's thread, a container
//! that a tool opened. They belong to the project whose call brought them.

use std::ops::Range;

use domain::ObjectKind;

use crate::json::{self, Visit, unescape};

/// An id found in an answer.
pub type Derived = (ObjectKind, String);

/// At most this many are taken from one answer.
const MOST: usize = 1_000;

/// The ids in an answer that name objects of their own. With `items`, also the items' own ids of
/// a response or conversation.
#[must_use]
pub fn derived(answer: &[u8], items: bool) -> Vec<Derived> {
    let mut finder = Finder { text: answer, items, levels: vec![Place::Nothing; 8], found: vec![] };
    // What was found before a fault in the text still counts.
    let _ = json::walk(answer, &mut finder);
    finder.found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Nothing,
    Is(ObjectKind),
    /// The `id` of the object here.
    Has(ObjectKind),
    Id,
    Opaque,
}

fn place(key: &[u8]) -> Place {
    use ObjectKind as K;
    match key {
        b"id" => Place::Id,
        b"output_file_id" | b"error_file_id" | b"result_files" | b"file_id" | b"file_ids" => {
            Place::Is(K::File)
        }
        b"fine_tuned_model" | b"fine_tuned_model_checkpoint" => Place::Is(K::FineTunedModel),
        b"container_id" => Place::Is(K::Container),
        b"thread_id" => Place::Is(K::Thread),
        b"vector_store_ids" => Place::Is(K::VectorStore),
        b"conversation" => Place::Has(K::Conversation),
        b"file" => Place::Has(K::File),
        // What users and their servers wrote; an id in it was not made by this answer. A tool's
        // description may come word for word from a server of the caller's own, and what a model
        // asks a tool for is what its prompt made it say.
        b"metadata" | b"attributes" | b"parameters" | b"schema" | b"json_schema" | b"tools"
        | b"item_schema" | b"datasource_item" | b"env" | b"action" | b"variables"
        | b"arguments" => Place::Opaque,
        _ => Place::Nothing,
    }
}

struct Finder<'t> {
    text: &'t [u8],
    items: bool,
    levels: Vec<Place>,
    found: Vec<Derived>,
}

impl Finder<'_> {
    fn take(&mut self, kind: ObjectKind, raw: Range<usize>) {
        if self.found.len() < MOST
            && let Some(id) = unescape(&self.text[raw])
            && !id.is_empty()
            && id.len() <= 256
        {
            self.found.push((kind, id.into_owned()));
        }
    }

    fn opaque(&self, depth: usize) -> bool {
        self.levels[..depth].contains(&Place::Opaque)
    }
}

impl Visit for Finder<'_> {
    fn key(&mut self, depth: usize, raw: Range<usize>) {
        self.levels[depth] = place(&self.text[raw]);
    }

    fn string(&mut self, depth: usize, raw: Range<usize>) {
        if depth == 0 || self.opaque(depth) {
            return;
        }
        match (self.levels[depth], self.levels[depth - 1]) {
            (Place::Is(kind), _) => self.take(kind, raw),
            (Place::Id, Place::Has(kind)) => self.take(kind, raw),
            (Place::Id, _) if self.items && depth > 1 => self.take(ObjectKind::Item, raw),
            _ => {}
        }
    }

    fn literal(&mut self, _: usize, _: Range<usize>) {}

    fn open(&mut self, depth: usize, _: usize, object: bool) {
        if self.levels.len() <= depth {
            self.levels.resize(depth + 1, Place::Nothing);
        }
        self.levels[depth] = match self.levels[depth - 1] {
            above @ Place::Is(_) if !object => above,
            _ => Place::Nothing,
        };
    }

    fn close(&mut self, _: usize, _: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_brings_its_files() {
        let found = derived(
            br#"{"id":"batch_1","output_file_id":"file-o","error_file_id":null,"metadata":{"file_id":"no"}}"#,
            false,
        );
        assert_eq!(found, [(ObjectKind::File, "file-o".to_owned())]);
    }

    #[test]
    fn lists_and_nested_objects_are_seen() {
        let found = derived(
            br#"{"result_files":["file-1","file-2"],"conversation":{"id":"conv_1"},"file":{"id":"file-3"},
                "output":[{"type":"code_interpreter_call","id":"ci_1","container_id":"cntr_1"}]}"#,
            true,
        );
        let ids: Vec<&str> = found.iter().map(|(_, id)| id.as_str()).collect();
        assert_eq!(ids, ["file-1", "file-2", "conv_1", "file-3", "ci_1", "cntr_1"]);
        assert_eq!(found[4].0, ObjectKind::Item);
    }

    #[test]
    fn what_a_model_was_made_to_say_brings_nothing() {
        for key in ["env", "action", "variables", "arguments"] {
            let text = format!(
                r#"{{"output":[{{"id":"sh_1","{key}":{{"id":"msg_x","file_id":"file-x","a":[{{"thread_id":"t"}}]}},"container_id":"cntr_1"}}]}}"#
            );
            let found = derived(text.as_bytes(), true);
            let ids: Vec<&str> = found.iter().map(|(_, id)| id.as_str()).collect();
            assert_eq!(ids, ["sh_1", "cntr_1"], "{key}");
        }
    }
}
