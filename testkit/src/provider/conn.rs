//! One connection: requests in, answers out, and the bill kept right whatever happens to them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::calls::Call;
use super::reply::Reply;
use super::router;
use super::script::Cut;
use super::sending::Sending;
use super::shared::Shared;
use super::wire::{Head, Wire};

/// Accepts until the fake is dropped.
pub(crate) async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("listener of the fake");
    loop {
        tokio::select! {
            () = shared.until(|state| state.stopping) => return,
            Ok((stream, _)) = listener.accept() => {
                if shared.refuses() {
                    continue;
                }
                shared.change(|state| state.connections += 1);
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    serve(Wire::new(stream), &shared).await;
                    shared.change(|state| state.connections -= 1);
                });
            }
        }
    }
}

/// What becomes of the connection after an exchange.
pub(crate) enum Next {
    /// Kept; the bill of this exchange, if there is one.
    Keep(Option<usize>),
    Close,
    Reset,
}

async fn serve(mut wire: Wire, shared: &Shared) {
    let mut last = None;
    loop {
        match wire.head().await {
            Ok(Some(head)) => match exchange(&mut wire, shared, &head).await {
                Next::Keep(bill) => last = bill,
                Next::Close => return,
                Next::Reset => return wire.reset().await,
            },
            Ok(None) => return,
            // A peer which closes with bytes unread sends a reset: they were not delivered.
            Err(_) => return undeliver(shared, last),
        }
    }
}

fn undeliver(shared: &Shared, bill: Option<usize>) {
    if let Some(bill) = bill {
        shared.change(|state| state.bills[bill].delivered = false);
    }
}

async fn exchange(wire: &mut Wire, shared: &Shared, head: &Head) -> Next {
    let early = shared.arrive_early(head);
    let mut body = Bytes::new();
    let chosen = match early {
        Some(chosen) => Some(chosen),
        None => {
            let complete;
            (body, complete) = wire.body(head).await;
            let chosen = shared.arrive_whole(head, &body, complete);
            if !complete {
                return Next::Close;
            }
            chosen
        }
    };
    let usual = || usual(shared, head, &body);
    let (reply, cut) = match &chosen {
        Some(chosen) => chosen.script.perform(usual),
        None => (usual(), Cut::Nowhere),
    };
    let mut sending = Sending::open(shared, head, &reply, chosen.as_ref());
    if let Some(chosen) = &chosen {
        tokio::select! {
            () = shared.hold(chosen) => {}
            () = wire.gone() => return sending.broken(0),
        }
    }
    let takes = shared.lock().takes;
    if head.method == "POST" && !takes.is_zero() {
        tokio::time::sleep(takes).await;
    }
    let next = sending.send(wire, &reply, cut).await;
    match (chosen.is_some_and(|c| c.script.early), next) {
        (true, Next::Keep(_)) => {
            // To close with a body unread would reset the connection under the answer.
            let _ = tokio::time::timeout(Duration::from_secs(1), wire.gone()).await;
            Next::Close
        }
        (_, next) => next,
    }
}

/// What the fake says by itself.
fn usual(shared: &Shared, head: &Head, body: &Bytes) -> Reply {
    let sent = head.header("authorization").unwrap_or_default();
    let credentials = shared.lock().credentials.clone();
    let accepted = credentials.iter().find(|known| sent.strip_prefix("Bearer ") == Some(*known));
    if let Some(refusal) = router::refuse(sent, accepted.map_or("", String::as_str)) {
        return refusal;
    }
    let mut account = Vec::new();
    if head.method == "POST"
        && let Some(limited) = &mut shared.lock().account
    {
        match limited.take() {
            Ok(headers) => account = headers,
            Err(refusal) => return refusal,
        }
    }
    let mut reply = match Call::read(head, body) {
        Ok(call) => router::answer(&call, &mut shared.lock().world),
        Err(refusal) => refusal,
    };
    reply.headers.extend(account);
    reply
}
