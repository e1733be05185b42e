//! From a request to its handler: one order for every path.

use control::{AdminCaller, Attempt, Author, Control, Doctor, KeyedCaller};
use domain::fault::catalogue;
use domain::{Actor, Fault, KeyView, ProjectId, Scope};
use http::{Method, header};
use openai::target::{self, BadTarget};

use crate::ApiRequest;
use crate::call::{AdminCall, HolderCall, KeyedCall, OpenCall};
use crate::credentials;
use crate::query::Query;
use crate::reply::Answer;
use crate::routes::{self, Route, Serve};

/// How much of a path an error repeats.
const LONGEST_ECHO: usize = 256;

/// Who called, and the routes that they meant.
pub(crate) enum Admitted {
    Holder(Box<KeyView>, Matching),
    Admin(AdminCaller, Matching),
    Keyed(Box<KeyedCaller>, Scope, Matching),
    Open(Matching),
    Anyone(Matching),
}

/// Lets the caller in by the head alone; the body is not looked at.
pub(crate) async fn admit(control: &Control, request: &ApiRequest<'_>) -> Result<Admitted, Fault> {
    // Refuses what two readers could understand differently, so that the path which is
    // authorised is the path which is routed (case 10), and keys in URLs (case 8).
    target::check(request.path, request.query).map_err(|bad| match bad {
        BadTarget::Path => Fault::new(&catalogue::BAD_REQUEST_TARGET),
        BadTarget::KeyInQuery => Fault::new(&catalogue::KEY_IN_QUERY_NOT_ALLOWED),
    })?;
    let matching = Matching::of(request);
    match matching.caller() {
        Caller::Anyone => return Ok(Admitted::Anyone(matching)),
        Caller::Open(may) => {
            may(&OpenCall { control, request })?;
            return Ok(Admitted::Open(matching));
        }
        _ => {}
    }
    let presented = credentials::presented(request.headers)?;
    let admitted = by_key(control, request, presented, matching).await;
    admitted.inspect_err(|fault| {
        // What nobody may know of: to whoever shows it, it is a wrong key like any other.
        let target = format!("{} {}", request.method, request.path);
        let agent = request.headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok());
        let said = [target.as_str(), agent.unwrap_or_default()];
        control.look_for_honeytoken(fault, presented, request.address, said);
    })
}

/// The caller comes before the answer of the route: without a key every path is 401, whether it
/// exists or not.
async fn by_key(
    control: &Control,
    request: &ApiRequest<'_>,
    presented: Option<&str>,
    matching: Matching,
) -> Result<Admitted, Fault> {
    match matching.caller() {
        Caller::Holder => {
            let key = control.authenticate_holder(presented, request.address).await?;
            Ok(Admitted::Holder(Box::new(key), matching))
        }
        Caller::Anyone | Caller::Open(_) => Ok(Admitted::Anyone(matching)),
        Caller::Keyed(needed) => {
            let caller = control.authenticate_any(presented, request.address, needed).await?;
            Ok(Admitted::Keyed(Box::new(caller), needed, matching))
        }
        Caller::Admin(needed) => {
            let (project, attempt) = (matching.project(), attempt(request));
            let admin = control.authenticate_admin(presented, needed, project.as_ref(), attempt);
            let caller = admin.await?;
            Ok(Admitted::Admin(caller, matching))
        }
    }
}

pub(crate) async fn dispatch(
    control: &Control,
    doctor: Option<&dyn Doctor>,
    request: &ApiRequest<'_>,
) -> Answer {
    match admit(control, request).await? {
        Admitted::Anyone(matching) => {
            let (route, _) = matching.route(request)?;
            let Serve::Anyone(handler) = route.serve else { return Err(no_such_url(request)) };
            handler().await
        }
        Admitted::Open(matching) => {
            let (route, _) = matching.route(request)?;
            let Serve::Signed(_, handler) = route.serve else { return Err(no_such_url(request)) };
            handler(&OpenCall { control, request }).await
        }
        Admitted::Keyed(who, needed, matching) => {
            let (route, _) = matching.route(request)?;
            let Serve::Keyed(_, handler) = route.serve else { return Err(no_such_url(request)) };
            handler(&KeyedCall { control, who: *who, needed, request }).await
        }
        Admitted::Holder(key, matching) => {
            let (route, _) = matching.route(request)?;
            let Serve::Holder(handler) = route.serve else { return Err(no_such_url(request)) };
            handler(&HolderCall { control, key: *key }).await
        }
        Admitted::Admin(caller, matching) => {
            let project = matching.project();
            let (route, ids) = matching.route(request)?;
            let Serve::Admin(_, handler) = route.serve else { return Err(no_such_url(request)) };
            let author = Author {
                actor: Actor::AdminKey(caller.key.clone()),
                request: Some(request.request_id.clone()),
                address: Some(request.address),
                authority: caller.authority,
            };
            let query = Query::parse(request.query)?;
            let answer = handler(&AdminCall { control, author, doctor, ids, query, request }).await;
            if let Err(fault) = &answer {
                let (key, project) = (&caller.key, project.as_ref());
                control.note_denied(key, project, attempt(request), fault).await;
            }
            answer
        }
    }
}

fn attempt<'a>(request: &'a ApiRequest<'_>) -> Attempt<'a> {
    Attempt {
        method: request.method.as_str(),
        path: request.path,
        request: &request.request_id,
        address: request.address,
    }
}

enum Caller {
    Admin(Scope),
    Holder,
    Keyed(Scope),
    Open(fn(&OpenCall<'_>) -> Result<(), Fault>),
    Anyone,
}

/// The routes of a path, by any method, and the ids in it.
pub(crate) struct Matching {
    routes: Vec<&'static Route>,
    ids: Vec<String>,
    method: Method,
}

impl Matching {
    fn of(request: &ApiRequest<'_>) -> Self {
        let mut matching =
            Self { routes: Vec::new(), ids: Vec::new(), method: request.method.clone() };
        for route in routes::ALL {
            if let Some(ids) = ids_of(route.template, request.path) {
                matching.routes.push(route);
                matching.ids = ids;
            }
        }
        matching
    }

    /// Who may ask; for a path or method that is not there, whoever might ask for one like it.
    fn caller(&self) -> Caller {
        let exact = self.routes.iter().find(|route| route.method == self.method);
        // Of what anyone may read, another method is nobody's.
        let is_open = |serve: &Serve| matches!(serve, Serve::Anyone(_) | Serve::Signed(..));
        let like = self.routes.first().filter(|it| !is_open(&it.serve));
        match exact.or(like).map(|route| &route.serve) {
            Some(Serve::Anyone(_)) => Caller::Anyone,
            Some(Serve::Signed(may, _)) => Caller::Open(*may),
            Some(Serve::Holder(_)) => Caller::Holder,
            Some(Serve::Keyed(scope, _)) => Caller::Keyed(*scope),
            Some(Serve::Admin(scope, _)) => Caller::Admin(*scope),
            None if self.method == Method::GET => Caller::Admin(routes::READ),
            None => Caller::Admin(routes::WRITE),
        }
    }

    /// The project that the path is about: a role in it counts there.
    fn project(&self) -> Option<ProjectId> {
        let of_project = |route: &&&Route| route.template.contains("/projects/{project_id}");
        self.routes.iter().find(of_project)?;
        self.ids.first().map(|id| id.as_str().into())
    }

    fn route(self, request: &ApiRequest<'_>) -> Result<(&'static Route, Vec<String>), Fault> {
        if self.routes.is_empty() {
            return Err(no_such_url(request));
        }
        let found = self.routes.iter().find(|route| route.method == self.method);
        found.map(|route| (*route, self.ids)).ok_or_else(|| {
            let message = format!(
                "Not allowed to {} on {}. (HINT: Perhaps you meant to use a different HTTP method?)",
                request.method,
                echo(request.path)
            );
            Fault::because(&catalogue::METHOD_NOT_ALLOWED, message)
        })
    }
}

/// The `Allow` header of a path that is there.
pub(crate) fn allow(path: &str) -> Option<(http::HeaderName, http::HeaderValue)> {
    let fits = |route: &&Route| ids_of(route.template, path).is_some();
    let methods: Vec<&str> =
        routes::ALL.iter().filter(fits).map(|route| route.method.as_str()).collect();
    let value = http::HeaderValue::from_str(&methods.join(", ")).ok()?;
    Some((http::header::ALLOW, value))
}

/// The ids of a path that fits a template: `{…}` takes one segment that is not empty, `{…...}` at
/// the end all of them.
fn ids_of(template: &str, path: &str) -> Option<Vec<String>> {
    let mut ids = Vec::new();
    let mut given = path.split('/');
    for wanted in template.split('/') {
        let segment = given.next()?;
        if !wanted.starts_with('{') {
            if segment != wanted {
                return None;
            }
            continue;
        }
        if wanted.ends_with("...}") {
            let rest = std::iter::once(segment).chain(given.by_ref()).map(target::decode);
            let rest = rest.collect::<Option<Vec<_>>>()?.join("/");
            ids.push(Some(rest).filter(|rest| !rest.is_empty())?);
            break;
        }
        let id = target::decode(segment).filter(|id| !id.is_empty())?;
        ids.push(id.into_owned());
    }
    given.next().is_none().then_some(ids)
}

fn no_such_url(request: &ApiRequest<'_>) -> Fault {
    let message = format!("Invalid URL ({} {})", request.method, echo(request.path));
    Fault::because(&catalogue::NOT_FOUND, message)
}

/// A path that passed the check is ASCII, so it can be cut anywhere.
fn echo(path: &str) -> &str {
    path.get(..LONGEST_ECHO).unwrap_or(path)
}
