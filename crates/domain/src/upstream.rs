//! Upstreams (our accounts with providers) and who owns the objects made on them.

use crate::{CredentialId, ProjectId, Timestamp, UpstreamId};

/// Where an upstream's settings come from; who may change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamSource {
    /// `OPENAI_API_KEY` and its like, written anew at each start.
    Environment,
    /// The config file; the API refuses to change it.
    File,
    /// Made through the API or CLI.
    Api,
}

impl UpstreamSource {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::File => "file",
            Self::Api => "api",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "environment" => Self::Environment,
            "file" => Self::File,
            "api" => Self::Api,
            _ => return None,
        })
    }
}

/// One of an upstream's credentials, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedCredential {
    pub id: CredentialId,
    /// XChaCha20-Poly1305 of the credential, bound to the upstream's id.
    pub sealed: Vec<u8>,
    /// Its last characters, by which its owner tells it from others.
    pub last_four: String,
    /// Its share of the calls, against the others'.
    pub weight: u32,
    pub created_at: Timestamp,
}

/// Our account with a provider, as it is kept. Its credentials are sealed, and all of one account:
/// what a call with one has made, a call with another can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    pub id: UpstreamId,
    /// The operator's name for it, such as `openai`.
    pub name: String,
    /// A row of the provider catalogue.
    pub provider: String,
    /// With its path, without a slash at the end: `https://api.openai.com/v1`.
    pub base_url: String,
    /// Empty where the provider wants none.
    pub credentials: Vec<SealedCredential>,
    pub source: UpstreamSource,
    /// Calls may go there.
    pub enabled: bool,
    /// The provider's `api-version`, where its paths carry one.
    pub api_version: Option<String>,
    /// Sent along with every call; no secrets.
    pub headers: Vec<(String, String)>,
    /// The project that owns objects without a record. Nobody when absent.
    pub unowned_project: Option<ProjectId>,
    pub created_at: Timestamp,
}

impl Upstream {
    /// Whether it is the built-in provider, which is no language model.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.provider == "demo"
    }
}

/// The kinds of objects that an upstream keeps and a project owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKind {
    Assistant,
    Batch,
    ChatCompletion,
    ChatkitSession,
    ChatkitThread,
    Container,
    Conversation,
    Eval,
    File,
    FineTunedModel,
    FineTuningJob,
    /// An item of a stored response or conversation: a message, a reasoning block, a tool call.
    Item,
    RealtimeCall,
    Response,
    Skill,
    Thread,
    Upload,
    VectorStore,
    Video,
    VideoCharacter,
    Voice,
    VoiceConsent,
}

impl ObjectKind {
    pub const ALL: [Self; 22] = [
        Self::Assistant,
        Self::Batch,
        Self::ChatCompletion,
        Self::ChatkitSession,
        Self::ChatkitThread,
        Self::Container,
        Self::Conversation,
        Self::Eval,
        Self::File,
        Self::FineTunedModel,
        Self::FineTuningJob,
        Self::Item,
        Self::RealtimeCall,
        Self::Response,
        Self::Skill,
        Self::Thread,
        Self::Upload,
        Self::VectorStore,
        Self::Video,
        Self::VideoCharacter,
        Self::Voice,
        Self::VoiceConsent,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assistant => "assistant",
            Self::Batch => "batch",
            Self::ChatCompletion => "chat_completion",
            Self::ChatkitSession => "chatkit_session",
            Self::ChatkitThread => "chatkit_thread",
            Self::Container => "container",
            Self::Conversation => "conversation",
            Self::Eval => "eval",
            Self::File => "file",
            Self::FineTunedModel => "fine_tuned_model",
            Self::FineTuningJob => "fine_tuning_job",
            Self::Item => "item",
            Self::RealtimeCall => "realtime_call",
            Self::Response => "response",
            Self::Skill => "skill",
            Self::Thread => "thread",
            Self::Upload => "upload",
            Self::VectorStore => "vector_store",
            Self::Video => "video",
            Self::VideoCharacter => "video_character",
            Self::Voice => "voice",
            Self::VoiceConsent => "voice_consent",
        }
    }
}

/// "This object on this upstream belongs to this project."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRecord {
    pub upstream: UpstreamId,
    pub object: String,
    pub kind: ObjectKind,
    pub project: ProjectId,
    pub created_at: Timestamp,
}
