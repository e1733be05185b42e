//! The results of the smaller usage reports. Completions have theirs beside the page.

use domain::UsageRow;
use serde::Serialize;

/// Who and what a result is about; `null` where it was not asked to be told apart.
#[derive(Serialize)]
struct About {
    project_id: Option<String>,
    user_id: Option<String>,
    api_key_id: Option<String>,
    model: Option<String>,
}

impl About {
    fn take(row: &mut UsageRow) -> Self {
        Self {
            project_id: row.project.take(),
            user_id: row.user.take(),
            api_key_id: row.key.take(),
            model: row.model.take(),
        }
    }
}

/// What is counted by input tokens alone.
#[derive(Serialize)]
struct InputTokens {
    object: &'static str,
    input_tokens: u64,
    num_model_requests: u64,
    #[serde(flatten)]
    about: About,
}

impl InputTokens {
    fn new(object: &'static str, mut row: UsageRow) -> Self {
        let about = About::take(&mut row);
        Self { object, input_tokens: row.tokens.input, num_model_requests: row.requests, about }
    }
}

/// `organization.usage.embeddings.result`.
#[derive(Serialize)]
#[serde(transparent)]
pub struct EmbeddingsResult(InputTokens);

impl From<UsageRow> for EmbeddingsResult {
    fn from(row: UsageRow) -> Self {
        Self(InputTokens::new("organization.usage.embeddings.result", row))
    }
}

/// `organization.usage.moderations.result`.
#[derive(Serialize)]
#[serde(transparent)]
pub struct ModerationsResult(InputTokens);

impl From<UsageRow> for ModerationsResult {
    fn from(row: UsageRow) -> Self {
        Self(InputTokens::new("organization.usage.moderations.result", row))
    }
}

/// `organization.usage.images.result`. The size of images is not recorded: it is `null`.
#[derive(Serialize)]
pub struct ImagesResult {
    object: &'static str,
    images: u64,
    num_model_requests: u64,
    source: Option<&'static str>,
    size: Option<&'static str>,
    #[serde(flatten)]
    about: About,
}

impl From<UsageRow> for ImagesResult {
    fn from(mut row: UsageRow) -> Self {
        Self {
            object: "organization.usage.images.result",
            images: row.images,
            num_model_requests: row.requests,
            source: row.source.map(domain::ImageSource::as_str),
            size: None,
            about: About::take(&mut row),
        }
    }
}

/// `organization.usage.audio_speeches.result`.
#[derive(Serialize)]
pub struct AudioSpeechesResult {
    object: &'static str,
    characters: u64,
    num_model_requests: u64,
    #[serde(flatten)]
    about: About,
}

impl From<UsageRow> for AudioSpeechesResult {
    fn from(mut row: UsageRow) -> Self {
        Self {
            object: "organization.usage.audio_speeches.result",
            characters: row.characters,
            num_model_requests: row.requests,
            about: About::take(&mut row),
        }
    }
}

/// `organization.usage.audio_transcriptions.result`. Seconds begun count as whole ones, once over
/// the sum.
#[derive(Serialize)]
pub struct AudioTranscriptionsResult {
    object: &'static str,
    seconds: u64,
    num_model_requests: u64,
    #[serde(flatten)]
    about: About,
}

impl From<UsageRow> for AudioTranscriptionsResult {
    fn from(mut row: UsageRow) -> Self {
        Self {
            object: "organization.usage.audio_transcriptions.result",
            seconds: row.media_ms.div_ceil(1_000),
            num_model_requests: row.requests,
            about: About::take(&mut row),
        }
    }
}
