//! The walk's memory: which key leads to where we are, level by level.

use std::ops::Range;

use domain::ObjectKind;

use super::spend::{Field, Hints};
use super::tag::{Tag, nearly};
use super::{AccountWide, BadBody, MAX_REFERENCES, View};
use crate::json::{MAX_DEPTH, Visit, plain, unescape};

/// What is remembered of one level.
#[derive(Clone)]
struct Level {
    /// The key whose value comes next; for a list, the key that leads to the list.
    tag: Tag,
    object: bool,
    /// The object's own `id`, and whether its `type` is `item_reference`.
    id: Option<Range<usize>>,
    item_reference: bool,
    /// The object's `type`, where it is text.
    kind: Option<Range<usize>>,
    /// Whether the object says what it is, by a `type` or a `role`.
    typed: bool,
    ids: Seen,
    types: Seen,
}

/// How often a key was seen in an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Never,
    Once,
    Twice,
}

impl Seen {
    fn again(&mut self) {
        *self = if *self == Self::Never { Self::Once } else { Self::Twice };
    }
}

const EMPTY: Level = Level {
    tag: Tag::Other,
    object: false,
    id: None,
    item_reference: false,
    kind: None,
    typed: false,
    ids: Seen::Never,
    types: Seen::Never,
};

pub(super) struct Visitor<'b> {
    body: &'b [u8],
    view: View,
    levels: Vec<Level>,
    /// The level at which the user's own data began.
    opaque: Option<usize>,
    /// The top-level field that we are in, where it decides on the cost.
    field: Option<Field>,
    seen: u16,
    seen_include_usage: bool,
    object: bool,
    problem: Option<BadBody>,
}

impl<'b> Visitor<'b> {
    pub(super) fn new(body: &'b [u8]) -> Self {
        Self {
            body,
            view: View::default(),
            levels: vec![EMPTY; 8],
            opaque: None,
            field: None,
            seen: 0,
            seen_include_usage: false,
            object: false,
            problem: None,
        }
    }

    pub(super) fn finish(self) -> Result<View, BadBody> {
        match self.problem {
            Some(problem) => Err(problem),
            None if !self.object => Err(BadBody::NotAnObject),
            None => Ok(self.view),
        }
    }

    fn fail(&mut self, problem: BadBody) {
        self.problem.get_or_insert(problem);
    }

    fn note_top_level(&mut self, tag: Tag) {
        if let Tag::Forbidden(name) = tag {
            self.fail(BadBody::Forbidden(name));
        }
        if let Some((name, bit)) = tag.decides() {
            if self.seen & bit != 0 {
                self.fail(BadBody::Duplicate(name));
            }
            self.seen |= bit;
        }
    }

    fn refer(&mut self, kind: ObjectKind, raw: Range<usize>) {
        // An empty name is nobody's; what to say of it is the provider's matter.
        if raw.is_empty() {
            return;
        }
        if self.view.references.len() == MAX_REFERENCES {
            return self.fail(BadBody::TooManyReferences);
        }
        self.view.references.push((kind, raw));
    }

    fn replay(&mut self, raw: Range<usize>) {
        if self.view.replayed.len() == MAX_REFERENCES {
            return self.fail(BadBody::TooManyReferences);
        }
        self.view.replayed.push(raw);
    }

    fn model(&mut self, decides: bool, raw: Range<usize>) {
        if self.body[raw.clone()].starts_with(b"ft:") || self.body[raw.clone()].contains(&b'\\') {
            let text = unescape(&self.body[raw.clone()]);
            if text.is_some_and(|t| t.starts_with("ft:")) {
                self.refer(ObjectKind::FineTunedModel, raw.clone());
            }
        }
        if decides {
            self.view.model = Some(raw);
        } else {
            self.view.other_models.push(raw);
        }
    }

    fn id(&mut self, depth: usize, raw: Range<usize>) {
        if depth > 1
            && let Tag::Holds(kind) = self.levels[depth - 1].tag
        {
            self.refer(kind, raw.clone());
        }
        self.levels[depth].id = Some(raw);
    }

    fn kind(&mut self, depth: usize, raw: Range<usize>) {
        let level = &mut self.levels[depth];
        level.typed = true;
        if let Some(kind) = unescape(&self.body[raw.clone()]) {
            level.item_reference |= kind == "item_reference";
            self.view.spend.hints.add(Hints::of_item(&kind));
        }
        level.kind = Some(raw);
    }

    /// Notes what a tool may cost, at its end.
    fn tool(&mut self, depth: usize) {
        let level = &self.levels[depth];
        if depth < 2 || !level.object || self.levels[depth - 1].tag != Tag::Tools {
            return;
        }
        let kind = level.kind.clone().and_then(|raw| unescape(&self.body[raw]));
        let spend = &mut self.view.spend;
        spend.tools = spend.tools.saturating_add(1);
        spend.hints.add(Hints::of_tool(kind.as_deref().unwrap_or_default()));
        if level.types == Seen::Twice {
            spend.hints.add(Hints::AMBIGUOUS_TOOL);
        }
    }

    fn image(&mut self, raw: Range<usize>) {
        let spend = &mut self.view.spend;
        spend.images = spend.images.saturating_add(1);
        if !self.body[raw].starts_with(b"data:") {
            spend.hints.add(Hints::ELSEWHERE);
        }
    }

    /// Notes a number, `true`, `false` or `null` inside a field that decides on the cost.
    fn number(&mut self, field: Field, depth: usize, raw: &Range<usize>) {
        let spend = &mut self.view.spend;
        match depth {
            1 => spend.note_value(field, raw.clone()),
            2 | 3 if matches!(field, Field::Input | Field::Prompt) => {
                spend.numbers = spend.numbers.saturating_add(1);
                let bytes = u32::try_from(raw.len()).unwrap_or(u32::MAX);
                spend.number_bytes = spend.number_bytes.saturating_add(bytes);
            }
            _ => {}
        }
    }

    /// Whether a value here is an element of what the model is given.
    fn is_element(&self, depth: usize) -> bool {
        depth == 2 && matches!(self.field, Some(Field::Messages | Field::Input | Field::Prompt))
    }

    /// Notes the id of an object that is, or may be, an item. It is a reference where it says so,
    /// or where an element of the input says nothing of itself (a reference's `type` may be left
    /// out).
    fn item(&mut self, depth: usize) {
        let path = |wanted: &[Tag]| {
            depth == wanted.len() + 1
                && self.levels[1..depth].iter().zip(wanted).all(|(level, tag)| level.tag == *tag)
        };
        let element = path(&[Tag::Items; 2]);
        // An earlier answer's voice, named again by its id alone.
        let voice = path(&[Tag::Messages, Tag::Messages, Tag::Audio]);
        let source = self.source(depth);
        let holder = depth > 1 && matches!(self.levels[depth - 1].tag, Tag::Holds(_));
        let level = &mut self.levels[depth];
        if element || voice || holder || source.is_some() || level.item_reference {
            // Of two, the provider may read the one that was not looked at.
            let (ids, types) = (level.ids, level.types);
            if ids == Seen::Twice {
                self.fail(BadBody::Duplicate("id"));
            } else if types == Seen::Twice {
                self.fail(BadBody::Duplicate("type"));
            }
        }
        if let Some((field, allowed)) = source {
            self.read_from(depth, field, allowed);
        }
        let level = &mut self.levels[depth];
        let reference = level.item_reference || (element && !level.typed);
        let Some(id) = level.id.take() else { return };
        if reference {
            self.refer(ObjectKind::Item, id);
        } else if element || voice {
            self.replay(id);
        }
    }

    /// Whether the object here says where an eval's data comes from: the field that does, and the
    /// sources that hold nothing but what the caller gives or names.
    fn source(&self, depth: usize) -> Option<(&'static str, &'static [&'static str])> {
        const SOURCE: Tag = Tag::Holds(ObjectKind::File);
        if depth < 2 || !self.levels[depth].object {
            return None;
        }
        // A list does not end the path: what reads its first element is led by the same keys.
        let (first, deeper) = (self.levels[1].tag, &self.levels[2..depth]);
        let all = |tag| deeper.iter().all(|level| level.tag == tag);
        match first {
            Tag::DataSourceConfig if all(first) => Some(("data_source_config.type", &["custom"])),
            Tag::DataSource if !deeper.is_empty() => {
                let inner = deeper.iter().position(|level| level.tag != Tag::DataSource)?;
                let led = deeper[inner..].iter().all(|level| level.tag == SOURCE);
                led.then_some(("data_source.source.type", &["file_id", "file_content"]))
            }
            _ => None,
        }
    }

    fn read_from(&mut self, depth: usize, field: &'static str, allowed: &[&str]) {
        let kind = self.levels[depth].kind.clone();
        let kind = kind.and_then(|raw| unescape(&self.body[raw])).unwrap_or_default();
        if !allowed.contains(&kind.as_ref()) {
            let kind = kind.chars().take(64).collect();
            self.view.account_wide.get_or_insert(AccountWide { field, kind });
        }
    }

    fn in_stream_options(&self, depth: usize) -> bool {
        depth == 2 && self.levels[1].tag == Tag::StreamOptions
    }
}

impl Visit for Visitor<'_> {
    fn key(&mut self, depth: usize, raw: Range<usize>) {
        if self.opaque.is_some() {
            return;
        }
        // An escaped spelling of a key is that key (`"mod\u0065l"`).
        let text = plain(&self.body[raw]).unwrap_or_default();
        let tag = Tag::of(&text);
        if depth == 1 {
            self.note_top_level(tag);
            if let Some(name) = nearly(&text).filter(|_| tag == Tag::Other) {
                self.fail(BadBody::Ambiguous(name));
            }
            self.field = self.view.spend.note_key(&text);
        }
        match tag {
            Tag::Id => self.levels[depth].ids.again(),
            Tag::Type => self.levels[depth].types.again(),
            _ => {}
        }
        if tag == Tag::IncludeUsage && self.in_stream_options(depth) {
            if self.seen_include_usage {
                self.fail(BadBody::Duplicate("stream_options.include_usage"));
            }
            self.seen_include_usage = true;
        }
        if self.in_stream_options(depth) {
            self.view.stream_options_empty = false;
        }
        self.levels[depth].tag = tag;
    }

    fn string(&mut self, depth: usize, raw: Range<usize>) {
        if self.opaque.is_some() || depth == 0 {
            return;
        }
        if let (1, Some(field)) = (depth, self.field) {
            self.view.spend.note_value(field, raw.start - 1..raw.end + 1);
        } else if self.is_element(depth) {
            self.view.spend.elements = self.view.spend.elements.saturating_add(1);
        }
        match self.levels[depth].tag {
            Tag::Hint(hints) => self.view.spend.hints.add(hints),
            Tag::Image => self.image(raw),
            Tag::Url if depth > 1 && self.levels[depth - 1].tag == Tag::Image => self.image(raw),
            Tag::Model => self.model(depth == 1, raw),
            Tag::Models if self.levels[1..depth].iter().all(|l| l.tag == Tag::Models) => {
                self.model(false, raw);
            }
            Tag::Id => self.id(depth, raw),
            Tag::Type => self.kind(depth, raw),
            Tag::Role => self.levels[depth].typed = true,
            // A built-in voice ("alloy") and `"container": "auto"`-like words are plain strings.
            Tag::Holds(ObjectKind::Voice | ObjectKind::File | ObjectKind::Video) => {}
            Tag::Names(kind) | Tag::Holds(kind) => self.refer(kind, raw),
            Tag::SafetyIdentifier if depth == 1 => self.view.user_label = Some(raw),
            Tag::User if depth == 1 => {
                self.view.user_label.get_or_insert(raw);
            }
            Tag::StreamOptions if depth == 1 => {
                self.view.stream_options = Some(raw.start - 1..raw.end + 1);
            }
            Tag::IncludeUsage if self.in_stream_options(depth) => {
                self.view.include_usage = Some((raw.start - 1..raw.end + 1, false));
            }
            _ => {}
        }
    }

    fn literal(&mut self, depth: usize, raw: Range<usize>) {
        if self.opaque.is_some() || depth == 0 {
            return;
        }
        if let Some(field) = self.field {
            self.number(field, depth, &raw);
        }
        let truth = &self.body[raw.clone()] == b"true";
        match self.levels[depth].tag {
            Tag::Hint(hints) if &self.body[raw.clone()] != b"null" => {
                self.view.spend.hints.add(hints);
            }
            Tag::Stream if depth == 1 => self.view.stream = truth,
            Tag::Background if depth == 1 => self.view.background = truth,
            Tag::Store if depth == 1 && &self.body[raw.clone()] != b"null" => {
                self.view.store = Some(truth);
            }
            Tag::StreamOptions if depth == 1 => self.view.stream_options = Some(raw),
            Tag::IncludeUsage if self.in_stream_options(depth) => {
                self.view.include_usage = Some((raw, truth));
            }
            _ => {}
        }
    }

    fn open(&mut self, depth: usize, at: usize, object: bool) {
        if depth == 1 {
            self.object = object;
        }
        debug_assert!(depth <= MAX_DEPTH, "the walk holds the depth");
        if self.levels.len() <= depth {
            self.levels.resize(depth + 1, EMPTY);
        }
        let above = if depth > 1 { self.levels[depth - 1].tag } else { Tag::Other };
        if let (2, Some(field)) = (depth, self.field) {
            self.view.spend.note_value(field, at..at + 1);
        } else if depth == 3 && self.is_element(2) {
            let spend = &mut self.view.spend;
            spend.elements = spend.elements.saturating_add(1);
            spend.lists = spend.lists.saturating_add(u32::from(!object));
        }
        if let (Tag::Hint(hints), None) = (above, self.opaque) {
            self.view.spend.hints.add(hints);
        }
        if self.opaque.is_none() && above == Tag::Opaque {
            self.opaque = Some(depth);
        }
        if depth == 2 && above == Tag::StreamOptions && self.levels[1].tag == Tag::StreamOptions {
            self.view.stream_options = Some(at..at + 1);
            self.view.stream_options_empty = true;
        }
        if depth == 3 && self.levels[2].tag == Tag::IncludeUsage && self.in_stream_options(2) {
            self.view.include_usage = Some((at..at + 1, false));
        }
        // A list's values stand under the key that leads to the list.
        let tag = if object { Tag::Other } else { above };
        self.levels[depth] = Level { tag, object, ..EMPTY };
    }

    fn close(&mut self, depth: usize, end: usize) {
        if self.opaque == Some(depth) {
            self.opaque = None;
        }
        if let (2, Some(field)) = (depth, self.field)
            && let Some(span) = self.view.spend.value(field)
        {
            self.view.spend.note_value(field, span.start..end);
        }
        if depth == 2
            && self.levels[1].tag == Tag::StreamOptions
            && let Some(span) = &mut self.view.stream_options
        {
            span.end = end;
        }
        if depth == 3
            && self.levels[2].tag == Tag::IncludeUsage
            && self.in_stream_options(2)
            && let Some((span, _)) = &mut self.view.include_usage
        {
            span.end = end;
        }
        if self.opaque.is_none() {
            self.tool(depth);
            self.item(depth);
        }
    }
}
