//! How far a scan is, on one line of a terminal.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use scan::{Progress, Scanner};

const EVERY: Duration = Duration::from_millis(200);

/// Draws until it is dropped.
pub(super) struct Bar {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Bar {
    pub(super) fn start(scanner: &Scanner) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let (until, progress) = (Arc::clone(&ended), Arc::clone(&scanner.progress));
        let thread = std::thread::spawn(move || {
            let begun = Instant::now();
            loop {
                // What is over at once needs no line.
                std::thread::park_timeout(EVERY);
                if until.load(Ordering::Relaxed) {
                    break;
                }
                let line = line(&progress, begun.elapsed());
                let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
            }
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        });
        Self { ended, thread: Some(thread) }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn line(progress: &Progress, since: Duration) -> String {
    let (done, all) =
        (progress.files.load(Ordering::Relaxed), progress.all.load(Ordering::Relaxed));
    let megabytes = progress.bytes.load(Ordering::Relaxed) / 1_000_000;
    let seconds = since.as_secs();
    match (done * 100).checked_div(all) {
        Some(percent) if all > done => {
            format!("{percent:>3} %  {done} of {all} objects, {megabytes} MB, {seconds} s")
        }
        _ => format!("{done} contents, {megabytes} MB, {seconds} s"),
    }
}
