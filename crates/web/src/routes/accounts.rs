//! `/tollgate/v1/setup_link`, `/tollgate/v1/mail`: the operator's help for people who cannot sign
//! in yet.

use control::SETUP_LINK_SECONDS;
use domain::Fault;
use domain::fault::catalogue;
use openai::admin::{KeptMail, KeptMails, SetupLink};

use crate::call::AdminCall;
use crate::reply::{Answer, secret_json};
use crate::reveal;

pub(super) async fn setup_link(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let made = call.control.setup_address(&call.author).await?;
    let url = made.ok_or_else(|| {
        let why = "There is an owner already. Whoever has lost their password asks for a new one \
                   on the sign-in page.";
        Fault::because(&catalogue::CONFLICT, why)
    })?;
    secret_json(&SetupLink::new(reveal::token(&url), SETUP_LINK_SECONDS))
}

pub(super) async fn mail(call: &AdminCall<'_>) -> Answer {
    let kept = call.control.kept_mail(&call.author)?;
    let shapes =
        kept.iter().map(|it| KeptMail::new(&it.to, &it.subject, &it.text, it.at.seconds()));
    secret_json(&KeptMails::new(shapes.collect()))
}
