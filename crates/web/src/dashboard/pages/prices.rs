//! Prices: the book that calls are billed by, what was set over it, and what has no price.

mod typed;

use askama::Template;
use control::{PriceLayer, PriceQuestion, PriceRowNow};
use domain::Fault;
use domain::price::{Layer, ModelPrice, Tier, TokenKind};
use domain::route::MaxPrice;

use super::super::figures::count;
use super::super::form::encode;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::WRITE;
use super::confirm::Question;
use super::typed::{ROWS, When, both, invalid, onto};
use typed::Typed;

/// Characters of a model's name.
const LONGEST_MODEL: usize = 256;
const LAYERS: [Layer; 4] = [Layer::Set, Layer::Config, Layer::Imported, Layer::BuiltIn];

fn words(layer: Layer) -> &'static str {
    match layer {
        Layer::Set => "Set here",
        Layer::Config => "Config file",
        Layer::Imported => "Imported file",
        Layer::BuiltIn => "Built in",
    }
}

#[derive(Template)]
#[template(path = "prices.html")]
struct PricesPage<'a> {
    frame: &'a Frame,
    find: &'a str,
    /// Value, words, whether it is chosen.
    sources: Vec<(&'static str, &'static str, bool)>,
    rows: Vec<Line>,
    older: String,
    unpriced: Vec<Gap>,
    held: Option<When>,
    plain: bool,
    may: bool,
}

struct Line {
    href: String,
    model: String,
    source: &'static str,
    is_set: bool,
    input: String,
    cached: String,
    output: String,
    until: Option<When>,
}

/// A model that was called without a price.
struct Gap {
    href: String,
    model: String,
    why: String,
    calls: String,
    last: When,
}

fn href(model: &str) -> String {
    format!("/prices/model?model={}", encode(model))
}

pub(crate) async fn list(visit: &Visit<'_>) -> Shown {
    let (find, source) = (visit.query.text("find"), visit.query.text("source"));
    let layer = LAYERS.into_iter().find(|layer| layer.as_str() == source);
    let question = PriceQuestion {
        part: find.to_owned(),
        layer,
        after: visit.query.some("after").map(str::to_owned),
        limit: ROWS as usize,
    };
    let (rows, more) = visit.control.find_prices(&question).await?;
    let last = rows.last().filter(|_| more);
    let older = last.map_or_else(String::new, |row| {
        let (find, after) = (encode(find), encode(&row.model));
        format!("/prices?find={find}&source={}&after={after}", layer.map_or("", Layer::as_str))
    });
    let chosen = LAYERS.map(|it| (it.as_str(), words(it), layer == Some(it)));
    let all = [("", "any source", layer.is_none())];
    let frame = visit.frame("Prices");
    visit.show(&PricesPage {
        frame: &frame,
        find,
        sources: all.into_iter().chain(chosen).collect(),
        rows: rows.iter().map(line).collect(),
        older,
        unpriced: gaps(visit),
        held: visit.control.held_prices().await?.map(both),
        plain: find.is_empty() && layer.is_none(),
        may: visit.may(WRITE),
    })
}

fn gaps(visit: &Visit<'_>) -> Vec<Gap> {
    let gaps = visit.control.unpriced_models().into_iter();
    let gap = |it: domain::price::Unpriced| Gap {
        href: href(&it.model),
        model: it.model,
        why: it.why,
        calls: count(it.attempts),
        last: both(it.last_at),
    };
    gaps.map(gap).collect()
}

fn line(row: &PriceRowNow) -> Line {
    Line {
        href: href(&row.model),
        model: row.model.clone(),
        source: words(row.layer),
        is_set: row.layer == Layer::Set,
        input: usual(&row.price, TokenKind::Input),
        cached: usual(&row.price, TokenKind::InputCached),
        output: usual(&row.price, TokenKind::Output),
        until: row.price.until.map(both),
    }
}

/// With cents at least: amounts stand under each other.
fn in_column(dollars: &str) -> String {
    let (whole, part) = dollars.split_once('.').unwrap_or((dollars, ""));
    format!("${whole}.{part:0<2}")
}

/// The usual price of a kind of token: US dollars a million.
fn usual(price: &ModelPrice, kind: TokenKind) -> String {
    if price.free {
        return "free".to_owned();
    }
    let usual = |cell: &domain::price::Cell| {
        cell.kind == kind && cell.above == 0 && cell.tier == Some(Tier::Default)
    };
    let found = price.cells().find(usual);
    found.map_or_else(|| "—".to_owned(), |cell| in_column(&MaxPrice::show(cell.picos)))
}

#[derive(Template)]
#[template(path = "price.html")]
struct PricePage<'a> {
    frame: &'a Frame,
    model: &'a str,
    layers: Vec<LayerView>,
    /// Whether a price was set here, that can be taken away.
    is_set: bool,
    of_file: bool,
    remove: String,
    typed: Typed,
    may: bool,
    fault: Option<&'a Fault>,
}

/// What one layer says of a model.
struct LayerView {
    source: &'static str,
    in_use: bool,
    from: Option<When>,
    until: Option<When>,
    free: bool,
    /// As the public tables name them: US dollars each.
    prices: Vec<(String, String)>,
}

fn layer(it: &PriceLayer) -> LayerView {
    LayerView {
        source: words(it.state.layer),
        in_use: it.in_use,
        from: it.price.from.map(both),
        until: it.price.until.map(both),
        free: it.price.free,
        prices: typed::members(&it.state.text),
    }
}

fn named(text: &str) -> Result<&str, Fault> {
    let length = text.chars().count();
    if length == 0 || length > LONGEST_MODEL || text.contains(char::is_control) {
        return Err(invalid("model", "Give the model's name, as programs ask for it."));
    }
    Ok(text)
}

pub(crate) async fn one(visit: &Visit<'_>) -> Shown {
    match named(visit.query.text("model")) {
        Ok(model) => shown(visit, model, None).await,
        Err(_) => shown(visit, "", None).await,
    }
}

async fn shown(visit: &Visit<'_>, model: &str, fault: Option<&Fault>) -> Shown {
    let layers = visit.control.price_layers(model).await?;
    let has = |wanted: Layer| layers.iter().any(|it| it.state.layer == wanted);
    let in_use = layers.iter().find(|it| it.in_use);
    let frame = visit.frame(if model.is_empty() { "Set a price" } else { "Price of a model" });
    let page = visit.show(&PricePage {
        frame: &frame,
        model,
        is_set: has(Layer::Set),
        of_file: has(Layer::Config),
        remove: format!("/prices/remove?model={}", encode(model)),
        typed: match fault {
            Some(_) => Typed::of(&visit.form),
            None => in_use.map_or_else(Typed::default, Typed::from_layer),
        },
        layers: layers.iter().map(layer).collect(),
        may: visit.may(WRITE),
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

/// Sets a price over what lies beneath.
pub(crate) async fn set(visit: &Visit<'_>) -> Shown {
    let model = visit.form.text("model");
    let set = match (named(model), Typed::of(&visit.form).text()) {
        (Ok(model), Ok(text)) => visit.control.set_price(&visit.author()?, model, &text).await,
        (Err(fault), _) | (_, Err(fault)) => Err(fault),
    };
    match set {
        Ok(made) => {
            let page = Page::to(&href(&made.model));
            Ok(page.saying("The price is set. It holds for what is settled from now on."))
        }
        Err(fault) => shown(visit, model, Some(&onto(fault, &typed::FIELDS))).await,
    }
}

fn question(model: &str) -> Question {
    Question {
        title: "Remove a price",
        question: format!("Remove the price that was set for {model}?"),
        lead: "What lies beneath holds again. Where nothing does, calls of the model have no \
               price: under a spend limit they are refused, elsewhere their cost is unknown. What \
               was billed stays as it is."
            .to_owned(),
        action: "/prices/remove".to_owned(),
        fields: vec![("model", model.to_owned())],
        button: "Remove the price",
        back: href(model),
        typed: None,
    }
}

pub(crate) async fn ask_remove(visit: &Visit<'_>) -> Shown {
    let model = named(visit.query.text("model"))?;
    question(model).ask(visit)
}

pub(crate) async fn remove(visit: &Visit<'_>) -> Shown {
    let model = named(visit.form.text("model"))?;
    match visit.control.remove_price(&visit.author()?, model).await {
        Ok(()) => Ok(Page::to(&href(model)).saying("The price is removed.")),
        Err(fault) => question(model).refused(visit, fault),
    }
}

/// Takes over the file that was held because it would change much (case 27).
pub(crate) async fn approve(visit: &Visit<'_>) -> Shown {
    let taken = visit.control.approve_prices(&visit.author()?).await?;
    let said = format!("The file is taken over: {} models.", count(taken.models as u64));
    Ok(Page::to("/prices").saying(said))
}
