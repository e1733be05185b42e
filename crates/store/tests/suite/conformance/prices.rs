use domain::Change;
use domain::Timestamp;
use domain::ports::StoreError;
use domain::price::{ImportState, PriceImport, PriceRow};

use super::Ports;
use crate::support::apply;

fn row(model: &str, text: &str) -> PriceRow {
    PriceRow { model: model.into(), text: text.into(), updated_at: Timestamp(7) }
}

fn import(state: ImportState, text: &str) -> PriceImport {
    PriceImport { state, text: text.into(), imported_at: Timestamp(9) }
}

pub(crate) async fn a_price_is_one_for_a_model(store: &impl Ports) {
    assert_eq!(store.price_rows().await.unwrap(), []);
    let puts = [row("b", "1"), row("a", "2"), row("b", "{\"free\":true}")].map(Change::PutPrice);
    apply(store, puts.to_vec()).await;
    let rows = store.price_rows().await.unwrap();
    assert_eq!(rows, [row("a", "2"), row("b", "{\"free\":true}")]);
    let remove = || vec![Change::RemovePrice { model: "b".into() }];
    apply(store, remove()).await;
    assert_eq!(store.price_rows().await.unwrap(), [row("a", "2")]);
    assert_eq!(store.apply(remove(), vec![]).await, Err(StoreError::NotFound));
}

pub(crate) async fn an_import_is_one_in_each_state(store: &impl Ports) {
    let (used, held) = (ImportState::InUse, ImportState::Held);
    let puts = [import(held, "1"), import(used, "2"), import(held, "3")];
    apply(store, puts.map(Change::PutPriceImport).to_vec()).await;
    let both = store.price_imports().await.unwrap();
    assert_eq!(both, [import(held, "3"), import(used, "2")]);
    let approve = vec![Change::PutPriceImport(import(used, "3")), Change::RemovePriceImport(held)];
    apply(store, approve.clone()).await;
    apply(store, approve).await;
    assert_eq!(store.price_imports().await.unwrap(), [import(used, "3")]);
}
