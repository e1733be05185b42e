//! What an answer said of its cost.

use domain::Tokens;
use openai::answer::ToolCalls;

/// What an answer said of its cost.
#[derive(Default)]
pub(crate) struct Count {
    pub(crate) tokens: Option<Tokens>,
    pub(crate) media_ms: u64,
    pub(crate) images: u32,
    pub(crate) tools: ToolCalls,
    pub(crate) model: Option<Box<str>>,
    pub(crate) service_tier: Option<Box<str>>,
    /// What the model wrote, still escaped, as far as it was seen.
    pub(crate) written: Vec<u8>,
    /// Work goes on at the provider; its usage comes with the finished object.
    pub(crate) unfinished: bool,
    /// Usage reports that could not be believed (case 34).
    pub(crate) bad_usage: u64,
    /// The answer's end was seen, or the chunk of a stream that has nothing but its usage: what is
    /// counted is all of it.
    pub(crate) whole: bool,
    pub(crate) bytes_out: u64,
}
