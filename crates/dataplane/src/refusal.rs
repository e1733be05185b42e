//! Faults that several stages share.

use std::borrow::Cow;

use domain::ports::StoreError;
use domain::{Fault, ObjectKind, fault::catalogue};
use openai::view::{AccountWide, BadBody};

/// The store did not answer: nothing is sent.
pub(crate) fn store(error: &StoreError) -> Fault {
    tracing::error!(%error, "the store did not answer a call's question");
    Fault::new(&catalogue::LEDGER_UNAVAILABLE).retry_after_ms(1_000)
}

/// What a project is told of an object that is not its own: the same whether it exists or not.
pub(crate) fn no_such(kind: ObjectKind, id: &str) -> Fault {
    let noun = kind.as_str().replace('_', " ");
    let id: String = id.chars().take(128).collect();
    Fault::because(&catalogue::NOT_FOUND, format!("No such {noun}: '{id}'.")).param("id")
}

pub(crate) fn body(bad: &BadBody) -> Fault {
    let entry = &catalogue::INVALID_JSON;
    match bad {
        BadBody::Invalid(invalid) => Fault::because(
            entry,
            format!(
                "We could not parse the JSON body of your request: {} (byte {}).",
                invalid.why, invalid.at
            ),
        ),
        BadBody::NotAnObject => {
            Fault::because(entry, "The JSON body of your request must be an object.")
        }
        BadBody::Duplicate(name) => {
            Fault::because(entry, format!("The JSON body has the key `{name}` twice.")).param(*name)
        }
        BadBody::Ambiguous(name) => {
            let why = format!("The JSON body has a key that differs from `{name}` only in case.");
            Fault::because(entry, why).param(*name)
        }
        BadBody::Forbidden(name) => Fault::because(
            &catalogue::FIELD_NOT_ALLOWED,
            format!("`{name}` is not allowed: a caller may not choose the host."),
        )
        .param(*name),
        BadBody::TooManyReferences => {
            Fault::because(&catalogue::INVALID_VALUE, "The body names too many objects.")
        }
    }
}

/// A source of data that the provider fills from the whole account: nobody there knows projects.
pub(crate) fn account_wide(wide: &AccountWide) -> Fault {
    let why = format!(
        "`{}` '{}' is not allowed: it reads stored completions of the whole account, which would \
         cross projects. Give the data in the body or name a file.",
        wide.field, wide.kind
    );
    Fault::because(&catalogue::FIELD_NOT_ALLOWED, why).param(wide.field)
}

/// A key whose policy does not hold the model.
pub(crate) fn tool_not_allowed(tool: &str, project: &str) -> Fault {
    let message = format!("Project `{project}` does not have access to the hosted tool `{tool}`");
    Fault::because(&catalogue::TOOL_NOT_ALLOWED, message).param("tools")
}

pub(crate) fn model_not_allowed(model: &str, project: &str) -> Fault {
    let model: Cow<'_, str> = if model.is_empty() { "(none named)".into() } else { model.into() };
    let message = format!("Project `{project}` does not have access to model `{model}`");
    Fault::because(&catalogue::MODEL_NOT_ALLOWED, message)
}
