//! Calls of a provider's own tools in an answer of the Responses API: they have fees beside tokens.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::json::{self, Visit, unescape};

/// Tool calls that a provider has a fee for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCalls {
    /// Searches of the web; to open a page or to look into it has no fee.
    pub web_searches: u64,
    pub file_searches: u64,
    /// The containers that code ran in, each once.
    pub containers: BTreeSet<Box<str>>,
}

impl ToolCalls {
    /// Takes what an answer or one of its events tells. An event brings one more item; a whole
    /// answer repeats what its events have brought.
    pub fn note(&mut self, text: &[u8]) {
        if !CALLS.iter().any(|finder| finder.find(text).is_some()) {
            return;
        }
        let mut walk = Walk { text, places: vec![Place::Nothing; 8], ..Walk::default() };
        // What was found before a fault in the text still counts.
        let _ = json::walk(text, &mut walk);
        let Walk { item: one, output: all, done, .. } = walk;
        if done {
            self.web_searches += one.web_searches;
            self.file_searches += one.file_searches;
            self.containers.extend(one.containers);
        }
        self.web_searches = self.web_searches.max(all.web_searches);
        self.file_searches = self.file_searches.max(all.file_searches);
        self.containers.extend(all.containers);
    }
}

/// One of them stands in every text that there is anything to count in.
static CALLS: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| ["search_call\"", "interpreter_call\"", "shell_call\""].map(Finder::new));

/// The longest name of a container that is kept.
const NAME: usize = 256;

/// What stands behind a key, or in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Nothing,
    /// Of the whole text: an event's name.
    Event,
    Response,
    Output,
    /// An element of the output.
    Element,
    /// The one item of an event.
    Item,
    /// Of an item, all three.
    Kind,
    Action,
    Container,
    /// Of an item's action.
    ActionKind,
}

/// What is known of the item that the walk is in.
#[derive(Default)]
struct Seen {
    /// The depth of its keys.
    depth: usize,
    /// Whether it is an event's one item.
    alone: bool,
    kind: Range<usize>,
    action: Range<usize>,
    containers: Vec<Range<usize>>,
}

#[derive(Default)]
struct Walk<'t> {
    text: &'t [u8],
    places: Vec<Place>,
    seen: Option<Seen>,
    item: ToolCalls,
    output: ToolCalls,
    /// Whether the event says that its item is done.
    done: bool,
}

impl Walk<'_> {
    fn place(&self, depth: usize, key: &[u8]) -> Place {
        if let Some(seen) = &self.seen {
            let within_action = depth == seen.depth + 1 && self.places[seen.depth] == Place::Action;
            return match key {
                b"type" if depth == seen.depth => Place::Kind,
                b"action" if depth == seen.depth => Place::Action,
                b"type" if within_action => Place::ActionKind,
                b"container_id" => Place::Container,
                _ => Place::Nothing,
            };
        }
        let top = depth == 1;
        match key {
            b"type" if top => Place::Event,
            b"response" if top => Place::Response,
            b"item" if top => Place::Item,
            b"output" if top || (depth == 2 && self.places[1] == Place::Response) => Place::Output,
            _ => Place::Nothing,
        }
    }

    fn count(&mut self, seen: &Seen) {
        let of = if seen.alone { &mut self.item } else { &mut self.output };
        match &self.text[seen.kind.clone()] {
            b"web_search_call" => {
                let action = &self.text[seen.action.clone()];
                of.web_searches += u64::from(!matches!(action, b"open_page" | b"find_in_page"));
            }
            b"file_search_call" => of.file_searches += 1,
            b"code_interpreter_call" | b"shell_call" => {
                let names = seen.containers.iter().filter_map(|raw| {
                    let name = unescape(&self.text[raw.clone()])?;
                    (!name.is_empty() && name.len() <= NAME).then(|| Box::from(&*name))
                });
                of.containers.extend(names);
            }
            _ => {}
        }
    }
}

impl Visit for Walk<'_> {
    fn key(&mut self, depth: usize, raw: Range<usize>) {
        self.places[depth] = self.place(depth, &self.text[raw]);
    }

    fn string(&mut self, depth: usize, raw: Range<usize>) {
        if self.places[depth] == Place::Event {
            self.done = &self.text[raw] == b"response.output_item.done";
            return;
        }
        let Some(seen) = &mut self.seen else { return };
        match self.places[depth] {
            Place::Kind => seen.kind = raw,
            Place::ActionKind => seen.action = raw,
            Place::Container => seen.containers.push(raw),
            _ => {}
        }
    }

    fn literal(&mut self, _: usize, _: Range<usize>) {}

    fn open(&mut self, depth: usize, _: usize, object: bool) {
        if self.places.len() <= depth {
            self.places.resize(depth + 1, Place::Nothing);
        }
        let above = self.places[depth - 1];
        self.places[depth] = match above {
            Place::Output if !object => Place::Element,
            _ => Place::Nothing,
        };
        if object && matches!(above, Place::Element | Place::Item) && self.seen.is_none() {
            self.seen = Some(Seen { depth, alone: above == Place::Item, ..Seen::default() });
        }
    }

    fn close(&mut self, depth: usize, _: usize) {
        if let Some(seen) = self.seen.take_if(|seen| seen.depth == depth) {
            self.count(&seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = r#"[{"type":"message","content":[{"type":"web_search_call"}]},
        {"id":"ws_1","type":"web_search_call","action":{"type":"search","query":"x"}},
        {"id":"ws_2","type":"web_search_call","action":{"type":"open_page","url":"x"}},
        {"id":"ws_3","type":"web_search_call"},
        {"type":"file_search_call","queries":["type"]},
        {"type":"code_interpreter_call","container_id":"cntr_1","outputs":[{"type":"logs"}]},
        {"type":"code_interpreter_call","container_id":"cntr_1"},
        {"type":"shell_call","environment":{"container_id":"cntr_2"}},
        {"type":"function_call","arguments":"{\"type\":\"file_search_call\"}"}]"#;

    fn counts(calls: &ToolCalls) -> (u64, u64, usize) {
        (calls.web_searches, calls.file_searches, calls.containers.len())
    }

    #[test]
    fn calls_of_tools_with_a_fee_are_counted() {
        let mut calls = ToolCalls::default();
        calls.note(format!(r#"{{"id":"resp_1","output":{OUTPUT},"tools":[]}}"#).as_bytes());
        assert_eq!(counts(&calls), (2, 1, 2));
    }

    #[test]
    fn a_stream_counts_its_items_once_and_its_end_adds_none() {
        let mut calls = ToolCalls::default();
        let item = r#"{"type":"web_search_call","action":{"type":"search"}}"#;
        for kind in ["response.output_item.added", "response.output_item.done"] {
            calls.note(format!(r#"{{"type":"{kind}","item":{item}}}"#).as_bytes());
        }
        assert_eq!(counts(&calls), (1, 0, 0));
        // The name of the event may stand behind its item.
        let ran = r#"{"item":{"type":"shell_call","e":{"container_id":"c"}},"type":"response.output_item.done"}"#;
        calls.note(ran.as_bytes());
        assert_eq!(counts(&calls), (1, 0, 1));
        let end = format!(r#"{{"type":"response.completed","response":{{"output":{OUTPUT}}}}}"#);
        calls.note(end.as_bytes());
        assert_eq!(counts(&calls), (2, 1, 3));
    }

    #[test]
    fn what_only_looks_like_a_call_is_none() {
        let mut calls = ToolCalls::default();
        for text in [
            r#"{"input":[{"type":"web_search_call"}]}"#,
            r#"{"response":{"tools":[{"type":"file_search_call"}]}}"#,
            r#"{"output":{"type":"web_search_call"}}"#,
            r#"{"output":[["web_search_call"],"web_search_call","#,
            r#"{"type":"response.output_text.delta","delta":"\"web_search_call\""}"#,
        ] {
            calls.note(text.as_bytes());
        }
        assert_eq!(calls, ToolCalls::default());
    }
}
