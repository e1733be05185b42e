//! Certificates that clients are held against, and where they are active.

use std::sync::Arc;

use domain::ports::{Certificates, StoreError, StoreResult};
use domain::{
    Certificate, CertificateChange, CertificateId, KeyView, PageQuery, Paged, PlacedCertificate,
    ProjectId, TrustedCertificate,
};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

use super::apply::{conflict, live_project, run, touch};
use super::failure::Failure;
use super::people::read_ordered;
use super::query::{all, id, one, text, time};
use super::{Store, snapshot};
use crate::sql::certificates as sql;

/// The organization's place.
const ORGANIZATION: &str = "";

impl Certificates for Store {
    fn certificate(&self, id: CertificateId) -> StoreResult<'_, Option<Certificate>> {
        self.reports.ask(move |db| one(db, sql::CERTIFICATE, params![id.as_str()], read))
    }

    fn certificates(
        &self,
        place: Option<ProjectId>,
        page: PageQuery,
    ) -> StoreResult<'_, Paged<PlacedCertificate>> {
        self.reports.ask(move |db| {
            let of = vec![Value::from(name_of(place.as_ref()).to_owned())];
            read_ordered(db, &sql::page(&page), of, &page, read_placed)
        })
    }

    fn certificates_named(
        &self,
        place: Option<ProjectId>,
        ids: Vec<CertificateId>,
    ) -> StoreResult<'_, Vec<PlacedCertificate>> {
        self.reports.ask(move |db| {
            snapshot(db, |db| {
                let (query, place) = (sql::named(), name_of(place.as_ref()));
                let named = |id: &CertificateId| {
                    one(db, &query, params![place, id.as_str()], read_placed).transpose()
                };
                ids.iter().filter_map(named).collect()
            })
        })
    }

    fn certificate_places(&self, id: CertificateId) -> StoreResult<'_, Vec<Option<ProjectId>>> {
        self.reports.ask(move |db| {
            all(db, sql::PLACES, params![id.as_str()], |row| {
                Ok(Some(text(row, 0)?).filter(|place| *place != ORGANIZATION).map(ProjectId::from))
            })
        })
    }
}

/// What a key's calls are held against; `None` where nothing is active.
pub(crate) fn trusted(
    db: &Connection,
    key: &KeyView,
) -> Result<Option<Arc<[TrustedCertificate]>>, Failure> {
    let Some(project) = &key.project else { return Ok(None) };
    let found = all(db, sql::TRUSTED, params![project.as_str()], |row| {
        Ok(TrustedCertificate {
            der: row.get(0)?,
            valid_at: time(row, 1)?,
            expires_at: time(row, 2)?,
            is_authority: row.get(3)?,
        })
    })?;
    Ok((!found.is_empty()).then(|| found.into()))
}

pub(crate) fn apply(db: &Connection, change: &CertificateChange) -> Result<(), Failure> {
    match change {
        CertificateChange::Upload(certificate) => upload(db, certificate),
        CertificateChange::Rename { id, name } => {
            touch(db, sql::RENAME, params![name, id.as_str()])
        }
        CertificateChange::Delete(id) => {
            let active = one(db, sql::PLACES, params![id.as_str()], |_| Ok(()))?;
            match active {
                Some(()) => conflict("the certificate is active"),
                None => touch(db, sql::DELETE, params![id.as_str()]),
            }
        }
        CertificateChange::Activate { place, ids } => each(db, place.as_ref(), ids, sql::ACTIVATE),
        CertificateChange::Deactivate { place, ids } => {
            each(db, place.as_ref(), ids, sql::DEACTIVATE)
        }
    }
}

/// Of a project that ends: a certificate that is active nowhere else may go.
pub(crate) fn deactivate_all(db: &Connection, project: &ProjectId) -> Result<(), Failure> {
    run(db, sql::DEACTIVATE_ALL, params![project.as_str()])
}

fn upload(db: &Connection, certificate: &Certificate) -> Result<(), Failure> {
    let row = params![
        certificate.id.as_str(),
        certificate.name,
        certificate.created_at.0,
        certificate.valid_at.0,
        certificate.expires_at.0,
        certificate.is_authority,
        certificate.content,
        certificate.der,
        Certificate::MOST,
    ];
    match db.prepare_cached(sql::UPLOAD)?.execute(row)? {
        0 => conflict("there are as many certificates as there may be"),
        _ => Ok(()),
    }
}

fn each(
    db: &Connection,
    place: Option<&ProjectId>,
    ids: &[CertificateId],
    query: &str,
) -> Result<(), Failure> {
    if let Some(project) = place {
        live_project(db, project)?;
    }
    for id in ids {
        let there = one(db, sql::CERTIFICATE, params![id.as_str()], |_| Ok(()))?;
        there.ok_or(StoreError::NotFound)?;
        run(db, query, params![name_of(place), id.as_str()])?;
    }
    Ok(())
}

fn name_of(place: Option<&ProjectId>) -> &str {
    place.map_or(ORGANIZATION, ProjectId::as_str)
}

fn read(row: &Row<'_>) -> Result<Certificate, Failure> {
    Ok(Certificate {
        id: id(row, 0)?,
        name: row.get(1)?,
        created_at: time(row, 2)?,
        valid_at: time(row, 3)?,
        expires_at: time(row, 4)?,
        is_authority: row.get(5)?,
        content: row.get(6)?,
        der: row.get(7)?,
    })
}

fn read_placed(row: &Row<'_>) -> Result<PlacedCertificate, Failure> {
    Ok(PlacedCertificate {
        id: id(row, 0)?,
        name: row.get(1)?,
        created_at: time(row, 2)?,
        valid_at: time(row, 3)?,
        expires_at: time(row, 4)?,
        active: row.get(5)?,
    })
}
