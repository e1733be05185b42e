//! Fetches the health URLs of egresses through each of their proxies, again and again.

use std::sync::Arc;
use std::time::Duration;

use egress::Exits;

use crate::server::Stop;

/// As long as a first ejection.
const EVERY: Duration = Duration::from_secs(30);

/// Runs until `quit` is called. A look may be dropped.
pub async fn check_proxies(exits: &Arc<Exits>, quit: &Stop) {
    let checking = async {
        loop {
            exits.check_health().await;
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! {
        () = checking => {}
        () = quit.called() => {}
    }
}
