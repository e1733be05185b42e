//! Which of the provider's own tools a body asks for.

use domain::{HostedAsk, HostedTool, HostedTools};

use super::{Field, Hints, View};

impl View {
    /// `takes_prompt`: the body's `prompt` names one that the provider keeps, with tools of its own.
    #[must_use]
    pub fn hosted_tools(&self, body: &[u8], takes_prompt: bool) -> HostedAsk {
        let hints = self.spend.hints;
        let given = |field| crate::pin::said(self, body, field).is_some();
        let asked = [
            (HostedTool::FileSearch, hints.has(Hints::FILE_SEARCH)),
            (HostedTool::WebSearch, hints.has(Hints::WEB_SEARCH) || given(Field::WebSearchOptions)),
            (HostedTool::ImageGeneration, hints.has(Hints::IMAGE_TOOL)),
            (HostedTool::Mcp, hints.has(Hints::MCP)),
            (HostedTool::CodeInterpreter, hints.has(Hints::CONTAINER)),
        ];
        let asked = asked.into_iter().filter(|(_, asked)| *asked);
        let tools = asked.fold(HostedTools::default(), |set, (tool, _)| set.with(tool));
        let unclear = hints.has(Hints::STRANGE_TOOL) || hints.has(Hints::AMBIGUOUS_TOOL);
        HostedAsk { tools, others: unclear || takes_prompt && given(Field::Prompt) }
    }
}
