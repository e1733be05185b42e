//! A real browser: headless Chromium, driven through its WebDriver, `chromedriver`.
//!
//! It notes every request that its pages make and everything that its console says: when it is
//! dropped, no page may have asked another host for anything, or have broken its own policy.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::gateway::client;

/// Nothing on a page takes longer to come.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a driver that finds no port is started.
const DRIVERS: usize = 10;
/// The name of an element's id in WebDriver's answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Phone, laptop, and the widest.
pub const WIDTHS: [u32; 3] = [375, 1280, 2560];

pub struct Browser {
    driver: Child,
    address: String,
    session: String,
    /// Requests to these alone.
    host: String,
    checked: bool,
    /// What did not fit its place on the pages that were looked at.
    ragged: RefCell<BTreeSet<String>>,
    _home: tempfile::TempDir,
}

/// What axe found on a page, in one theme.
#[derive(Clone, Debug)]
pub struct Finding {
    pub rule: String,
    pub impact: String,
    pub what: String,
    pub nodes: Vec<String>,
}

impl Browser {
    /// Starts one for the pages of `base`, `http://127.0.0.1:PORT`.
    pub fn start(base: &str) -> Self {
        let home = tempfile::tempdir().expect("home of the browser");
        let (driver, port) = driver(home.path());
        let address = format!("127.0.0.1:{port}");
        let host = base.split("://").nth(1).unwrap_or(base).to_owned();
        let session = String::new();
        let (checked, ragged) = (false, RefCell::default());
        let mut browser = Self { driver, address, session, host, checked, ragged, _home: home };
        let profile = browser._home.path().join("profile");
        let made = browser.ask("POST", "", &capabilities(&profile));
        browser.session = made["sessionId"].as_str().expect("a session").to_owned();
        browser
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.try_ask(method, path, body);
        answer.unwrap_or_else(|why| panic!("browser: {method} {path}: {why}"))
    }

    fn try_ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let path = match self.session.as_str() {
            "" => "/session".to_owned(),
            session => format!("/session/{session}{path}"),
        };
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let headers = [("Content-Type", "application/json"), ("Host", "localhost")];
        let stream = client::open(&self.address, method, &path, &headers, body.as_bytes());
        let answer = stream.and_then(client::Stream::collect).map_err(|e| e.to_string())?;
        let mut value = answer.json()["value"].take();
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or(""))),
            None => Ok(std::mem::take(&mut value)),
        }
    }

    /// Goes to a page and waits until it is there.
    pub fn open(&self, url: &str) {
        self.ask("POST", "/url", &json!({ "url": url }));
    }

    pub fn back(&self) {
        self.ask("POST", "/back", &json!({}));
    }

    pub fn url(&self) -> String {
        self.ask("GET", "/url", &Value::Null).as_str().unwrap_or("").to_owned()
    }

    /// The path and query of where it is.
    pub fn path(&self) -> String {
        let url = self.url();
        url.split_once(self.host.as_str()).map_or(url.clone(), |(_, path)| path.to_owned())
    }

    pub fn source(&self) -> String {
        self.ask("GET", "/source", &Value::Null).as_str().unwrap_or("").to_owned()
    }

    /// What `return …` of a script comes to.
    pub fn script(&self, script: &str, arguments: &[Value]) -> Value {
        self.ask("POST", "/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    fn element(&self, css: &str) -> String {
        let begun = Instant::now();
        loop {
            let by = json!({ "using": "css selector", "value": css });
            match self.try_ask("POST", "/element", &by) {
                Ok(found) => return found[ELEMENT].as_str().expect("an element").to_owned(),
                Err(_) if begun.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(why) => panic!("no {css} on {}: {why}\n{}", self.url(), self.source()),
            }
        }
    }

    /// Whether an element is on the page now.
    pub fn has(&self, css: &str) -> bool {
        let by = json!({ "using": "css selector", "value": css });
        self.try_ask("POST", "/element", &by).is_ok()
    }

    /// The text that a reader sees of an element.
    pub fn text(&self, css: &str) -> String {
        let element = self.element(css);
        let text = self.ask("GET", &format!("/element/{element}/text"), &Value::Null);
        text.as_str().unwrap_or("").to_owned()
    }

    pub fn click(&self, css: &str) {
        let element = self.element(css);
        self.ask("POST", &format!("/element/{element}/click"), &json!({}));
    }

    /// Puts a text into a field, in place of what is there.
    pub fn fill(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.ask("POST", &format!("/element/{element}/clear"), &json!({}));
        self.ask("POST", &format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Chooses an option of a `select` by its value.
    pub fn choose(&self, css: &str, value: &str) {
        self.click(&format!("{css} option[value=\"{value}\"]"));
    }

    /// Waits until the page's path is another one or the same page is there anew.
    pub fn submit(&self, css: &str) {
        self.script("document.documentElement.dataset.old = 'yes'", &[]);
        self.click(css);
        self.until("another page", |it| {
            let ready = it.try_ask(
                "POST",
                "/execute/sync",
                &json!({ "script": "return document.readyState === 'complete' && !document.documentElement.dataset.old", "args": [] }),
            );
            ready == Ok(Value::Bool(true))
        });
    }

    /// Waits for something on the page.
    pub fn until(&self, what: &str, is: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !is(self) {
            let here = self.url();
            assert!(begun.elapsed() < PATIENCE, "waited for {what} on {here}\n{}", self.source());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn cookies(&self) -> Vec<Value> {
        self.ask("GET", "/cookie", &Value::Null).as_array().cloned().unwrap_or_default()
    }

    pub fn forget_cookies(&self) {
        self.ask("DELETE", "/cookie", &Value::Null);
    }

    fn tell(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.ask("POST", "/goog/cdp/execute", &body)
    }

    pub fn width(&self, width: u32) {
        let height = if width < 600 { 812 } else { 900 };
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.tell("Emulation.setDeviceMetricsOverride", size);
    }

    pub fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.tell("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// Pages loaded from now on run no script of their own.
    pub fn without_script(&self, without: bool) {
        self.tell("Emulation.setScriptExecutionDisabled", json!({ "value": without }));
    }

    /// A picture of the whole page.
    pub fn picture(&self, path: &Path) {
        use base64::Engine as _;

        let whole = json!({ "format": "png", "captureBeyondViewport": true });
        let shot = self.tell("Page.captureScreenshot", whole);
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(shot["data"].as_str().expect("a picture"))
            .expect("base64");
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folder of pictures");
        std::fs::write(path, bytes).expect("picture");
    }

    /// Looks at the page that is open: a picture in each width and theme into
    /// `target/screenshots/NAME-WIDTH-THEME.png`, nothing wider than the window, and nothing
    /// serious that axe finds.
    pub fn look(&self, name: &str) {
        for dark in [false, true] {
            self.dark(dark);
            let theme = if dark { "dark" } else { "light" };
            for width in WIDTHS {
                self.width(width);
                self.script("window.scrollTo(0, 0)", &[]);
                self.picture(&screenshots().join(format!("{name}-{width}-{theme}.png")));
                let over = self.script(
                    "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
                    &[],
                );
                assert_eq!(over, json!(0), "{name} at {width}: wider than the window");
                let ragged = self.script(include_str!("browser/ragged.js"), &[]);
                for one in ragged.as_array().into_iter().flatten() {
                    self.ragged.borrow_mut().insert(format!("{name} at {width}: {one}"));
                }
            }
            self.width(1280);
            let serious: Vec<_> = self.axe();
            assert!(serious.is_empty(), "{name}, {theme}: {serious:#?}");
        }
        self.dark(false);
    }

    /// What axe finds that is serious or worse.
    pub fn axe(&self) -> Vec<Finding> {
        let script = std::fs::read_to_string(axe()).expect("axe-core: run `cargo xtask prepare`");
        // Through the driver, which the page's policy does not bind.
        self.tell("Runtime.evaluate", json!({ "expression": script }));
        let run = "axe.run(document, { resultTypes: ['violations'] }).then(found => \
                   JSON.stringify(found.violations))";
        let ran = self.tell(
            "Runtime.evaluate",
            json!({ "expression": run, "awaitPromise": true, "returnByValue": true }),
        );
        let text = ran["result"]["value"].as_str().unwrap_or_else(|| panic!("axe: {ran}"));
        let found: Vec<Value> = serde_json::from_str(text).expect("axe's findings");
        let serious = |one: &&Value| {
            matches!(one["impact"].as_str(), Some("serious" | "critical" | "moderate"))
        };
        found.iter().filter(serious).map(finding).collect()
    }

    /// Every address that pages asked for since the last look, but their own `data:`.
    pub fn requests(&self) -> Vec<String> {
        let Ok(log) = self.try_ask("POST", "/se/log", &json!({ "type": "performance" })) else {
            return Vec::new();
        };
        let sent = |entry: &Value| {
            let entry: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &entry["message"];
            (message["method"] == "Network.requestWillBeSent")
                .then(|| message["params"]["request"]["url"].as_str().map(str::to_owned))
                .flatten()
        };
        log.as_array().into_iter().flatten().filter_map(sent).collect()
    }

    /// What the console said that is an error.
    pub fn complaints(&self) -> Vec<String> {
        let Ok(log) = self.try_ask("POST", "/se/log", &json!({ "type": "browser" })) else {
            return Vec::new();
        };
        let entries = log.as_array().into_iter().flatten();
        let said = entries.filter_map(|entry| entry["message"].as_str().map(str::to_owned));
        // A refusal has its own page; that the browser notes its status is no fault.
        said.filter(|text| !text.contains("Failed to load resource")).collect()
    }

    /// Nothing was asked of another host, no policy was broken, and all that was looked at fits its
    /// place.
    pub fn check(&mut self) {
        self.checked = true;
        let ours = |url: &String| {
            let host = url.split("://").nth(1).unwrap_or("");
            host.starts_with(&self.host) || url.starts_with("data:") || url.starts_with("chrome")
        };
        let elsewhere: Vec<_> = self.requests().into_iter().filter(|url| !ours(url)).collect();
        assert!(elsewhere.is_empty(), "requests to other hosts: {elsewhere:?}");
        let complaints = self.complaints();
        assert!(complaints.is_empty(), "the console complains: {complaints:#?}");
        let ragged = self.ragged.take();
        assert!(ragged.is_empty(), "not in its place: {ragged:#?}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.checked && !std::thread::panicking() {
            self.check();
        }
        let _ = self.try_ask("DELETE", "", &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn finding(one: &Value) -> Finding {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let nodes = one["nodes"].as_array().into_iter().flatten();
    Finding {
        rule: text(&one["id"]),
        impact: text(&one["impact"]),
        what: text(&one["help"]),
        nodes: nodes
            .map(|node| format!("{}: {}", text(&node["html"]), text(&node["failureSummary"])))
            .collect(),
    }
}

/// Starts the driver, and says at which port it listens. It takes a free port of one family of
/// addresses and asks for the same of the other: beside other programs that do so too, another may
/// have it by then, and the driver ends without a word of a port.
fn driver(home: &Path) -> (Child, String) {
    let mut said = String::new();
    for _ in 0..DRIVERS {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .env("HOME", home)
            .env("TMPDIR", home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is not installed: run `cargo xtask prepare`");
        let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        for line in lines.by_ref().map_while(Result::ok) {
            if let Some(port) = line.split("successfully on port ").nth(1) {
                // It would stop at a full pipe.
                std::thread::spawn(move || lines.for_each(drop));
                return (driver, port.trim_end_matches('.').to_owned());
            }
            said.push_str(&line);
            said.push('\n');
        }
        let ended = driver.wait().expect("how it ended");
        said.push_str(&format!("({ended})\n"));
    }
    panic!("chromedriver tells no port in {DRIVERS} starts:\n{said}");
}

fn capabilities(profile: &Path) -> Value {
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-default-apps",
        "--hide-scrollbars",
    ];
    let mut arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:loggingPrefs": { "performance": "ALL", "browser": "SEVERE" },
        "goog:chromeOptions": { "args": arguments },
    } } })
}

/// The target folder: test programs are in `target/PROFILE/deps`.
fn target() -> PathBuf {
    let program = std::env::current_exe().expect("this program");
    program.ancestors().nth(3).expect("a target folder").to_owned()
}

fn screenshots() -> PathBuf {
    target().join("screenshots")
}

fn axe() -> PathBuf {
    let sdk = std::env::var_os("TOLLGATE_SDK_DIR");
    let sdk = sdk.map_or_else(|| target().join("sdk"), PathBuf::from);
    sdk.join("browser/node_modules/axe-core/axe.min.js")
}
