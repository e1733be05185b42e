//! The audit log: written in the transaction of its change, chained line by line, read in pages.

use domain::ports::StoreError;
use domain::{
    AuditActor, AuditEntry, AuditHash, AuditLine, AuditQuery, AuditVerdict, Owner, Paged, ProjectId,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use sha2::{Digest, Sha256};

use super::apply::run;
use super::failure::Failure;
use super::query::{all, id, one, optional_id, optional_text, text, time};
use crate::columns::{actor, owner, unreadable};
use crate::sql;
use crate::sql::audit::Bound;

/// The row of `meta` with the newest line's hash: a log that lost its last lines does not end so.
const HEAD: &str = "audit_head";
/// What the first line follows.
const START: AuditHash = [0; 32];

/// What a line's hash covers, beside the line before it.
struct Covered<'a> {
    at: i64,
    texts: [Option<&'a str>; 9],
}

pub(crate) fn write(db: &Connection, entry: &AuditEntry) -> Result<(), Failure> {
    let (actor_type, actor_id) = actor(&entry.actor);
    let texts = [
        Some(entry.id.as_str()),
        Some(entry.event),
        Some(actor_type),
        actor_id,
        entry.project.as_ref().map(ProjectId::as_str),
        entry.resource.as_deref(),
        Some(entry.payload.as_str()),
        entry.request.as_ref().map(|id| id.as_str()),
        entry.address.as_deref(),
    ];
    let hash = next(&newest(db)?, &Covered { at: entry.at.0, texts });
    let [id, event, actor_type, actor_id, project, resource, payload, request, address] = texts;
    let row = params![
        id, entry.at.0, event, actor_type, actor_id, project, resource, payload, request, address,
        hash
    ];
    run(db, sql::audit::ADD, row)?;
    run(db, sql::PUT_META, params![HEAD, hash])
}

/// The hash that the next line follows. Lines from before the chain are taken into it first.
fn newest(db: &Connection) -> Result<AuditHash, Failure> {
    let found =
        one(db, sql::audit::NEWEST_HASH, [], |row| Ok(row.get::<_, Option<AuditHash>>(0)?))?;
    match found {
        None => Ok(START),
        Some(Some(hash)) => Ok(hash),
        Some(None) => chain_older(db),
    }
}

fn chain_older(db: &Connection) -> Result<AuditHash, Failure> {
    let mut statement = db.prepare(sql::audit::WHOLE)?;
    let mut rows = statement.query([])?;
    let mut hash = START;
    while let Some(row) = rows.next()? {
        hash = next(&hash, &covered(row)?);
        run(db, sql::audit::PUT_HASH, params![hash, row.get::<_, i64>(11)?])?;
    }
    Ok(hash)
}

/// Each text with its length, so that no two lines read the same.
fn next(before: &AuditHash, line: &Covered<'_>) -> AuditHash {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(line.at.to_be_bytes());
    for text in line.texts {
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        hash.update(length.to_be_bytes());
        hash.update(text.unwrap_or_default());
    }
    hash.finalize().into()
}

/// In the order of [`sql::audit::WHOLE`].
fn covered<'a>(row: &'a Row<'_>) -> Result<Covered<'a>, Failure> {
    let mut texts = [None; 9];
    for (place, column) in texts.iter_mut().zip([0, 2, 3, 4, 5, 6, 7, 8, 9]) {
        *place = optional_text(row, column)?;
    }
    Ok(Covered { at: row.get(1)?, texts })
}

pub(crate) fn verify(db: &Connection, known: Option<AuditHash>) -> Result<AuditVerdict, Failure> {
    let head: Option<AuditHash> =
        db.query_row(sql::META, params![HEAD], |row| row.get(0)).optional()?;
    let knows = known.map(|_| false);
    let mut verdict = AuditVerdict { lines: 0, head: None, knows, broken: None };
    let mut statement = db.prepare(sql::audit::WHOLE)?;
    let mut rows = statement.query([])?;
    let mut last = None;
    let mut expected = START;
    while let Some(row) = rows.next()? {
        verdict.lines += 1;
        let found: Option<Vec<u8>> = row.get(10)?;
        // Until a line follows them, lines from before the chain have no hash to be held against.
        if found.is_none() && head.is_none() {
            continue;
        }
        expected = next(&expected, &covered(row)?);
        if found.as_deref() != Some(&expected[..]) {
            verdict.broken =
                Some((id(row, 0)?, "it, or a line before it, was changed or taken out"));
            return Ok(verdict);
        }
        verdict.knows = verdict.knows.map(|knows| knows || known == Some(expected));
        verdict.head = Some(expected);
        last = Some(id(row, 0)?);
    }
    if verdict.head != head {
        let last = last.unwrap_or_else(|| "audit_log-none".into());
        verdict.broken = Some((last, "lines that came after it were taken out"));
    }
    Ok(verdict)
}

/// Newest first, whichever end the page is counted from.
pub(crate) fn page(db: &Connection, query: &AuditQuery) -> Result<Paged<AuditLine>, Failure> {
    let (text, values) = sql::audit::page(query);
    let values = values.into_iter().map(|value| match value {
        Bound::Text(text) => Value::from(text),
        Bound::Number(number) => Value::from(number),
    });
    let mut rows = all(db, &text, params_from_iter(values), read)?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    if sql::audit::from_newer_end(query) {
        rows.reverse();
    }
    Ok(Paged { rows, has_more })
}

fn read(row: &Row<'_>) -> Result<AuditLine, Failure> {
    let actor = match text(row, 3)? {
        "system" => None,
        "api_key" => {
            Some(AuditActor { key: Some(id(row, 4)?), owner: owned(row)?, email: row.get(7)? })
        }
        "user" => {
            let owner = Some(Owner::User(id(row, 4)?));
            Some(AuditActor { key: None, owner, email: row.get(7)? })
        }
        _ => return Err(unreadable("actor").into()),
    };
    let project = optional_id(row, 8)?;
    let name = row.get(9)?;
    Ok(AuditLine {
        id: id(row, 0)?,
        at: time(row, 1)?,
        event: row.get(2)?,
        actor,
        project: project.map(|project| (project, name)),
        payload: row.get(10)?,
        request: optional_id(row, 11)?,
        address: row.get(12)?,
        hash: row.get(13)?,
    })
}

fn owned(row: &Row<'_>) -> Result<Option<Owner>, StoreError> {
    let columns = (optional_text(row, 5), optional_text(row, 6));
    let (Ok(Some(kind)), Ok(Some(id))) = columns else { return Ok(None) };
    owner(kind, id).map(Some)
}
