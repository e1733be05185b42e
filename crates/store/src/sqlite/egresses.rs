//! Egresses, their proxies, and who takes which.

use domain::{
    Egress, EgressBook, EgressSource, EgressUser, Proxy, ProxyAddress, ProxyChoice, SealedEgress,
    SealedEgressBook, SessionBy,
};
use rusqlite::{Connection, Row, params};

use super::apply::{conflict, run, touch};
use super::failure::Failure;
use super::query::{all, id, text, time};
use crate::columns::unreadable;
use crate::sql;

type Done = Result<(), Failure>;

const UPSTREAM: &str = "upstream";
const PROJECT: &str = "project";

pub(crate) fn egresses(db: &Connection) -> Result<SealedEgressBook, Failure> {
    let mut found = all(db, sql::EGRESSES, [], egress)?;
    for egress in &mut found {
        egress.proxies = all(db, sql::EGRESS_PROXIES, params![egress.name], proxy)?;
    }
    Ok(EgressBook { egresses: found, uses: all(db, sql::EGRESS_USES, [], usage)? })
}

fn egress(row: &Row<'_>) -> Result<SealedEgress, Failure> {
    let choice = ProxyChoice::parse(text(row, 1)?).ok_or_else(|| unreadable("choice"))?;
    let session = SessionBy::parse(text(row, 2)?).ok_or_else(|| unreadable("session"))?;
    Ok(Egress {
        name: row.get(0)?,
        source: EgressSource::Api,
        proxies: Vec::new(),
        choice,
        session,
        allow_direct: row.get(3)?,
        default: row.get(4)?,
        proxy_resolves: text(row, 5)?.split_whitespace().map(str::to_owned).collect(),
        health_url: row.get(6)?,
        created_at: time(row, 7)?,
    })
}

fn proxy(row: &Row<'_>) -> Result<Proxy<Vec<u8>>, Failure> {
    let address = ProxyAddress::parse(text(row, 0)?).map_err(|_| unreadable("url"))?;
    Ok(Proxy { address, credential: row.get(1)? })
}

fn usage(row: &Row<'_>) -> Result<(EgressUser, String), Failure> {
    let user = match text(row, 0)? {
        UPSTREAM => EgressUser::Upstream(id(row, 1)?),
        PROJECT => EgressUser::Project(id(row, 1)?),
        _ => return Err(unreadable("kind").into()),
    };
    Ok((user, row.get(2)?))
}

pub(crate) fn put(db: &Connection, egress: &SealedEgress) -> Done {
    let row = params![
        egress.name,
        egress.choice.as_str(),
        egress.session.as_str(),
        egress.allow_direct,
        egress.default,
        egress.proxy_resolves.join(" "),
        egress.health_url,
        egress.created_at.0,
    ];
    run(db, sql::PUT_EGRESS, row)?;
    run(db, sql::REMOVE_EGRESS_PROXIES, params![egress.name])?;
    for (position, proxy) in (0_i64..).zip(&egress.proxies) {
        let url = proxy.address.to_string();
        run(db, sql::PUT_EGRESS_PROXY, params![egress.name, position, url, proxy.credential])?;
    }
    Ok(())
}

pub(crate) fn remove(db: &Connection, name: &str) -> Done {
    touch(db, sql::REMOVE_EGRESS, params![name])?;
    run(db, sql::REMOVE_EGRESS_PROXIES, params![name])
}

pub(crate) fn set_use(db: &Connection, user: &EgressUser, egress: Option<&str>) -> Done {
    let (kind, id) = match user {
        EgressUser::Upstream(id) => (UPSTREAM, id.as_str()),
        EgressUser::Project(id) => (PROJECT, id.as_str()),
        EgressUser::UpstreamNamed(_) => return conflict("only the config file knows it by name"),
    };
    match egress {
        Some(egress) => run(db, sql::PUT_EGRESS_USE, params![kind, id, egress]),
        None => run(db, sql::REMOVE_EGRESS_USE, params![kind, id]),
    }
}
