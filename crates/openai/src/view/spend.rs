//! What of a body decides on its cost, noted in the one walk over it.

use std::ops::Range;

/// Top-level fields whose value the bound of a call is read from, or that may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    MaxTokens,
    MaxCompletionTokens,
    MaxOutputTokens,
    MaxToolCalls,
    ServiceTier,
    N,
    BestOf,
    Messages,
    Input,
    Prompt,
    Instructions,
    Prediction,
    Modalities,
    Audio,
    ResponseFormat,
    Text,
    WebSearchOptions,
    ContextManagement,
    PartialImages,
    Size,
    Seconds,
    Speed,
    Functions,
}

/// The fields in the order of their numbers, with their names.
const FIELDS: [(Field, &str); 23] = [
    (Field::MaxTokens, "max_tokens"),
    (Field::MaxCompletionTokens, "max_completion_tokens"),
    (Field::MaxOutputTokens, "max_output_tokens"),
    (Field::MaxToolCalls, "max_tool_calls"),
    (Field::ServiceTier, "service_tier"),
    (Field::N, "n"),
    (Field::BestOf, "best_of"),
    (Field::Messages, "messages"),
    (Field::Input, "input"),
    (Field::Prompt, "prompt"),
    (Field::Instructions, "instructions"),
    (Field::Prediction, "prediction"),
    (Field::Modalities, "modalities"),
    (Field::Audio, "audio"),
    (Field::ResponseFormat, "response_format"),
    (Field::Text, "text"),
    (Field::WebSearchOptions, "web_search_options"),
    (Field::ContextManagement, "context_management"),
    (Field::PartialImages, "partial_images"),
    (Field::Size, "size"),
    (Field::Seconds, "seconds"),
    (Field::Speed, "speed"),
    (Field::Functions, "functions"),
];

impl Field {
    #[must_use]
    pub fn name(self) -> &'static str {
        FIELDS[self as usize].1
    }

    pub(super) fn of(key: &[u8]) -> Option<Self> {
        FIELDS.iter().find(|(_, name)| name.as_bytes() == key).map(|(field, _)| *field)
    }

    /// The field that a reader which folds case would take this key for.
    pub(super) fn nearly(key: &[u8]) -> Option<Self> {
        if key.iter().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
            return None;
        }
        let folded = std::str::from_utf8(key).ok()?.to_lowercase().to_uppercase();
        FIELDS.iter().find(|(_, name)| name.to_uppercase() == folded).map(|(field, _)| *field)
    }
}

/// Something that the walk met, outside of the user's own data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints(u32);

impl Hints {
    /// Content that the body only points at, or that only the provider can read.
    pub const ELSEWHERE: Self = Self(1);
    pub const SOUND: Self = Self(1 << 1);
    /// Files that a vector store is to keep, which is billed by the day.
    pub const STORAGE: Self = Self(1 << 2);
    /// Any tool at all.
    pub const TOOL: Self = Self(1 << 3);
    pub const WEB_SEARCH: Self = Self(1 << 4);
    pub const FILE_SEARCH: Self = Self(1 << 5);
    /// A container at the provider, and one of more than the smallest size.
    pub const CONTAINER: Self = Self(1 << 6);
    pub const LARGE_CONTAINER: Self = Self(1 << 7);
    /// A tool that runs at the provider and has no fee of its own.
    pub const TOOL_SEARCH: Self = Self(1 << 8);
    /// A tool whose calls nothing bounds, or one that we do not know.
    pub const UNBOUNDED_TOOL: Self = Self(1 << 9);
    /// A tool that says twice what it is.
    pub const AMBIGUOUS_TOOL: Self = Self(1 << 10);
    /// An item that has the provider shorten the conversation, which is billed as well.
    pub const COMPACTION: Self = Self(1 << 11);

    pub const MCP: Self = Self(1 << 12);
    /// A tool of a conversation that makes images.
    pub const IMAGE_TOOL: Self = Self(1 << 13);
    /// A tool that is not known: nobody can say where it runs.
    pub const STRANGE_TOOL: Self = Self(1 << 14);

    #[must_use]
    pub fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    /// Either of them.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    pub(super) fn add(&mut self, more: Self) {
        self.0 |= more.0;
    }

    /// What a tool of this type may cost.
    pub(super) fn of_tool(kind: &str) -> Self {
        let more = match kind {
            // The client runs these, and sends what came of them in a call of its own.
            "function"
            | "custom"
            | "computer"
            | "computer_use_preview"
            | "local_shell"
            | "apply_patch"
            | "namespace" => return Self::TOOL,
            "web_search"
            | "web_search_2025_08_26"
            | "web_search_preview"
            | "web_search_preview_2025_03_11" => Self::WEB_SEARCH,
            "file_search" => Self::FILE_SEARCH,
            "code_interpreter" | "shell" => Self::CONTAINER,
            "tool_search" => Self::TOOL_SEARCH,
            "mcp" => Self(Self::UNBOUNDED_TOOL.0 | Self::MCP.0),
            "image_generation" => Self(Self::UNBOUNDED_TOOL.0 | Self::IMAGE_TOOL.0),
            // `programmatic_tool_calling`, and what is not known yet.
            _ => Self(Self::UNBOUNDED_TOOL.0 | Self::STRANGE_TOOL.0),
        };
        Self(more.0 | Self::TOOL.0)
    }

    /// What an item or a part of this type says by its type alone.
    pub(super) fn of_item(kind: &str) -> Self {
        match kind {
            "compaction_trigger" => Self::COMPACTION,
            // Earlier work of the provider, told again in a form that is not what the model reads.
            "compaction" | "image_generation_call" | "program" => Self::ELSEWHERE,
            _ => Self::default(),
        }
    }
}

/// The spans and counts that a bound is computed from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spend {
    /// Each field's whole value, quotes and brackets included; empty where it is not given.
    values: [(u32, u32); FIELDS.len()],
    /// A field that readers may read in two ways: it stands twice, or in another case as well.
    pub ambiguous: Option<Field>,
    pub hints: Hints,
    /// Elements of `messages`, `input` or `prompt`, numbers apart.
    pub elements: u32,
    /// Elements of these that are lists themselves.
    pub lists: u32,
    /// Token numbers in `input` or `prompt`, and the bytes that they take up.
    pub numbers: u32,
    pub number_bytes: u32,
    /// Images, by data or address.
    pub images: u32,
    pub tools: u32,
}

impl Spend {
    /// A field's whole value as it stands in the body.
    #[must_use]
    pub fn value(&self, field: Field) -> Option<Range<usize>> {
        let (start, end) = self.values[field as usize];
        (start < end).then_some(start as usize..end as usize)
    }

    pub(super) fn note_key(&mut self, key: &[u8]) -> Option<Field> {
        let field = Field::of(key);
        let twice = field.filter(|f| self.values[*f as usize] != (0, 0));
        if let Some(doubtful) = twice.or_else(|| Field::nearly(key)) {
            self.ambiguous.get_or_insert(doubtful);
        }
        field
    }

    /// A body that is too long for the spans is refused before it is walked.
    pub(super) fn note_value(&mut self, field: Field, span: Range<usize>) {
        let short = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.values[field as usize] = (short(span.start), short(span.end));
    }
}
