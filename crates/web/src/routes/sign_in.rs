//! `/tollgate/v1/sign_in`: who may make an account, and what everybody must have shown.

use domain::{PhonePolicy, SignUp};
use openai::admin::SignInSettings;

use crate::call::AdminCall;
use crate::reply::{Answer, json};

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    let sign_up = call.control.sign_up_policy().await?;
    let phone = call.control.phone_policy().await?;
    let checks = call.control.checks_phones();
    json(&SignInSettings::new(sign_up.as_str(), phone.as_str(), checks))
}

/// What is not named stays as it is.
pub(super) async fn set(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let sign_up = fields.word("sign_up", &SignUp::ALL.map(SignUp::as_str))?;
    let phone = fields.word("phone_check", &PhonePolicy::ALL.map(PhonePolicy::as_str))?;
    fields.finish()?;
    // First what may be refused.
    if let Some(policy) = phone.and_then(PhonePolicy::parse) {
        call.control.set_phone_policy(&call.author, policy).await?;
    }
    if let Some(policy) = sign_up.and_then(SignUp::parse) {
        call.control.set_sign_up_policy(&call.author, policy).await?;
    }
    get(call).await
}
