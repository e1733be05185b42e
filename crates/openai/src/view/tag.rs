//! Keys that mean something to us, wherever they stand.

use domain::ObjectKind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Other,
    Model,
    Stream,
    StreamOptions,
    IncludeUsage,
    Store,
    Background,
    User,
    SafetyIdentifier,
    Id,
    Type,
    Role,
    /// A Responses call's input, or a conversation's items.
    Items,
    /// A string, or the strings of a list, name objects.
    Names(ObjectKind),
    /// A string names an object, or an object's `id` does.
    Holds(ObjectKind),
    /// The user's own data: nothing inside means anything to us.
    Opaque,
    Forbidden(&'static str),
}

impl Tag {
    pub(super) fn of(key: &[u8]) -> Self {
        use ObjectKind as K;
        match key {
            b"model" => Self::Model,
            b"stream" => Self::Stream,
            b"stream_options" => Self::StreamOptions,
            b"include_usage" => Self::IncludeUsage,
            b"store" => Self::Store,
            b"background" => Self::Background,
            b"user" => Self::User,
            b"safety_identifier" => Self::SafetyIdentifier,
            b"id" => Self::Id,
            b"type" => Self::Type,
            b"role" => Self::Role,
            b"input" | b"items" => Self::Items,
            b"file_id" | b"file_ids" | b"input_file_id" | b"training_file" | b"validation_file" => {
                Self::Names(K::File)
            }
            b"previous_response_id" | b"response_id" => Self::Names(K::Response),
            b"vector_store_id" | b"vector_store_ids" => Self::Names(K::VectorStore),
            b"container_id" => Self::Names(K::Container),
            b"assistant_id" => Self::Names(K::Assistant),
            b"thread_id" => Self::Names(K::Thread),
            b"skill_id" => Self::Names(K::Skill),
            b"batch_id" => Self::Names(K::Batch),
            b"eval_id" => Self::Names(K::Eval),
            b"upload_id" => Self::Names(K::Upload),
            b"video_id" => Self::Names(K::Video),
            b"conversation_id" => Self::Names(K::Conversation),
            b"consent" => Self::Names(K::VoiceConsent),
            b"conversation" => Self::Holds(K::Conversation),
            b"container" => Self::Holds(K::Container),
            b"voice" => Self::Holds(K::Voice),
            b"video" => Self::Holds(K::Video),
            b"characters" => Self::Holds(K::VideoCharacter),
            b"source" => Self::Holds(K::File),
            b"metadata" | b"parameters" | b"schema" | b"json_schema" | b"input_schema" => {
                Self::Opaque
            }
            b"api_base" => Self::Forbidden("api_base"),
            b"base_url" => Self::Forbidden("base_url"),
            b"custom_host" => Self::Forbidden("custom_host"),
            _ => Self::Other,
        }
    }

    /// The name of a top-level key that may stand only once.
    pub(super) fn decides(self) -> Option<(&'static str, u16)> {
        Some(match self {
            Self::Model => ("model", 1),
            Self::Stream => ("stream", 2),
            Self::StreamOptions => ("stream_options", 4),
            Self::Store => ("store", 8),
            Self::Background => ("background", 16),
            Self::User => ("user", 32),
            Self::SafetyIdentifier => ("safety_identifier", 64),
            _ => return None,
        })
    }
}
