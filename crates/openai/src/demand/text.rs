//! Chats, completions, embeddings.

use domain::ObjectKind;
use domain::bound::{Demand, Input, Metered, Output, OutputLimit, Unbounded};
use domain::price::Tier;

use super::{Bad, is_given, number};
use crate::json::unescape;
use crate::pin::said;
use crate::surface::Meter;
use crate::view::{Field, Hints, View};

/// Tokens that a provider's template puts around a whole prompt, around a message, around all
/// tools and around each of them, beside what the body's own syntax has room for.
const TEMPLATE: u64 = 256;
const MESSAGE: u64 = 16;
const TOOLS: u64 = 512;
const TOOL: u64 = 32;
/// What the legacy endpoint writes where no maximum is named.
const COMPLETION: u64 = 16;

/// Tokens that a template adds to an exact count of a body's text.
#[must_use]
pub fn around(view: &View) -> u64 {
    TEMPLATE + MESSAGE * u64::from(view.spend.elements)
}

/// What a model reads of a body.
pub(super) fn input(view: &View, body: &[u8]) -> Input {
    let spend = &view.spend;
    let tools = match spend.hints.has(Hints::TOOL) || is_given(view, body, Field::Functions) {
        true => TOOLS + TOOL * u64::from(spend.tools),
        false => 0,
    };
    let points_at = view.references.iter().any(|(kind, _)| {
        matches!(
            kind,
            ObjectKind::Response | ObjectKind::Conversation | ObjectKind::Item | ObjectKind::File
        )
    });
    // Of an item that is told again the provider may take the text that it keeps.
    let open = spend.hints.has(Hints::ELSEWHERE) || points_at || !view.replayed.is_empty();
    let audio = spend.hints.has(Hints::SOUND);
    let shaped = [Field::ResponseFormat, Field::Text].iter().any(|f| is_given(view, body, *f));
    Input {
        tokens: body.len() as u64 + around(view) + tools,
        images: u64::from(spend.images),
        audio,
        open,
        one_window: true,
        exact: tools == 0 && spend.images == 0 && !audio && !open && !shaped,
    }
}

/// The tier asked for, and whether the provider could choose it.
pub(super) fn tier(view: &View, body: &[u8]) -> Result<Result<(Tier, bool), Unbounded>, Bad> {
    let Some(value) = said(view, body, Field::ServiceTier) else {
        return Ok(Ok((Tier::Default, true)));
    };
    let quoted = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\""));
    let Some(word) = quoted.and_then(unescape) else {
        return Err(Bad::value("service_tier", "must be a string"));
    };
    if word == "auto" {
        return Ok(Ok((Tier::Default, true)));
    }
    let unknown = Unbounded::field("service_tier", "a tier of this name has no known price");
    Ok(match Tier::parse(&word) {
        // No request names this one: it is what a batch is billed at.
        Some(Tier::Batch) | None => Err(unknown),
        Some(tier) => Ok((tier, false)),
    })
}

pub(super) fn chat(view: &View, body: &[u8]) -> Result<Demand, Bad> {
    let hints = view.spend.hints;
    if hints.has(Hints::AMBIGUOUS_TOOL) {
        return Err(Bad::value("tools", "must say the type of each tool once"));
    }
    let limit = number::output(view, body, Meter::Chat)?;
    let choices = number::choices(view, body, Field::N)?;
    let (tier, tier_open) = match tier(view, body)? {
        Ok(tier) => tier,
        Err(unknown) => return Ok(unknown.into()),
    };
    let at_provider = [
        Hints::UNBOUNDED_TOOL,
        Hints::WEB_SEARCH,
        Hints::FILE_SEARCH,
        Hints::CONTAINER,
        Hints::TOOL_SEARCH,
    ];
    if at_provider.into_iter().any(|tool| hints.has(tool)) {
        let why = "a chat's tools are functions; what another kind costs is not known";
        return Ok(Unbounded::field("tools", why).into());
    }
    let mut input = input(view, body);
    // In a chat only an earlier answer's voice is named again by its id.
    input.audio |= !view.replayed.is_empty();
    // What was predicted and not taken is billed as written.
    let predicted = view.spend.value(Field::Prediction).map_or(0, |span| span.len() as u64);
    let modalities = said(view, body, Field::Modalities).unwrap_or_default();
    let spoken = is_given(view, body, Field::Audio)
        || memchr::memmem::find(modalities, b"audio").is_some()
        || modalities.contains(&b'\\');
    Ok(Demand::Metered(Metered {
        tier,
        tier_open,
        input,
        output: Output {
            limit: Some(limit),
            choices,
            beside: predicted,
            audio: spoken,
            ..Output::default()
        },
        searches: is_given(view, body, Field::WebSearchOptions),
        ..Metered::read(0)
    }))
}

/// Bytes of a body whose prompts may be numbers, each of which is one token.
fn tokens(view: &View, body: &[u8]) -> u64 {
    let spend = &view.spend;
    let text = (body.len() as u64).saturating_sub(u64::from(spend.number_bytes));
    text + u64::from(spend.numbers) + around(view)
}

pub(super) fn completion(view: &View, body: &[u8]) -> Result<Demand, Bad> {
    let limit = match number::output(view, body, Meter::Completion)? {
        OutputLimit::Open => OutputLimit::Asked(COMPLETION),
        asked => asked,
    };
    let each =
        number::choices(view, body, Field::N)?.max(number::choices(view, body, Field::BestOf)?);
    let prompts = u64::from(view.spend.elements).max(1);
    let mut metered = Metered::read(tokens(view, body));
    metered.input.exact = view.spend.numbers == 0;
    metered.output = Output { limit: Some(limit), choices: each * prompts, ..Output::default() };
    Ok(Demand::Metered(metered))
}

pub(super) fn embeddings(view: &View, body: &[u8]) -> Demand {
    let mut metered = Metered::read(tokens(view, body));
    metered.input.exact = view.spend.numbers == 0;
    Demand::Metered(metered)
}
