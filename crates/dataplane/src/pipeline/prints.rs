//! What a call asks, as keyed hashes: so that `tollgate advise` can tell which calls came again,
//! without a word of them being written down. Only where the operator has turned it on.

use domain::advice::Prints;
use openai::kept;
use openai::surface::Operation;
use openai::view::Field;

use super::Taken;
use crate::permit::Permit;
use crate::shared::Dataplane;

/// Bytes of what is said that make a prefix.
const PREFIX: usize = 4_096;

pub(super) fn of(
    shared: &Dataplane,
    permit: &Permit,
    operation: &Operation,
    taken: &Taken,
) -> Option<Prints> {
    if !shared.settings.prompt_hashes || permit.key.keeps_nothing() {
        return None;
    }
    let Taken::Json(body, view) = taken else { return None };
    // Only calls whose answers a cache may keep: others cannot be saved.
    let (_, canonical) = kept::request::look(operation, view, body)?;
    let print = |context: &str, text: &[u8]| {
        let mut making = shared.vault.fingerprint(context);
        making.part(permit.project.as_str().as_bytes());
        making.part(operation.id.as_bytes());
        making.update(text);
        let [a, b, c, d, e, f, g, h, ..] = making.finish().0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    };
    let said = [Field::Messages, Field::Input, Field::Prompt].into_iter();
    let said = said.filter_map(|field| view.spend.value(field)).next();
    let prefix = said.and_then(|span| body[span].get(..PREFIX));
    Some(Prints {
        prompt: print("prompt", &canonical.0),
        prefix: prefix.map(|text| print("prompt prefix", text)),
    })
}
