//! To a provider of identities and back.

use control::{CameBack, FromProvider, ToProvider};

use domain::Fault;
use domain::fault::catalogue;

use super::super::cookies::SetCookie;
use super::super::guard;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::door::need_safe;
use super::second_factor;
use super::sign_in::way_back;

/// `GET /sign-in/with/{provider}`: a link, not a form, since forms of ours lead nowhere else.
pub(crate) async fn begin(visit: &Visit<'_>) -> Shown {
    need_safe(visit)?;
    let back = way_back(visit.query.text("back")).unwrap_or("/");
    let name: String = visit.id(0);
    Ok(leave(visit.control.begin_oidc(&name, None, back).await?))
}

/// The same, of somebody who is signed in and wants one more way in.
pub(crate) async fn begin_link(visit: &Visit<'_>) -> Shown {
    need_safe(visit)?;
    // It begins to change an account, and no page but ours may have it do so.
    if guard::is_led_here(visit.request) {
        return Err(Fault::new(&catalogue::CSRF_REJECTED));
    }
    let name: String = visit.id(0);
    let to = visit.control.begin_oidc(&name, Some(visit.who()?), "/account").await?;
    Ok(leave(to))
}

pub(crate) async fn finish(visit: &Visit<'_>) -> Shown {
    let (name, query): (String, _) = (visit.id(0), &visit.query);
    let brought = FromProvider {
        provider: &name,
        held: visit.cookies.oidc.as_ref(),
        state: query.text("state"),
        code: query.secret("code"),
        issuer: query.some("iss"),
        error: query.some("error"),
    };
    let page = match visit.control.finish_oidc(&visit.visitor(), brought).await? {
        CameBack::Linked => Page::to("/account").saying("The provider is linked."),
        CameBack::In(opened, back) if opened.session.half => {
            second_factor::instead_of_home(visit, opened.secret, &back, None)?
        }
        CameBack::In(opened, back) => Page::to(&back).setting(SetCookie::Session(opened.secret)),
    };
    Ok(page.setting(SetCookie::EndOidc))
}

pub(crate) async fn unlink(visit: &Visit<'_>) -> Shown {
    let issuer = visit.form.text("issuer");
    visit.control.unlink_identity(&visit.visitor(), visit.who()?, issuer).await?;
    Ok(Page::to("/account").saying("The provider is no longer a way in."))
}

fn leave(to: ToProvider) -> Page {
    Page::to(&to.url).setting(SetCookie::Oidc(to.secret))
}
