//! Keys that mean something to us, wherever they stand.

use domain::ObjectKind;

use super::spend::Hints;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Other,
    Model,
    /// A list of models, any of which may be taken.
    Models,
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
    /// A chat's messages, and the earlier answer's voice in one of them.
    Messages,
    Audio,
    /// Where an eval's run, and an eval itself, take their data from.
    DataSource,
    DataSourceConfig,
    /// A string, or the strings of a list, name objects.
    Names(ObjectKind),
    /// A string names an object, or an object's `id` does.
    Holds(ObjectKind),
    /// A list of tools.
    Tools,
    /// An image's address, or an object whose `url` is one.
    Image,
    Url,
    /// Says something about the cost, unless it is null.
    Hint(Hints),
    /// The user's own data: nothing inside means anything to us.
    Opaque,
    Forbidden(&'static str),
}

impl Tag {
    pub(super) fn of(key: &[u8]) -> Self {
        use ObjectKind as K;
        match key {
            b"model" => Self::Model,
            b"models" => Self::Models,
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
            b"messages" => Self::Messages,
            b"audio" => Self::Audio,
            b"data_source" => Self::DataSource,
            b"data_source_config" => Self::DataSourceConfig,
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
            b"tools" => Self::Tools,
            b"image_url" => Self::Image,
            b"url" => Self::Url,
            b"file_data" | b"encrypted_content" => Self::Hint(Hints::ELSEWHERE),
            b"input_audio" => Self::Hint(Hints::SOUND),
            b"memory_limit" => Self::Hint(Hints::LARGE_CONTAINER),
            b"vector_stores" | b"attachments" => Self::Hint(Hints::STORAGE),
            b"api_base" => Self::Forbidden("api_base"),
            b"base_url" => Self::Forbidden("base_url"),
            b"custom_host" => Self::Forbidden("custom_host"),
            // `file_url`, and whatever else a provider would fetch.
            _ if key.ends_with(b"_url") => Self::Hint(Hints::ELSEWHERE),
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

/// The top-level key that another reader may take this one for: some fold case, and the letters
/// that fold to ASCII with it.
pub(super) fn nearly(key: &[u8]) -> Option<&'static str> {
    const MATTER: [&str; 10] = [
        "model",
        "models",
        "stream",
        "stream_options",
        "store",
        "background",
        "user",
        "safety_identifier",
        "previous_response_id",
        "conversation",
    ];
    if key.iter().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return None;
    }
    // Down and up again: the long s and the Kelvin sign each need the other direction.
    let folded = std::str::from_utf8(key).ok()?.to_lowercase().to_uppercase();
    MATTER.into_iter().find(|name| name.to_uppercase() == folded)
}
