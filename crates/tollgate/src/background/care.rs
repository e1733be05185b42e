//! Looking after keys, beside the calls: whoever used a honeytoken is told of.

use std::sync::Arc;
use std::time::Duration;

use control::Control;
use dataplane::Dataplane;

use crate::app::App;
use crate::server::Stop;

const SECOND: Duration = Duration::from_secs(1);

/// Looks after keys.
pub struct Care {
    control: Arc<Control>,
    dataplane: Arc<Dataplane>,
}

impl Care {
    #[must_use]
    pub fn new(app: &App) -> Self {
        Self { control: Arc::clone(&app.control), dataplane: Arc::clone(&app.dataplane) }
    }

    /// Runs until `quit` is called. A step may be dropped: each is one transaction.
    pub async fn run(&self, quit: &Stop) {
        let telling = async {
            loop {
                tokio::time::sleep(SECOND).await;
                self.tell_of_trips().await;
            }
        };
        tokio::select! {
            () = telling => {}
            () = quit.called() => {}
        }
    }

    async fn tell_of_trips(&self) {
        match self.control.tell_of_trips(self.dataplane.take_trips()).await {
            Ok(0) => {}
            Ok(told) => tracing::warn!(told, "honeytokens were used"),
            Err(fault) => tracing::error!(why = %fault.message, "a honeytoken's use is untold"),
        }
    }
}
