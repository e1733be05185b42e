//! What we note of an answer: found by scanning bytes as they pass, without building trees.

mod derived;
mod job;
mod quick;
mod scan;
mod text;
mod tools;
mod usage;

pub use derived::{Derived, derived};
pub use job::{Course, JobObject, LineAnswer, job_object, line_answer};
pub use quick::Seen;
pub use scan::{Noted, Scan};
pub use text::{delta_text, input_text, most_tokens, output_text};
pub use tools::ToolCalls;
pub use usage::{BadUsage, Counted, parse_usage};
