//! What the lines of a batch's output came to, model by model.

use domain::{Fault, Tokens};
use egress::AnswerBody;
use openai::answer::{LineAnswer, line_answer};

use crate::body::lines::Lines;
use crate::shared::Dataplane;

/// Input tokens up to which no model's price is a long-context one.
pub(super) const SHORT: u64 = 128_000;

/// Answers of one model: any number of short ones, or a long one alone.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) model: Option<String>,
    pub(super) tokens: Tokens,
    /// The most input tokens of one of them.
    pub(super) largest_input: u64,
}

#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) sums: Vec<Sum>,
    /// Some of it cannot be read, or does not say what it cost.
    pub(super) unknown: bool,
}

impl Output {
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
            Some(LineAnswer { tokens: Some(tokens), model, .. }) => self.add(model, &tokens),
            Some(LineAnswer { refused: true, .. }) => {}
            _ => self.unknown = true,
        }
    }

    fn add(&mut self, model: Option<String>, tokens: &Tokens) {
        let fits = |sum: &&mut Sum| {
            sum.model == model && sum.largest_input <= SHORT && tokens.input <= SHORT
        };
        match self.sums.iter_mut().find(fits) {
            Some(sum) => {
                sum.tokens.add(tokens);
                sum.largest_input = sum.largest_input.max(tokens.input);
            }
            None => self.sums.push(Sum { model, tokens: *tokens, largest_input: tokens.input }),
        }
    }
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
            output.sums.iter().map(|s| (s.model.as_deref(), s.tokens.input)).collect();
        assert_eq!(sums, [(Some("a"), 5), (Some("b"), 5)]);
        assert!(!output.unknown);
    }

    #[test]
    fn long_inputs_stand_alone() {
        let mut output = Output::default();
        for input in [2, SHORT, SHORT + 1, SHORT + 1, 3] {
            output.line(line("a", input).as_bytes());
        }
        let inputs: Vec<_> =
            output.sums.iter().map(|s| (s.tokens.input, s.largest_input)).collect();
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
