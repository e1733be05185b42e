//! Imported price files: taken over, or held until somebody has looked at them.

use std::collections::BTreeMap;

use domain::fault::catalogue;
use domain::price::{Alarm, ImportState, PriceFile, PriceImport, alarming};
use domain::{Change, Fault, Timestamp};
use serde_json::json;

use crate::transact::{invalid, not_found, store_fault};
use crate::{Author, Control};

/// A refusal names this many mistakes.
const TOLD: usize = 100;

/// What became of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub state: ImportState,
    pub models: usize,
    /// Rows of other providers, and rows without any price.
    pub left_out: usize,
    pub warnings: Vec<String>,
    /// Why it is held, or would have been without approval.
    pub alarms: Vec<String>,
}

impl Control {
    /// When the price file came that waits for approval, if one does (case 27).
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn held_prices(&self) -> Result<Option<Timestamp>, Fault> {
        Ok(self.import(ImportState::Held).await?.map(|import| import.imported_at))
    }

    /// Takes a price file over, or holds it where it would change what nobody should change unseen
    /// (case 27). Of rows of other providers it takes all, or none.
    ///
    /// # Errors
    /// 400 with every mistake of a file that is refused (case 26).
    pub async fn import_prices(
        &self,
        author: &Author,
        text: &[u8],
        everything: bool,
        approved: bool,
    ) -> Result<Imported, Fault> {
        let file = self.prices.format.file(text, everything).map_err(|why| mistaken(&why))?;
        if file.models.is_empty() {
            return Err(invalid("file", "The file has no price of a model.".to_owned()));
        }
        let alarms = self.alarms(&file).await?;
        let held = !alarms.is_empty() && !approved;
        let state = if held { ImportState::Held } else { ImportState::InUse };
        let import =
            PriceImport { state, text: self.rendered(&file), imported_at: self.clock.now() };
        let mut changes = vec![Change::PutPriceImport(import)];
        if !held {
            changes.push(Change::RemovePriceImport(ImportState::Held));
        }
        let event = if held { "prices.import_held" } else { "prices.imported" };
        let payload = json!({ "models": file.models.len(), "alarms": alarms.len() });
        self.change_prices(author, event, &payload, "the prices", changes).await?;
        Ok(Imported {
            state,
            models: file.models.len(),
            left_out: file.left_out,
            warnings: file.warnings,
            alarms: alarms.iter().map(ToString::to_string).collect(),
        })
    }

    /// Takes over the file that is held.
    ///
    /// # Errors
    /// 404 where none is held.
    pub async fn approve_prices(&self, author: &Author) -> Result<Imported, Fault> {
        let held = self.import(ImportState::Held).await?;
        let held = held.ok_or_else(|| not_found("the held price import"))?;
        let file = self.prices.stored(&held.text)?;
        let alarms = self.alarms(&file).await?;
        let changes = vec![
            Change::PutPriceImport(PriceImport { state: ImportState::InUse, ..held }),
            Change::RemovePriceImport(ImportState::Held),
        ];
        let payload = json!({ "models": file.models.len(), "alarms": alarms.len() });
        self.change_prices(author, "prices.imported", &payload, "the prices", changes).await?;
        Ok(Imported {
            state: ImportState::InUse,
            models: file.models.len(),
            left_out: 0,
            warnings: Vec::new(),
            alarms: alarms.iter().map(ToString::to_string).collect(),
        })
    }

    pub(super) async fn import(&self, state: ImportState) -> Result<Option<PriceImport>, Fault> {
        let imports = self.records.price_imports().await;
        let imports = imports.map_err(|error| store_fault(error, "the prices"))?;
        Ok(imports.into_iter().find(|import| import.state == state))
    }

    /// What the file would change that nobody should change unseen.
    async fn alarms(&self, file: &PriceFile) -> Result<Vec<Alarm>, Fault> {
        let mut old: BTreeMap<_, _> = self.prices.format.built_in().into_iter().collect();
        let mut new = old.clone();
        if let Some(import) = self.import(ImportState::InUse).await? {
            old.extend(self.prices.stored(&import.text)?.models);
        }
        new.extend(file.models.iter().map(|(model, price)| (model.clone(), price.clone())));
        Ok(alarming(
            old.iter().map(|(model, price)| (model.as_str(), price)),
            new.iter().map(|(model, price)| (model.as_str(), price)),
            self.clock.now(),
        ))
    }

    /// The rows that were taken, as they are kept.
    fn rendered(&self, file: &PriceFile) -> String {
        let rows = file
            .models
            .iter()
            .map(|(model, price)| format!("{}:{}", json!(model), self.prices.format.render(price)));
        format!("{{{}}}", rows.collect::<Vec<_>>().join(","))
    }
}

pub(super) fn mistaken(why: &[String]) -> Fault {
    let mut message = why.iter().take(TOLD).cloned().collect::<Vec<_>>().join("; ");
    if why.len() > TOLD {
        message.push_str(&format!("; and {} more", why.len() - TOLD));
    }
    Fault::because(&catalogue::INVALID_VALUE, format!("{message}."))
}
