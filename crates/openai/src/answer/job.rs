//! A job as its provider shows it: whether it has ended, and what it came to.
//!
//! Source: OpenAI API reference, the objects of batches, responses, videos, runs of assistants and
//! evals and fine-tuning jobs, and the lines of a batch's output file.

use domain::Tokens;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::ToolCalls;
use super::usage::{milliseconds, parse_usage};

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Also what is not known here: a new word must not end anything.
    Running,
    /// It ended with a result, if not with all of it.
    Completed,
    Failed,
    /// It was ended before its time: by its owner, or because it took too long.
    Stopped,
}

/// What a job's object says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobObject {
    pub id: Option<String>,
    pub course: Course,
    pub model: Option<String>,
    pub service_tier: Option<String>,
    /// What was counted; `None` also where it cannot be believed (case 34).
    pub tokens: Option<Tokens>,
    /// Calls of the provider's tools in a response.
    pub tools: ToolCalls,
    /// Milliseconds of a video.
    pub media_ms: u64,
    /// The files that hold a batch's answers, refused lines last.
    pub files: Vec<String>,
    /// How many lines of a batch were answered.
    pub answered: Option<u64>,
    /// Unix seconds.
    pub expires_at: Option<i64>,
    /// The thread of an assistant's run, the eval of an eval's.
    pub parent: Option<String>,
    /// What a model was trained on, in tokens.
    pub trained_tokens: Option<u64>,
    /// What each model used in an eval's run; `None` where one of them cannot be believed.
    pub of_models: Option<Vec<(String, Tokens)>>,
}

/// An answer to one line of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineAnswer {
    /// A status of 400 or above: the provider bills nothing for it.
    pub refused: bool,
    pub model: Option<String>,
    pub tokens: Option<Tokens>,
    pub tools: ToolCalls,
    /// It is a chat completion.
    pub chat: bool,
}

#[derive(Deserialize)]
struct Object<'o> {
    id: Option<String>,
    status: Option<String>,
    model: Option<String>,
    service_tier: Option<String>,
    #[serde(borrow)]
    usage: Option<&'o RawValue>,
    #[serde(borrow)]
    seconds: Option<&'o RawValue>,
    output_file_id: Option<String>,
    error_file_id: Option<String>,
    request_counts: Option<Counts>,
    expires_at: Option<i64>,
    thread_id: Option<String>,
    eval_id: Option<String>,
    trained_tokens: Option<u64>,
    per_model_usage: Option<Vec<ModelUsage>>,
}

#[derive(Deserialize)]
struct ModelUsage {
    model_name: String,
    prompt_tokens: u64,
    completion_tokens: u64,
    #[serde(default)]
    cached_tokens: u64,
}

#[derive(Deserialize)]
struct Counts {
    completed: Option<u64>,
}

/// Reads a job's object; `None` where it is none.
#[must_use]
pub fn job_object(text: &[u8]) -> Option<JobObject> {
    let object: Object<'_> = serde_json::from_slice(text).ok()?;
    let seconds = object.seconds.map(|raw| raw.get().trim_matches('"'));
    Some(JobObject {
        course: course(object.status.as_deref()?),
        id: object.id,
        model: object.model,
        service_tier: object.service_tier,
        tokens: object.usage.and_then(tokens),
        tools: tools(text),
        media_ms: seconds.and_then(milliseconds).unwrap_or(0),
        files: [object.output_file_id, object.error_file_id].into_iter().flatten().collect(),
        answered: object.request_counts.and_then(|counts| counts.completed),
        expires_at: object.expires_at,
        parent: object.thread_id.or(object.eval_id),
        trained_tokens: object.trained_tokens.filter(|tokens| *tokens < ABSURD),
        of_models: object.per_model_usage.unwrap_or_default().into_iter().map(of_model).collect(),
    })
}

/// No count of tokens is as large (case 34).
const ABSURD: u64 = 1 << 50;

fn of_model(used: ModelUsage) -> Option<(String, Tokens)> {
    let (input, output) = (used.prompt_tokens, used.completion_tokens);
    let credible = input < ABSURD && output < ABSURD && used.cached_tokens <= input;
    let tokens = Tokens { input, output, input_cached: used.cached_tokens, ..Tokens::default() };
    credible.then_some((used.model_name, tokens))
}

fn course(status: &str) -> Course {
    match status {
        "completed" | "incomplete" | "succeeded" => Course::Completed,
        "failed" => Course::Failed,
        // Runs of evals are spelt with one.
        "cancelled" | "canceled" | "expired" => Course::Stopped,
        _ => Course::Running,
    }
}

fn tools(answer: &[u8]) -> ToolCalls {
    let mut calls = ToolCalls::default();
    calls.note(answer);
    calls
}

/// A usage that counts nothing says nothing.
fn tokens(usage: &RawValue) -> Option<Tokens> {
    let counted = parse_usage(usage.get().as_bytes()).ok()?;
    (counted.tokens != Tokens::default()).then_some(counted.tokens)
}

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    response: Option<Response<'l>>,
}

#[derive(Deserialize)]
struct Response<'l> {
    status_code: Option<u16>,
    #[serde(borrow)]
    body: Option<&'l RawValue>,
}

#[derive(Deserialize)]
struct Body<'b> {
    object: Option<String>,
    model: Option<String>,
    #[serde(borrow)]
    usage: Option<&'b RawValue>,
}

/// Reads a line of a batch's output; `None` where it cannot be read.
#[must_use]
pub fn line_answer(line: &[u8]) -> Option<LineAnswer> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let Some(response) = line.response else {
        // It was never sent to a model.
        return Some(LineAnswer { refused: true, ..LineAnswer::default() });
    };
    let refused = response.status_code.is_some_and(|status| status >= 400);
    let body = response.body.and_then(|b| serde_json::from_str::<Body<'_>>(b.get()).ok());
    let tokens = body.as_ref().and_then(|b| b.usage).and_then(tokens);
    let chat = body.as_ref().and_then(|b| b.object.as_deref()) == Some("chat.completion");
    let tools = response.body.map(|b| tools(b.get().as_bytes())).unwrap_or_default();
    Some(LineAnswer { refused, model: body.and_then(|b| b.model), tokens, tools, chat })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_batch_says_what_it_came_to() {
        let batch = job_object(
            br#"{"id":"batch_1","status":"completed","model":"gpt-4o","expires_at":12,
                "output_file_id":"file-o","error_file_id":"file-e",
                "request_counts":{"total":3,"completed":2,"failed":1},
                "usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},
                    "output_tokens":3,"total_tokens":12}}"#,
        )
        .unwrap();
        assert_eq!(batch.course, Course::Completed);
        assert_eq!(batch.tokens.map(|t| (t.input, t.input_cached, t.output)), Some((9, 4, 3)));
        assert_eq!(
            (batch.files, batch.answered),
            (vec!["file-o".into(), "file-e".into()], Some(2))
        );
    }

    #[test]
    fn runs_and_training_say_what_they_came_to() {
        let run = br#"{"id":"run_1","thread_id":"thread_1","status":"completed","model":"gpt-4o",
            "usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}"#;
        let run = job_object(run).unwrap();
        assert_eq!(run.parent.as_deref(), Some("thread_1"));
        assert_eq!(run.tokens.map(|t| (t.input, t.output)), Some((9, 3)));
        let job = br#"{"id":"ftjob-1","status":"succeeded","model":"m","trained_tokens":5768}"#;
        let job = job_object(job).unwrap();
        assert_eq!((job.course, job.trained_tokens), (Course::Completed, Some(5768)));
        let used = |cached: u64| {
            let text = format!(
                r#"{{"status":"canceled","eval_id":"eval_1","per_model_usage":[{{"model_name":"m",
                "invocation_count":1,"prompt_tokens":5,"completion_tokens":2,"total_tokens":7,
                "cached_tokens":{cached}}}]}}"#
            );
            job_object(text.as_bytes()).unwrap()
        };
        let told = used(4);
        assert_eq!((told.course, told.parent.as_deref()), (Course::Stopped, Some("eval_1")));
        let models = told.of_models.unwrap();
        assert_eq!((models[0].0.as_str(), models[0].1.input_cached), ("m", 4));
        assert_eq!(used(6).of_models, None, "more cached than there was");
    }

    #[test]
    fn what_is_not_known_runs_on() {
        for status in ["validating", "queued", "in_progress", "cancelling", "requires_action", "x"]
        {
            let text = format!(r#"{{"status":"{status}","usage":null}}"#);
            let job = job_object(text.as_bytes()).unwrap();
            assert_eq!((job.course, job.tokens), (Course::Running, None));
        }
        assert_eq!(job_object(br#"{"error":{"message":"x"}}"#), None);
        assert_eq!(job_object(b"<html>"), None);
    }

    #[test]
    fn a_videos_seconds_are_digits_in_a_string_or_a_number() {
        for seconds in [r#""8""#, "8"] {
            let text = format!(r#"{{"status":"completed","seconds":{seconds}}}"#);
            assert_eq!(job_object(text.as_bytes()).unwrap().media_ms, 8_000);
        }
    }

    #[test]
    fn case_34_a_usage_of_nothing_is_no_usage() {
        for usage in [r#"{"input_tokens":0,"output_tokens":0}"#, r#"{"input_tokens":-1}"#, "{}"] {
            let text = format!(r#"{{"status":"completed","usage":{usage}}}"#);
            assert_eq!(job_object(text.as_bytes()).unwrap().tokens, None, "{usage}");
        }
    }

    #[test]
    fn lines_are_answered_or_refused() {
        let line = |response: &str| {
            line_answer(format!(r#"{{"id":"b","response":{response}}}"#).as_bytes())
        };
        let good = line(
            r#"{"status_code":200,"body":{"model":"gpt-4o","usage":{"prompt_tokens":2,"completion_tokens":1}}}"#,
        )
        .unwrap();
        assert_eq!(good.model.as_deref(), Some("gpt-4o"));
        assert_eq!(good.tokens.map(|t| (t.input, t.output)), Some((2, 1)));
        assert!(line(r#"{"status_code":400,"body":{"error":{}}}"#).unwrap().refused);
        assert!(line("null").unwrap().refused);
        assert_eq!(line_answer(b"{"), None);
    }
}
