//! The dashboard, walked link by link as its owner: what each page weighs, and what it takes.
//!
//! The templates of all pages come from the product's own table, so that no page is left out: one
//! without an id is asked for by its name, one with an id is found by a link on another page.

mod visitor;

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

pub use visitor::Visitor;

/// How pages are looked at.
pub struct Walk {
    /// Paths of all pages, `{…}` for ids.
    pub templates: Vec<String>,
    /// Whose pages are looked at first, as `{project}`.
    pub project: String,
    /// Pages of one template that are looked at.
    pub examples: usize,
    /// How often each is asked for.
    pub times: usize,
    /// What the server has used of the processor so far; nothing where nobody asks.
    pub used: Box<dyn Fn() -> Duration>,
}

/// One page.
pub struct Looked {
    pub template: String,
    pub path: String,
    pub status: u16,
    /// Of its body; style, script and fonts come once for all pages, and not with it.
    pub bytes: usize,
    /// Whether it is a page of HTML, not a file or figures.
    pub is_page: bool,
    /// Of the processor, by the server, for one answer.
    pub used: Duration,
    pub median: Duration,
    pub slowest: Duration,
}

impl Walk {
    /// Every page that is found, in the order of the table.
    pub fn look(&self, visitor: &mut Visitor) -> Vec<Looked> {
        let named = self.templates.iter().map(|it| it.replace("{project}", &self.project));
        let mut queue: VecDeque<String> = named.filter(|path| !path.contains('{')).collect();
        let mut asked: HashSet<String> = queue.iter().cloned().collect();
        let mut examples: HashMap<&str, usize> = HashMap::new();
        let mut all = Vec::new();
        while let Some(path) = queue.pop_front() {
            let Some(template) = self.template(&path) else { continue };
            let looked_at = examples.entry(template).or_default();
            if *looked_at == self.examples {
                continue;
            }
            *looked_at += 1;
            let (looked, links) = self.page(visitor, template, &path);
            all.push(looked);
            queue.extend(links.into_iter().filter(|link| asked.insert(link.clone())));
        }
        all.sort_by_key(|it| self.templates.iter().position(|one| *one == it.template));
        all
    }

    /// The pages of the table that nothing led to.
    pub fn missed(&self, looked: &[Looked]) -> Vec<&str> {
        let seen = |template: &String| looked.iter().any(|it| it.template == *template);
        self.templates.iter().filter(|it| !seen(it)).map(String::as_str).collect()
    }

    /// One page, with what it links to.
    pub fn page(&self, visitor: &mut Visitor, template: &str, path: &str) -> (Looked, Vec<String>) {
        let mut took = Vec::new();
        let mut last = None;
        let times = self.times.max(1);
        let before = (self.used)();
        for _ in 0..times {
            let begun = Instant::now();
            let answer = visitor.get(path);
            took.push(begun.elapsed());
            last = Some(answer);
        }
        let used = (self.used)().saturating_sub(before) / u32::try_from(times).unwrap_or(1);
        took.sort();
        let answer = last.expect("an answer");
        let kind = answer.header("content-type").unwrap_or_default();
        let is_page = kind.starts_with("text/html");
        let links = if is_page { links(&answer.text()) } else { Vec::new() };
        let looked = Looked {
            template: template.to_owned(),
            path: path.to_owned(),
            status: answer.status,
            bytes: answer.body.len(),
            is_page,
            used,
            median: took[took.len() / 2],
            slowest: took[took.len() - 1],
        };
        (looked, links)
    }

    /// Whose page a path is; a name goes before an id in its place.
    fn template(&self, path: &str) -> Option<&str> {
        let path = path.split(['?', '#']).next()?;
        let fits = self.templates.iter().filter(|template| is_of(template, path));
        fits.min_by_key(|template| template.matches('{').count()).map(String::as_str)
    }
}

fn is_of(template: &str, path: &str) -> bool {
    let mut given = path.split('/');
    template.split('/').all(|wanted| {
        given.next().is_some_and(|it| it == wanted || (wanted.starts_with('{') && !it.is_empty()))
    }) && given.next().is_none()
}

/// The pages of this host that a page's links name.
fn links(page: &str) -> Vec<String> {
    let starts = page.split("href=\"/").skip(1);
    let texts = starts.filter_map(|rest| rest.split('"').next());
    texts.map(|text| format!("/{text}").replace("&#38;", "&").replace("&amp;", "&")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_of_the_template_that_names_most_of_it() {
        let templates = ["/keys", "/keys/{id}", "/keys/new", "/{page}/new"].map(str::to_owned);
        let walk = Walk {
            templates: templates.into(),
            project: String::new(),
            examples: 1,
            times: 1,
            used: Box::new(Duration::default),
        };
        assert_eq!(walk.template("/keys/new?after=3"), Some("/keys/new"));
        assert_eq!(walk.template("/keys/key_1"), Some("/keys/{id}"));
        assert_eq!(walk.template("/keys/key_1/more"), None);
        assert_eq!(walk.template("/keys/"), None);
    }

    #[test]
    fn links_are_read_as_a_browser_reads_them() {
        let page = "<a href=\"/logs?a=1&#38;b=2\">x</a><a href=\"https://else\">y</a>";
        assert_eq!(links(page), ["/logs?a=1&b=2"]);
    }
}
