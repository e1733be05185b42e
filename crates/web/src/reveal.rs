//! The one place where a new secret leaves: in the reply to whoever made it.

use control::MadeKey;
use openai::admin::Revealed;

/// A shape with the secret beside it. The reply must be `reply::secret_json`.
pub(crate) fn reveal<T>(shape: T, made: &MadeKey) -> Revealed<T> {
    Revealed { shape, value: made.secret.expose().to_owned() }
}
