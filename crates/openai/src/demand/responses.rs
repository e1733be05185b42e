//! Responses: turns of a model with tools, some of which run at the provider.

use domain::ObjectKind;
use domain::bound::{Demand, Metered, Output, OutputLimit, Tools, Unbounded};

use super::{Bad, TOOL_CALLS, is_given, number, text};
use crate::surface::{Meter, Operation};
use crate::view::{Field, Hints, View};

/// A container of the largest size (64 GB) costs as much as this many of the smallest.
const LARGE: u64 = 64;

pub(super) fn demand(operation: &Operation, view: &View, body: &[u8]) -> Result<Demand, Bad> {
    let limit = match operation.id {
        // It takes no maximum.
        "Compactconversation" => OutputLimit::Models,
        _ => number::output(view, body, Meter::Responses)?,
    };
    let tools = tools(view, body)?;
    let tier = text::tier(view, body)?;
    if let Some(unbounded) = beyond(view, body) {
        return Ok(unbounded.into());
    }
    let (tier, tier_open) = match tier {
        Ok(tier) => tier,
        Err(unknown) => return Ok(unknown.into()),
    };
    Ok(Demand::Metered(Metered {
        tier,
        tier_open,
        input: text::input(view, body),
        output: Output { limit: Some(limit), choices: 1, ..Output::default() },
        tools,
        ..Metered::read(0)
    }))
}

/// What nothing in the request bounds.
fn beyond(view: &View, body: &[u8]) -> Option<Unbounded> {
    let hints = view.spend.hints;
    if is_given(view, body, Field::Prompt) {
        let why = "a prompt that the provider keeps may bring tools of its own";
        return Some(Unbounded::field("prompt", why));
    }
    if is_given(view, body, Field::ContextManagement) || hints.has(Hints::COMPACTION) {
        let why = "how often the provider shortens the conversation is not known";
        return Some(Unbounded::field("context_management", why));
    }
    hints.has(Hints::UNBOUNDED_TOOL).then(|| {
        let why = "among them is one whose calls or fees nothing in the request bounds";
        Unbounded::field("tools", why)
    })
}

/// The tools that run at the provider.
fn tools(view: &View, body: &[u8]) -> Result<Option<Tools>, Bad> {
    let hints = view.spend.hints;
    if hints.has(Hints::AMBIGUOUS_TOOL) {
        return Err(Bad::value("tools", "must say the type of each tool once"));
    }
    let (web_search, file_search) = (hints.has(Hints::WEB_SEARCH), hints.has(Hints::FILE_SEARCH));
    let container = hints.has(Hints::CONTAINER);
    if !(web_search || file_search || container || hints.has(Hints::TOOL_SEARCH)) {
        return Ok(None);
    }
    let why = "must be a whole number from 1 to 1000";
    let asked = number::count(view, body, Field::MaxToolCalls, 1..=1_000, why)?;
    // One that was opened before may be of any size: it is named, or earlier turns bring it.
    let earlier = view.references.iter().any(|(kind, _)| *kind == ObjectKind::Container)
        || text::input(view, body).open;
    let sessions = match (container, hints.has(Hints::LARGE_CONTAINER) || earlier) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => LARGE,
    };
    Ok(Some(Tools {
        calls: asked.unwrap_or(TOOL_CALLS),
        calls_open: asked.is_none(),
        web_search,
        file_search,
        sessions,
    }))
}
