//! What the lines of a batch's output came to, model by model.

use domain::price::{Billed, Tier};
use domain::{Fault, Tokens};
use egress::AnswerBody;
use openai::answer::{LineAnswer, ToolCalls, line_answer};

use crate::body::lines::Lines;
use crate::prices::Used;
use crate::shared::Dataplane;

/// Input tokens up to which no model's price is a long-context one.
pub(super) const SHORT: u64 = 128_000;

/// Answers of one model: any number of short ones, or a long one alone.
#[derive(Debug)]
pub(super) struct Sum {
    pub(super) model: Option<String>,
    pub(super) used: Used,
}

#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) sums: Vec<Sum>,
    /// Lines that were answered.
    pub(super) answered: u64,
    /// What a container costs, in sessions of the smallest.
    container_sessions: u64,
    /// Some of it cannot be read, or does not say what it cost.
    pub(super) unknown: bool,
}

impl Output {
    pub(super) fn new(container_sessions: u64) -> Self {
        Self { container_sessions, ..Self::default() }
    }

    pub(super) async fn read(&mut self, shared: &Dataplane, body: AnswerBody) -> Result<(), Fault> {
        let mut lines = Lines::of(body);
        while let Some(line) = lines.next(shared).await? {
            self.line(line.trim_ascii());
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        match line_answer(line) {
            Some(LineAnswer { tokens: Some(tokens), model, tools, chat, .. }) => {
                self.answered += 1;
                self.add(model, &tokens, &tools, chat);
            }
            Some(LineAnswer { refused: true, .. }) => {}
            _ => self.unknown = true,
        }
    }

    fn add(&mut self, model: Option<String>, tokens: &Tokens, tools: &ToolCalls, chat: bool) {
        let short = |used: &Used| used.largest_input <= SHORT && tokens.input <= SHORT;
        let fits = |sum: &Sum| sum.model == model && short(&sum.used);
        let at = self.sums.iter().position(fits).unwrap_or_else(|| {
            self.sums.push(Sum { model, used: in_batch(Tokens::default(), 0) });
            self.sums.len() - 1
        });
        let Some(Sum { used, .. }) = self.sums.get_mut(at) else { return };
        used.billed.tokens.add(tokens);
        used.largest_input = used.largest_input.max(tokens.input);
        used.chats += u64::from(chat);
        let units = &mut used.billed.units;
        units.web_search_calls += tools.web_searches;
        units.file_search_calls += tools.file_searches;
        units.code_interpreter_sessions += tools.containers.len() as u64 * self.container_sessions;
    }
}

/// What lines of a batch used.
pub(super) fn in_batch(tokens: Tokens, largest_input: u64) -> Used {
    let billed = Billed { tier: Some(Tier::Batch), ..Billed::tokens(tokens) };
    Used { billed, largest_input, chats: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(model: &str, input: u64) -> String {
        format!(
            r#"{{"response":{{"status_code":200,"body":{{"model":"{model}","usage":{{"prompt_tokens":{input},"completion_tokens":1}}}}}}}}"#
        )
    }

    #[test]
    fn lines_add_up_by_model() {
        let mut output = Output::default();
        for text in [line("a", 2), line("b", 5), String::new(), line("a", 3)] {
            output.line(text.as_bytes());
        }
        output.line(br#"{"response":{"status_code":400,"body":{}}}"#);
        let sums: Vec<_> =
            output.sums.iter().map(|s| (s.model.as_deref(), s.used.billed.tokens.input)).collect();
        assert_eq!(sums, [(Some("a"), 5), (Some("b"), 5)]);
        assert!(!output.unknown);
    }

    #[test]
    fn long_inputs_stand_alone() {
        let mut output = Output::default();
        for input in [2, SHORT, SHORT + 1, SHORT + 1, 3] {
            output.line(line("a", input).as_bytes());
        }
        let inputs: Vec<_> = output
            .sums
            .iter()
            .map(|s| (s.used.billed.tokens.input, s.used.largest_input))
            .collect();
        assert_eq!(inputs, [(SHORT + 5, SHORT), (SHORT + 1, SHORT + 1), (SHORT + 1, SHORT + 1)]);
    }

    #[test]
    fn an_answer_without_a_count_is_unknown() {
        for text in [r#"{"response":{"status_code":200,"body":{"model":"a"}}}"#, "x"] {
            let mut output = Output::default();
            output.line(text.as_bytes());
            assert!(output.unknown, "{text}");
        }
    }
}
