//! Looks, again and again, whether the ledger adds up. What follows from it is told by the data
//! plane: the log, the metric, the scopes that are closed.

use std::sync::Arc;
use std::time::Duration;

use control::Control;
use tokio::time::{sleep, timeout};

use crate::server::Stop;

/// How long a start waits for the first look, which begins with the sums that were kept. Where there
/// are none, a large ledger is read on while calls are served.
const FIRST: Duration = Duration::from_millis(500);
/// Every so many looks, each entry is read anew: an old one may have been changed in the file.
const WHOLE: u32 = 1_440;

/// Verifies the ledger.
pub struct Verifier {
    control: Arc<Control>,
    every: Duration,
}

impl Verifier {
    #[must_use]
    pub fn new(control: Arc<Control>, every: Duration) -> Self {
        Self { control, every }
    }

    /// The look at the start, before anybody is served: at all accounts that a call may be admitted
    /// under.
    pub async fn start(&self) {
        if timeout(FIRST, self.look(false)).await.is_err() {
            tracing::warn!("the ledger is large; it is verified while calls are served");
        }
    }

    /// Runs until `quit` is called. A look changes nothing, so it may be dropped.
    pub async fn run(&self, quit: &Stop) {
        let looking = async {
            for looks in (0..WHOLE).cycle() {
                // A whole one at once: the start went on from what an earlier process had read.
                self.look(looks == 0).await;
                sleep(self.every).await;
            }
        };
        tokio::select! {
            () = looking => {}
            () = quit.called() => {}
        }
    }

    async fn look(&self, whole: bool) {
        if let Err(fault) = self.control.verify_ledger(whole).await {
            tracing::warn!(why = %fault.message, "the ledger cannot be verified");
        }
    }
}
