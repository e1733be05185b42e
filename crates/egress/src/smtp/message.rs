//! An e-mail as text (RFC 5322): UTF-8, its body in base64, so that no line can end it.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Mail;

/// Bytes of a base64 line, and of the text in one encoded word (RFC 2047: 75 characters in all).
const LINE: usize = 76;
const WORD: usize = 45;

pub(super) fn compose(from: &str, mail: &Mail<'_>) -> String {
    let seconds = u64::try_from(mail.at.seconds()).unwrap_or_default();
    let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
    let host = from.rsplit_once('@').map_or("tollgate", |(_, host)| host);
    let body = STANDARD.encode(mail.text.replace('\n', "\r\n"));
    // Base64 is ASCII: any byte is a place to break.
    let lines: Vec<&str> = (0..body.len())
        .step_by(LINE)
        .filter_map(|at| body.get(at..body.len().min(at + LINE)))
        .collect();
    format!(
        "From: <{from}>\r\nTo: <{}>\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{host}>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n{}",
        mail.to,
        header_text(mail.subject),
        date.replace("GMT", "+0000"),
        mail.id,
        lines.join("\r\n"),
    )
}

/// Printable ASCII as it is, anything else in encoded words.
fn header_text(text: &str) -> String {
    let plain = |b: u8| b == b' ' || b.is_ascii_graphic();
    if text.len() <= LINE && text.bytes().all(plain) && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if word.len() + c.len_utf8() > WORD {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let encoded = words.iter().map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word)));
    encoded.collect::<Vec<_>>().join("\r\n ")
}
