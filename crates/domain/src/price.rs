//! Prices: what a model's tokens and units cost, and what a call came to.
//!
//! A price is a table of cells: kind of token × service tier × length of the input. Tables have
//! holes. A hole is filled with the dearest price that is related to it (`rates.rs`), never with
//! zero and never with a cheaper guess, because the hard limit rests on it.
//!
//! Not in here: a provider's uplift for processing in a chosen region (a factor on everything).

mod alarm;
mod book;
mod cost;
mod kind;
mod model;
mod rates;
mod record;
mod spread;

pub use alarm::{Alarm, alarming};
pub use book::{Layer, PriceBook, PriceEntry};
pub use cost::{Billed, CostError, Units, cost, cost_of_many};
pub use kind::TokenKind;
pub use model::{Cell, ModelPrice};
pub use record::{ImportState, PriceFile, PriceImport, PriceRow, Unpriced};

/// A service tier, as requests and answers name it (`service_tier`), or the batch API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    Default,
    Flex,
    Priority,
    Batch,
}

impl Tier {
    /// The tier that an answer names; `None` for one that is not known here.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "default" | "standard" => Self::Default,
            "flex" => Self::Flex,
            "priority" | "fast" => Self::Priority,
            "batch" => Self::Batch,
            _ => return None,
        })
    }

    /// As a request names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Flex => "flex",
            Self::Priority => "priority",
            Self::Batch => "batch",
        }
    }

    /// The tier that an answer was served at. Where it names none that is the default one, or the
    /// dearer one that was asked for. `None` where it names one that is not known here (its tokens
    /// then cost the dearest that is known).
    #[must_use]
    pub fn served(text: Option<&str>, asked: Option<Self>) -> Option<Self> {
        match text {
            Some(text) => Self::parse(text),
            None if asked == Some(Self::Priority) => asked,
            None => Some(Self::Default),
        }
    }
}

/// Which prices a call can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reach {
    pub tier: Tier,
    /// The most input tokens that it can have: decides about long-context prices.
    pub input_tokens: u64,
    pub audio_in: bool,
    pub image_in: bool,
    pub audio_out: bool,
    pub image_out: bool,
}

/// The dearest that any one token can cost, in pico-dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    pub input_picos: u64,
    pub output_picos: u64,
}

/// What is not counted in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// A generated image, at its dearest quality and size.
    Image,
    /// A character of text to be spoken.
    Character,
    /// A second of sound that is listened to.
    InputSecond,
    /// A second of sound that is made.
    OutputSecond,
    /// A second of video that is made, at its dearest size.
    VideoSecond,
    /// A call of the web search tool, at its dearest context size.
    WebSearchCall,
    FileSearchCall,
    /// A container session of the code interpreter.
    CodeInterpreterSession,
    /// A token that a model was trained on, once for each time that it was.
    TrainedToken,
}

/// A model that has a price.
pub trait Priced {
    /// The dearest rates within reach: cache writes, the long-context step and all kinds of tokens
    /// that the reach allows taken into account. `None` where the tier has no price, or the model
    /// none for tokens.
    fn dearest(&self, reach: &Reach) -> Option<Rates>;

    /// Pico-dollars a unit; `None` where the price is not known.
    fn unit(&self, unit: Unit) -> Option<u64>;
}
