//! An answer on its way out: the bytes, the breaks that a script wants, and the line on the bill.

use std::io;
use std::time::Duration;

use super::bill::{Bill, Charge};
use super::conn::Next;
use super::reply::{Body, Piece, Reply};
use super::script::{Cut, field_text, states_usage};
use super::shared::{Chosen, Shared};
use super::wire::{Head, Wire};
use super::{router, words};
use crate::codec;

/// An answer on its way out, and its line on the bill.
pub(crate) struct Sending<'a> {
    shared: &'a Shared,
    chosen: Option<&'a Chosen>,
    request_id: String,
    bill: Option<usize>,
    pieces: usize,
}

impl<'a> Sending<'a> {
    /// Charges for the answer: the work is done, whether or not anybody reads it.
    pub(crate) fn open(
        shared: &'a Shared,
        head: &Head,
        reply: &Reply,
        chosen: Option<&'a Chosen>,
    ) -> Self {
        let given = reply.header_value("x-request-id").map(str::to_owned);
        let made = || format!("req_fake_{}", codec::random_hex(24));
        let request_id = given.unwrap_or_else(made);
        let pieces = match &reply.body {
            Body::Whole(_) => 1,
            Body::Chunked(pieces) | Body::Sized(pieces) => pieces.len(),
        };
        let bill = reply.charge.clone().map(|charge| {
            let bill =
                Bill { tier: tier(reply), ..entry(&request_id, head, reply.status, *charge) };
            shared.change(|state| {
                state.bills.push(bill);
                state.bills.len() - 1
            })
        });
        Self { shared, chosen, request_id, bill, pieces }
    }

    pub(crate) async fn send(&mut self, wire: &mut Wire, reply: &Reply, cut: Cut) -> Next {
        match cut {
            Cut::HangBeforeHead => {
                wire.gone().await;
                return self.broken(0);
            }
            Cut::ResetBeforeHead => return self.reset(0),
            Cut::Garbage => {
                let _ = wire.write(b"\x16\x03\x01 this is not HTTP\n\n\0\xff\xfe").await;
                return self.broken(0);
            }
            _ => {}
        }
        let mut written = Vec::new();
        let mut done = 0;
        let ended = self.write(wire, reply, cut, &mut written, &mut done).await;
        self.report(&written);
        match ended {
            Err(_) => self.broken(done),
            Ok(false) if matches!(cut, Cut::ResetAfter(_)) => self.reset(done),
            Ok(false) => {
                if matches!(cut, Cut::HangAfter(_)) {
                    wire.gone().await;
                }
                self.broken(done)
            }
            Ok(true) => {
                self.edit(|bill| bill.delivered = true);
                Next::Keep(self.bill)
            }
        }
    }

    /// Writes head and body; false when the script broke it off.
    async fn write(
        &self,
        wire: &mut Wire,
        reply: &Reply,
        cut: Cut,
        written: &mut Vec<u8>,
        done: &mut usize,
    ) -> io::Result<bool> {
        let mut out = self.head(reply);
        let whole;
        let (pieces, chunked) = match &reply.body {
            Body::Whole(bytes) => {
                whole = [Piece::new(0, bytes.clone())];
                (&whole[..], false)
            }
            Body::Sized(pieces) => (&pieces[..], false),
            Body::Chunked(pieces) => (&pieces[..], true),
        };
        self.id_is_out(reply);
        for (at, piece) in pieces.iter().enumerate() {
            if cut_at(cut) == Some(at) {
                wire.write(&out).await?;
                return Ok(false);
            }
            if let Some(chosen) = self.chosen.filter(|chosen| chosen.script.waits_at == Some(at)) {
                wire.write(&out).await?;
                out.clear();
                tokio::select! {
                    () = self.shared.opened(chosen) => {}
                    () = wire.gone() => return Err(io::ErrorKind::ConnectionAborted.into()),
                }
            }
            if piece.delay_ms > 0 {
                wire.write(&out).await?;
                out.clear();
                wire.pause(Duration::from_millis(piece.delay_ms)).await?;
            }
            frame(&mut out, &piece.bytes, chunked);
            wire.write(&out).await?;
            out.clear();
            written.extend_from_slice(&piece.bytes);
            *done = at + 1;
        }
        if cut_at(cut).is_some() {
            wire.write(&out).await?;
            return Ok(false);
        }
        if chunked {
            out.extend_from_slice(b"0\r\n\r\n");
        }
        wire.write(&out).await?;
        Ok(true)
    }

    fn head(&self, reply: &Reply) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status));
        let mut put = |name: &str, value: &str| text.push_str(&format!("{name}: {value}\r\n"));
        for (name, value) in &reply.headers {
            put(name, value);
        }
        if !reply.bare {
            for (name, value) in router::account_headers(&self.request_id) {
                if reply.header_value(name).is_none() {
                    put(name, &value);
                }
            }
        }
        match &reply.body {
            Body::Whole(bytes) => put("Content-Length", &bytes.len().to_string()),
            Body::Sized(pieces) => {
                let length: usize = pieces.iter().map(|p| p.bytes.len()).sum();
                put("Content-Length", &length.to_string());
            }
            Body::Chunked(_) => put("Transfer-Encoding", "chunked"),
        }
        text.push_str("\r\n");
        text.into_bytes()
    }

    /// Notes, before the first byte goes out, that the id may be known outside.
    fn id_is_out(&self, reply: &Reply) {
        if reply.bare && reply.header_value("x-request-id").is_none() {
            return;
        }
        self.shared.change(|state| state.sent_ids.insert(self.request_id.clone()));
        self.edit(|bill| bill.id_sent = true);
    }

    fn report(&self, written: &[u8]) {
        let stated = states_usage(written);
        self.edit(|bill| bill.usage_reported &= stated);
    }

    fn reset(&self, done: usize) -> Next {
        self.broken(done);
        Next::Reset
    }

    /// The answer did not go out in full.
    pub(crate) fn broken(&self, done: usize) -> Next {
        let stop = self.shared.lock().stop_billing;
        self.edit(|bill| {
            bill.delivered = false;
            bill.usage_reported &= done > 0;
            if stop {
                bill.tokens = bill.tokens.cut(done, self.pieces);
            }
        });
        Next::Close
    }

    fn edit(&self, edit: impl FnOnce(&mut Bill)) {
        if let Some(at) = self.bill {
            self.shared.change(|state| edit(&mut state.bills[at]));
        }
    }
}

/// The last service tier that the answer names.
fn tier(reply: &Reply) -> String {
    let found = |text: &[u8]| field_text(text, "service_tier");
    let found = match &reply.body {
        Body::Whole(bytes) => found(bytes),
        Body::Chunked(pieces) | Body::Sized(pieces) => {
            pieces.iter().rev().find_map(|piece| found(&piece.bytes))
        }
    };
    found.unwrap_or_else(|| "default".to_owned())
}

fn entry(request_id: &str, head: &Head, status: u16, charge: Charge) -> Bill {
    Bill {
        request_id: request_id.to_owned(),
        id_sent: false,
        client_request_id: head.header("x-client-request-id").map(str::to_owned),
        method: head.method.clone(),
        path: words::path_of(&head.target).to_owned(),
        model: charge.model,
        tier: String::new(),
        status,
        tokens: charge.tokens,
        images: charge.images,
        seconds: charge.seconds,
        characters: charge.characters,
        fees: charge.fees,
        usage_reported: charge.reported,
        job: charge.job,
        delivered: false,
    }
}

fn cut_at(cut: Cut) -> Option<usize> {
    match cut {
        Cut::HangAfter(k) | Cut::ResetAfter(k) | Cut::CloseAfter(k) => Some(k),
        _ => None,
    }
}

fn frame(out: &mut Vec<u8>, bytes: &[u8], chunked: bool) {
    match chunked {
        // An empty chunk would end the body.
        true if bytes.is_empty() => {}
        true => {
            out.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
            out.extend_from_slice(bytes);
            out.extend_from_slice(b"\r\n");
        }
        false => out.extend_from_slice(bytes),
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
