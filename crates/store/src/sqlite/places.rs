//! Upstreams with their credentials, and routes.

use domain::route::Route;
use domain::{ProjectId, RouteCache, SealedCredential, Upstream, UpstreamId, UpstreamSource};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};

use super::apply::{run, touch};
use super::failure::Failure;
use super::query::{all, id, optional_id, text, time};
use crate::columns::{list, parse_list, unreadable};
use crate::route_columns::{cache, pairs, parse_cache, parse_pairs, parse_targets, targets};
use crate::sql;

type Done = Result<(), Failure>;

pub(crate) fn upstreams(db: &Connection) -> Result<Vec<Upstream>, Failure> {
    let mut upstreams = all(db, sql::UPSTREAMS, [], read_upstream)?;
    let read = |row: &Row<'_>| Ok((id::<UpstreamId>(row, 0)?, read_credential(row)?));
    for (of, credential) in all(db, sql::UPSTREAM_CREDENTIALS, [], read)? {
        if let Some(upstream) = upstreams.iter_mut().find(|upstream| upstream.id == of) {
            upstream.credentials.push(credential);
        }
    }
    Ok(upstreams)
}

pub(crate) fn put_upstream(db: &Connection, upstream: &Upstream) -> Done {
    let row = params![
        upstream.id.as_str(),
        upstream.name,
        upstream.provider,
        upstream.base_url,
        upstream.credentials.first().map(|first| &first.sealed),
        upstream.source.as_str(),
        upstream.unowned_project.as_ref().map(ProjectId::as_str),
        upstream.created_at.0,
        upstream.enabled,
        upstream.api_version,
        pairs(&upstream.headers),
    ];
    run(db, sql::PUT_UPSTREAM, row)?;
    run(db, sql::REMOVE_UPSTREAM_CREDENTIALS, params![upstream.id.as_str()])?;
    for (ordinal, credential) in upstream.credentials.iter().enumerate() {
        let row = params![
            credential.id.as_str(),
            upstream.id.as_str(),
            i64::try_from(ordinal).unwrap_or(i64::MAX),
            credential.sealed,
            credential.last_four,
            credential.weight,
            credential.created_at.0,
        ];
        run(db, sql::PUT_UPSTREAM_CREDENTIAL, row)?;
    }
    Ok(())
}

pub(crate) fn remove_upstream(db: &Connection, id: &UpstreamId) -> Done {
    run(db, sql::REMOVE_UPSTREAM_CREDENTIALS, params![id.as_str()])?;
    touch(db, sql::REMOVE_UPSTREAM, params![id.as_str()])
}

pub(crate) fn routes(db: &Connection) -> Result<Vec<Route>, Failure> {
    all(db, sql::ROUTES, [], read_route)
}

pub(crate) fn put_route(db: &Connection, route: &Route) -> Done {
    let row = params![
        route.id.as_str(),
        route.project.as_ref().map_or("", ProjectId::as_str),
        route.model,
        list(route.aliases.iter().cloned()),
        targets(&route.targets),
        route.deny,
        list(route.deny_upstreams.iter().cloned()),
        route.source.as_str(),
        route.created_at.0,
        cache(&route.cache),
    ];
    run(db, sql::PUT_ROUTE, row)
}

fn read_upstream(row: &Row<'_>) -> Result<Upstream, Failure> {
    Ok(Upstream {
        id: id(row, 0)?,
        name: row.get(1)?,
        provider: row.get(2)?,
        base_url: row.get(3)?,
        credentials: Vec::new(),
        source: source(row, 4)?,
        unowned_project: optional_id(row, 5)?,
        created_at: time(row, 6)?,
        enabled: row.get(7)?,
        api_version: row.get(8)?,
        headers: parse_pairs(text(row, 9)?)?,
    })
}

fn read_credential(row: &Row<'_>) -> Result<SealedCredential, Failure> {
    Ok(SealedCredential {
        id: id(row, 1)?,
        sealed: row.get(2)?,
        last_four: row.get(3)?,
        weight: row.get(4)?,
        created_at: time(row, 5)?,
    })
}

fn read_route(row: &Row<'_>) -> Result<Route, Failure> {
    let project = text(row, 1)?;
    Ok(Route {
        id: id(row, 0)?,
        project: (!project.is_empty()).then(|| project.into()),
        model: row.get(2)?,
        aliases: parse_list(text(row, 3)?)?,
        targets: parse_targets(text(row, 4)?)?,
        deny: row.get(5)?,
        deny_upstreams: parse_list(text(row, 6)?)?,
        source: source(row, 7)?,
        created_at: time(row, 8)?,
        cache: match row.get_ref(9)? {
            ValueRef::Null => RouteCache::default(),
            _ => parse_cache(text(row, 9)?)?,
        },
    })
}

fn source(row: &Row<'_>, column: usize) -> Result<UpstreamSource, Failure> {
    Ok(UpstreamSource::parse(text(row, column)?).ok_or_else(|| unreadable("source"))?)
}
