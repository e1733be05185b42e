//! Price rows and imported price files.

use domain::price::{ImportState, PriceImport, PriceRow};
use rusqlite::{Connection, params};

use super::apply::run;
use super::failure::Failure;
use super::query::{all, text, time};
use crate::columns::unreadable;
use crate::sql;

pub(crate) fn rows(db: &Connection) -> Result<Vec<PriceRow>, Failure> {
    all(db, sql::PRICES, [], |row| {
        Ok(PriceRow { model: row.get(0)?, text: row.get(1)?, updated_at: time(row, 2)? })
    })
}

pub(crate) fn imports(db: &Connection) -> Result<Vec<PriceImport>, Failure> {
    all(db, sql::PRICE_IMPORTS, [], |row| {
        let state = ImportState::parse(text(row, 0)?).ok_or_else(|| unreadable("import"))?;
        Ok(PriceImport { state, text: row.get(1)?, imported_at: time(row, 2)? })
    })
}

pub(crate) fn put(db: &Connection, row: &PriceRow) -> Result<(), Failure> {
    run(db, sql::PUT_PRICE, params![row.model, row.text, row.updated_at.0])
}

pub(crate) fn put_import(db: &Connection, import: &PriceImport) -> Result<(), Failure> {
    let row = params![import.state.as_str(), import.text, import.imported_at.0];
    run(db, sql::PUT_PRICE_IMPORT, row)
}
