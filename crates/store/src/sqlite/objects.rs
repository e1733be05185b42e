//! Who owns which object.

use domain::ports::{Objects, StoreResult};
use domain::{ObjectKind, ObjectRecord, ProjectId, UpstreamId};
use rusqlite::params;

use super::query::{id, one};
use super::{Store, snapshot};
use crate::sql;

impl Objects for Store {
    fn owners(
        &self,
        upstream: UpstreamId,
        objects: Vec<String>,
    ) -> StoreResult<'_, Vec<Option<ProjectId>>> {
        self.lookups.ask(move |db| {
            snapshot(db, |db| {
                let owner_of = |object: &String| {
                    one(db, sql::OBJECT_OWNER, params![upstream.as_str(), object], |r| id(r, 0))
                };
                objects.iter().map(owner_of).collect()
            })
        })
    }

    fn claim(&self, records: Vec<ObjectRecord>) -> StoreResult<'_, ()> {
        self.writer.write(move |db| {
            let mut claim = db.prepare_cached(sql::CLAIM_OBJECT)?;
            for record in &records {
                claim.execute(params![
                    record.upstream.as_str(),
                    record.object,
                    record.kind.as_str(),
                    record.project.as_str(),
                    record.created_at.0,
                ])?;
            }
            Ok(())
        })
    }

    fn forget(&self, upstream: UpstreamId, object: String) -> StoreResult<'_, ()> {
        self.writer.write(move |db| {
            let mut forget = db.prepare_cached(sql::FORGET_OBJECT)?;
            forget.execute(params![upstream.as_str(), object])?;
            Ok(())
        })
    }

    fn count(
        &self,
        upstream: UpstreamId,
        project: ProjectId,
        kind: ObjectKind,
    ) -> StoreResult<'_, u64> {
        self.lookups.ask(move |db| {
            let of = params![project.as_str(), upstream.as_str(), kind.as_str()];
            let count: Option<i64> = one(db, sql::COUNT_OBJECTS, of, |row| Ok(row.get(0)?))?;
            Ok(count.unwrap_or_default().cast_unsigned())
        })
    }
}
