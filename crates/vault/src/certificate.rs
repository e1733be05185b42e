//! Certificates of clients: read when they are uploaded, and held against what a connection shows.
//!
//! A call is let in by an active certificate that is the client's own, byte for byte, or that is an
//! authority from which the client's comes by way of what the client sent along. The handshake has
//! shown that the client has the key of the first.

use std::fmt;
use std::time::Duration;

use domain::{Timestamp, TrustedCertificate, x509};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// Bytes of an uploaded certificate.
const LONGEST: usize = 16 * 1024;

/// What there is to know of a certificate that was uploaded.
pub struct ReadCertificate {
    pub der: Vec<u8>,
    pub valid_at: Timestamp,
    pub expires_at: Timestamp,
    /// Whether it may sign others.
    pub is_authority: bool,
}

/// Reads one certificate in PEM.
///
/// # Errors
/// What is wrong with it, to go on with behind "expected one certificate in PEM format, but".
pub fn read(text: &str) -> Result<ReadCertificate, String> {
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    if text.contains("PRIVATE KEY-----") {
        return Err("it holds a private key. Nobody but the client needs that key: upload the \
                    certificate alone, and think of the key as known to others now"
            .to_owned());
    }
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let all = all.map_err(|error| format!("it is not well-formed: {}", Broken(&error)))?;
    let [der] = all.as_slice() else {
        return Err(format!("it holds {} certificates", all.len()));
    };
    let unreadable = || "it cannot be read as an X.509 certificate".to_owned();
    // The reader of names and times is lenient; this one is the verifier's own.
    let sound = EndEntityCert::try_from(der).is_ok() && anchor_from_trusted_cert(der).is_ok();
    let facts = x509::read(der).filter(|_| sound).ok_or_else(unreadable)?;
    let (Some(from), Some(until)) = (facts.not_before, facts.not_after) else {
        return Err(unreadable());
    };
    Ok(ReadCertificate {
        der: der.to_vec(),
        valid_at: Timestamp::from_seconds(from),
        expires_at: Timestamp::from_seconds(until),
        is_authority: facts.is_authority,
    })
}

/// What the reader's error says, without the bytes that it read.
struct Broken<'a>(&'a pem::Error);

impl fmt::Display for Broken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            pem::Error::MissingSectionEnd { .. } => "its END line is missing",
            pem::Error::IllegalSectionStart { .. } => "its BEGIN line is broken",
            pem::Error::Base64Decode(_) => "what is between BEGIN and END is not base64",
            _ => "it has no certificate",
        })
    }
}

/// Why a client's certificate does not let it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untrusted {
    /// Its own time, or that of one it comes from, is over or still to come.
    OutOfTime,
    /// It is not an active certificate, nor comes from one, or is not for clients.
    Stranger,
    /// Every active certificate is out of time.
    NothingValid,
}

/// Whether what a connection showed, its own certificate first, is let in; and until when that
/// holds as long as nothing is changed.
///
/// # Errors
/// Why it is not.
pub fn admits(
    shown: &[CertificateDer<'_>],
    trusted: &[TrustedCertificate],
    now: Timestamp,
) -> Result<Timestamp, Untrusted> {
    let (own, above) = shown.split_first().ok_or(Untrusted::Stranger)?;
    if let Some(same) = trusted.iter().find(|it| it.der == own.as_ref()) {
        return if same.is_valid(now) { Ok(same.end()) } else { Err(Untrusted::OutOfTime) };
    }
    let valid = || trusted.iter().filter(|it| it.is_valid(now));
    if valid().next().is_none() {
        return Err(Untrusted::NothingValid);
    }
    // A client's own certificate stands for itself: whoever has its key must not make others.
    let authorities = valid().filter(|it| it.is_authority);
    let ders: Vec<_> = authorities.clone().map(|it| CertificateDer::from(&*it.der)).collect();
    let anchors: Vec<_> =
        ders.iter().filter_map(|der| anchor_from_trusted_cert(der).ok()).collect();
    let leaf = EndEntityCert::try_from(own).map_err(|_| Untrusted::Stranger)?;
    let seconds = u64::try_from(now.seconds()).unwrap_or_default();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let usage = KeyUsage::client_auth();
    leaf.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, above, time, usage, None, None)
        .map_err(|error| match error {
            webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => {
                Untrusted::OutOfTime
            }
            _ => Untrusted::Stranger,
        })?;
    let ends = shown.iter().map(|der| x509::read(der)?.not_after).map(|last| {
        // What cannot be read is looked at again each time.
        last.map_or(now, |seconds| Timestamp::from_seconds(seconds.saturating_add(1)))
    });
    Ok(ends.chain(authorities.map(TrustedCertificate::end)).min().unwrap_or(now))
}
