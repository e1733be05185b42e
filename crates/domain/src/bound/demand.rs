//! What a call can consume at most, as its request says: the bound before any price.

use crate::price::Tier;

/// What is known of a call's cost from its request alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Look-ups, lists, control calls: the provider bills nothing for them.
    Free,
    /// Nothing in the request bounds what the provider may bill.
    Unbounded(Unbounded),
    /// A batch: what it costs stands in the lines of its file.
    Lines,
    Metered(Metered),
}

/// Why a call has no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unbounded {
    /// The field of the request that is to blame; `None` where it is the operation itself.
    pub field: Option<&'static str>,
    pub why: &'static str,
}

impl Unbounded {
    #[must_use]
    pub fn operation(why: &'static str) -> Self {
        Self { field: None, why }
    }

    #[must_use]
    pub fn field(field: &'static str, why: &'static str) -> Self {
        Self { field: Some(field), why }
    }
}

/// A call that is billed by what it consumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metered {
    /// The tier that the call is priced at: the one asked for, `default` where it is left open.
    pub tier: Tier,
    /// The provider could choose the tier, so it must be told which.
    pub tier_open: bool,
    pub input: Input,
    pub output: Output,
    pub tools: Option<Tools>,
    /// It asks the model itself to search the web: some do so once an answer, and no others may.
    pub searches: bool,
    pub media: Option<Media>,
}

/// What the model reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// Tokens of all that the body itself says, images apart.
    pub tokens: u64,
    pub images: u64,
    pub audio: bool,
    /// It also reads what the body only points at (earlier turns, files, addresses), so that no
    /// more is known than that it fits the model's context window.
    pub open: bool,
    /// All of it goes through one context window, whose size is a bound as well.
    pub one_window: bool,
    /// Plain text only: a tokenizer may count it exactly.
    pub exact: bool,
}

/// What the model writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// How the request says the most that may be written; `None` where nothing is written.
    pub limit: Option<OutputLimit>,
    /// What a spend limit puts for a maximum that the request leaves open.
    pub default: Option<u64>,
    /// How many answers are written, each up to the maximum.
    pub choices: u64,
    /// Tokens of an answer that are billed besides the maximum: a prediction that is rejected.
    pub beside: u64,
    pub audio: bool,
}

/// Who says how much may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputLimit {
    /// The request, in tokens an answer.
    Asked(u64),
    /// The request says nothing, but it could: what is computed with must be sent.
    Open,
    /// Nothing can be said: the model's own maximum applies.
    Models,
}

/// Tools that run at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tools {
    /// The most calls of them, by the request or as it must be told.
    pub calls: u64,
    /// The request names no maximum: it must be told `calls`.
    pub calls_open: bool,
    pub web_search: bool,
    pub file_search: bool,
    /// What a container may cost, in sessions of the smallest; 0 without containers.
    pub sessions: u64,
}

/// What is billed by another measure than tokens, or may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    Images {
        count: u64,
        /// Output tokens of one, where the model counts tokens.
        tokens: u64,
    },
    Speech {
        characters: u64,
        /// Seconds of sound that can be made of them.
        seconds: u64,
    },
    /// Seconds of sound that are listened to.
    Sound { seconds: u64 },
    /// Seconds of video that are made.
    Video { seconds: u64 },
}

impl Demand {
    /// Takes a spend limit's own maximum output for a request that names none.
    pub fn default_output(&mut self, tokens: Option<u64>) {
        if let Self::Metered(metered) = self {
            metered.output.default = tokens;
        }
    }

    /// Takes an exact count of the input's tokens, where it is the smaller one.
    pub fn count_input(&mut self, tokens: u64) {
        if let Self::Metered(metered) = self {
            metered.count_input(tokens);
        }
    }
}

impl From<Unbounded> for Demand {
    fn from(unbounded: Unbounded) -> Self {
        Self::Unbounded(unbounded)
    }
}

impl Metered {
    /// Text of so many tokens that is read and billed, and nothing else.
    #[must_use]
    pub fn read(tokens: u64) -> Self {
        Self {
            tier: Tier::Default,
            tier_open: false,
            input: Input { tokens, ..Input::default() },
            output: Output { choices: 1, ..Output::default() },
            tools: None,
            searches: false,
            media: None,
        }
    }

    #[must_use]
    pub fn media(tokens: u64, media: Media) -> Self {
        Self { media: Some(media), ..Self::read(tokens) }
    }

    /// Takes an exact count of the input's tokens, where it is the smaller one.
    pub fn count_input(&mut self, tokens: u64) {
        if self.input.exact {
            self.input.tokens = self.input.tokens.min(tokens);
        }
    }

    /// The same call as a line of a batch: at the batch's price. Nothing can be told to a line, so
    /// what it leaves open is the model's own maximum, or unbounded.
    ///
    /// # Errors
    /// [`Unbounded`] for provider's tools without a maximum of calls.
    pub fn in_batch(mut self) -> Result<Self, Unbounded> {
        if self.tools.is_some_and(|tools| tools.calls_open) {
            let why = "a line of a batch that uses the provider's tools must name the most calls";
            return Err(Unbounded::field("max_tool_calls", why));
        }
        (self.tier, self.tier_open) = (Tier::Batch, false);
        if self.output.limit == Some(OutputLimit::Open) {
            self.output.limit = Some(OutputLimit::Models);
        }
        Ok(self)
    }
}
