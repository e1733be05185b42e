//! `/tollgate/v1/routes`: what public model names stand for.

use control::RouteState;
use domain::{ProjectId, RouteId};
use openai::admin::{Deleted, List, Route, RouteTest};

use crate::call::AdminCall;
use crate::place_body;
use crate::reply::{Answer, json};

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let project = call.query.one("project_id")?.map(ProjectId::from);
    let routes = call.control.list_routes(project.as_ref()).await?;
    json(&List::of(routes.iter().map(shape).collect(), false))
}

pub(super) async fn create(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = place_body::route(&mut fields)?;
    fields.finish()?;
    json(&shape(&call.control.create_route(&call.author, draft).await?))
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    json(&shape(&call.control.route(&RouteId::from(call.place())).await?))
}

pub(super) async fn update(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = place_body::route(&mut fields)?;
    fields.finish()?;
    let id = RouteId::from(call.place());
    json(&shape(&call.control.update_route(&call.author, &id, draft).await?))
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let id = RouteId::from(call.place());
    call.control.remove_route(&call.author, &id).await?;
    json(&Deleted::new("tollgate.route.deleted", id.as_str()))
}

/// `{"model": "…", "project_id": "…"}`: sends nothing, says what would be done.
pub(super) async fn test(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let model = fields.required_name("model")?;
    let project = fields.name("project_id")?.map(ProjectId::from);
    fields.finish()?;
    let explained = call.control.explain_route(project.as_ref(), &model).await?;
    json(&RouteTest::new(&model, &explained))
}

fn shape(state: &RouteState) -> Route<'_> {
    Route::new(&state.route, &state.missing)
}
