//! The document as a page: plain HTML, no script, nothing from another host.

use std::fmt::Write as _;

use super::{Operation, Table, VERSION, ours};
use crate::routes::Serve;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
    padding:0 1rem;color:#1b1f24;background:#fff}code,pre{font:14px/1.5 ui-monospace,monospace}\
    pre{background:#f4f5f7;padding:.6rem .8rem;border-radius:6px;white-space:pre-wrap;\
    overflow-wrap:anywhere}h2{margin-top:2.5rem;font-size:1.1rem;overflow-wrap:anywhere}\
    dt{font-weight:600}dd{margin:0 0 .5rem}a{color:#0b57d0}\
    @media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#16181c}\
    pre{background:#22252b}a{color:#8ab4f8}}";

pub(super) fn render(table: &Table) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Tollgate API</title>\
         <style>{STYLE}</style><h1>Tollgate API {VERSION}</h1><p>What Tollgate has beside \
         OpenAI's API. <a href=\"openapi.json\">As an OpenAPI document</a>.</p>\
         <p>In shapes, <code>!</code> marks what is always there, <code>*</code> stands for all \
         other names, and a capital names a shape of the list below.</p><ul>"
    );
    for (index, route) in ours().enumerate() {
        let method = &route.method;
        let path = escaped(route.template);
        let _ = write!(page, "<li><a href=\"#o{index}\"><code>{method} {path}</code></a>");
    }
    page.push_str("</ul>");
    for (index, route) in ours().enumerate() {
        let (method, path) = (&route.method, escaped(route.template));
        let who = match route.serve {
            Serve::Admin(scope, _) => format!("An admin key ({scope})."),
            Serve::Holder(_) => "A project's key, about itself.".to_owned(),
            Serve::Keyed(scope, _) => {
                format!("An admin key ({scope}), or a project's key about itself.")
            }
            Serve::Signed(..) => "Whoever signs what they send.".to_owned(),
            Serve::Anyone(_) => "Anyone.".to_owned(),
        };
        let _ = write!(page, "<h2 id=\"o{index}\"><code>{method} {path}</code></h2>");
        if let Some(found) = table.find(route) {
            operation(&mut page, found, &who);
        }
    }
    page.push_str("<h2>Shapes</h2>");
    for (name, shape) in &table.shapes {
        let _ = write!(page, "<h3 id=\"{name}\">{name}</h3><pre>{}</pre>", escaped(shape));
    }
    page.push_str("</html>\n");
    page
}

fn operation(page: &mut String, operation: &Operation, who: &str) {
    let _ = write!(page, "<p>{}</p><dl><dt>Who may call it<dd>{who}", escaped(operation.summary));
    if !operation.query.is_empty() {
        page.push_str("<dt>Query<dd><pre>");
        for (name, required, shape) in &operation.query {
            let mark = if *required { "!" } else { "" };
            let _ = writeln!(page, "{name}{mark} {}", escaped(shape));
        }
        page.push_str("</pre>");
    }
    for (title, shape) in [("Body", operation.body), ("Answer", operation.answer)] {
        if let Some(shape) = shape {
            let _ = write!(page, "<dt>{title}<dd><pre>{}</pre>", escaped(shape));
        }
    }
    page.push_str("</dl>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
