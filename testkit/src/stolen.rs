//! Lists of stolen passwords on loopback, asked by range. They note what they were asked by.

use std::sync::{Arc, Mutex};

use crate::small_server::SmallServer;

#[derive(Default)]
struct Lists {
    /// Hashes in hexadecimal, each listed as seen so often.
    hashes: Vec<(String, u32)>,
    asked: Vec<String>,
    away: bool,
}

/// They answer until the test ends.
#[derive(Clone)]
pub struct FakeLists {
    url: String,
    lists: Arc<Mutex<Lists>>,
}

impl FakeLists {
    #[must_use]
    pub fn start() -> Self {
        let server = SmallServer::bind();
        let fake = Self { url: format!("{}/range", server.url), lists: Arc::default() };
        let lists = Arc::clone(&fake.lists);
        server.serve(move |asked| {
            let mut lists = lists.lock().unwrap();
            lists.asked.push(asked.path.to_owned());
            if lists.away {
                return Some((503, "later".to_owned()));
            }
            // The length of an answer without it tells of the digits.
            if !asked.head.to_ascii_lowercase().contains("add-padding: true") {
                return Some((400, "without padding".to_owned()));
            }
            let digits = asked.path.strip_prefix("/range/")?;
            let found = lists.hashes.iter().filter_map(|(hash, seen)| {
                Some(format!("{}:{seen}\r\n", hash.strip_prefix(digits)?))
            });
            // Others that begin alike, and one that is there for the length alone.
            let others = "0018A45C4D1DEF81644B54AB7F969B88D65:21\r\n";
            let padding = "011053FD0102E94D6AE2F8B83D76FAF94F6:0\r\n";
            Some((200, found.chain([others.to_owned(), padding.to_owned()]).collect()))
        });
        fake
    }

    /// A SHA-1 hash in upper case, as seen so often.
    pub fn list(&self, hash: &str, seen: u32) {
        self.lists.lock().unwrap().hashes.push((hash.to_owned(), seen));
    }

    pub fn go_away(&self) {
        self.lists.lock().unwrap().away = true;
    }

    /// The paths that they were asked for.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.lists.lock().unwrap().asked.clone()
    }

    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}
