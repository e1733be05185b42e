//! The true bill: what each request really cost, whoever was still listening.

/// Tokens by kind. Cached, cache-write, audio and image input are parts of `input`; reasoning,
/// audio and image output are parts of `output`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    pub input: u64,
    pub cached: u64,
    pub cache_write: u64,
    pub output: u64,
    pub reasoning: u64,
    pub audio_in: u64,
    pub audio_out: u64,
    pub image_in: u64,
    pub image_out: u64,
}

impl Tokens {
    /// Plain text in and out.
    pub fn text(input: u64, output: u64) -> Self {
        Self { input, output, ..Self::default() }
    }

    /// The same input with only `done` of `all` parts of the output.
    pub(crate) fn cut(self, done: usize, all: usize) -> Self {
        let part = |n: u64| n * done as u64 / all.max(1) as u64;
        Self {
            output: part(self.output),
            reasoning: part(self.reasoning),
            audio_out: part(self.audio_out),
            image_out: part(self.image_out),
            ..self
        }
    }
}

/// What a handler says that its answer costs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Charge {
    pub(crate) model: String,
    pub(crate) tokens: Tokens,
    pub(crate) images: u64,
    pub(crate) seconds: u64,
    pub(crate) characters: u64,
    pub(crate) fees: u64,
    /// Whether the answer, if all of it is sent, states this usage.
    pub(crate) reported: bool,
    /// The work goes on after the answer, which does not tell what it costs.
    pub(crate) job: bool,
}

/// One charged request.
#[derive(Clone, Debug, Default)]
pub struct Bill {
    /// The `x-request-id` of the answer.
    pub request_id: String,
    /// Whether a head with that id went out; if not, nobody can know the id.
    pub id_sent: bool,
    /// The `x-client-request-id` of the request.
    pub client_request_id: Option<String>,
    pub method: String,
    pub path: String,
    pub model: String,
    /// The service tier that the answer names; `default` where it names none.
    pub tier: String,
    pub status: u16,
    pub tokens: Tokens,
    pub images: u64,
    pub seconds: u64,
    pub characters: u64,
    /// What tools cost beside all that, in nano-dollars.
    pub fees: u64,
    /// Whether the bytes that were sent state the usage.
    pub usage_reported: bool,
    /// The work went on after the answer; its usage is in the finished object.
    pub job: bool,
    /// Whether the connection took every byte and the reader did not throw any away.
    pub delivered: bool,
}
