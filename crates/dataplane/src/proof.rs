//! What a connection proves of its client, and whether that is enough for a key's project.
//!
//! It is asked at every call, so that what was activated or deactivated meanwhile holds on
//! connections that are kept. A project without active certificates costs one look at an `Option`.

use std::sync::{Arc, Mutex, PoisonError};

use domain::{Fault, KeyView, Timestamp, TrustedCertificate, fault::catalogue};
use rustls_pki_types::CertificateDer;
use vault::certificate::{self, Untrusted};

/// How a client's connection comes to us.
#[derive(Clone)]
pub enum Proof {
    /// Without TLS of ours: whatever a client showed, it showed to somebody before us.
    Plain,
    /// Over TLS, without a certificate.
    Nothing,
    /// Over TLS, with certificates whose key the client has.
    Certificates(Arc<Shown>),
    /// From inside this process.
    Within,
}

/// The certificates of a connection, its own first.
pub struct Shown {
    chain: Vec<CertificateDer<'static>>,
    /// What let it in last, and until when that holds. Checking signatures takes longer than the
    /// rest of a call's admission.
    admitted: Mutex<Option<(Arc<[TrustedCertificate]>, Timestamp)>>,
}

impl Proof {
    /// What a TLS connection shows; an empty list is nothing.
    #[must_use]
    pub fn of_tls(chain: &[CertificateDer<'_>]) -> Self {
        if chain.is_empty() {
            return Self::Nothing;
        }
        let chain = chain.iter().map(|der| der.clone().into_owned()).collect();
        Self::Certificates(Arc::new(Shown { chain, admitted: Mutex::default() }))
    }
}

/// Refuses a call whose connection does not prove what its key's project asks for.
pub(crate) fn check(proof: &Proof, key: &KeyView, now: Timestamp) -> Result<(), Fault> {
    match &key.certificates {
        None => Ok(()),
        Some(trusted) => hold_against(proof, trusted, now),
    }
}

#[cold]
fn hold_against(
    proof: &Proof,
    trusted: &Arc<[TrustedCertificate]>,
    now: Timestamp,
) -> Result<(), Fault> {
    match proof {
        Proof::Within => Ok(()),
        Proof::Plain => Err(Fault::new(&catalogue::CLIENT_CERTIFICATE_UNSEEN)),
        Proof::Nothing => Err(Fault::new(&catalogue::CLIENT_CERTIFICATE_REQUIRED)),
        Proof::Certificates(shown) => shown.admit(trusted, now).map_err(|why| {
            let why = match why {
                Untrusted::OutOfTime => "it has expired or is not valid yet",
                Untrusted::Stranger => {
                    "it is not an active certificate, nor signed for clients by one"
                }
                Untrusted::NothingValid => {
                    "every active certificate has expired or is not valid yet"
                }
            };
            let message = format!("Your TLS client certificate is not accepted here: {why}.");
            Fault::because(&catalogue::CLIENT_CERTIFICATE_NOT_TRUSTED, message)
        }),
    }
}

impl Shown {
    fn admit(&self, trusted: &Arc<[TrustedCertificate]>, now: Timestamp) -> Result<(), Untrusted> {
        let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
        // The same list in memory is the same list: any change makes a new one.
        let same = |(by, until): &(Arc<[TrustedCertificate]>, Timestamp)| {
            Arc::ptr_eq(by, trusted) && now < *until
        };
        if admitted.as_ref().is_some_and(same) {
            return Ok(());
        }
        *admitted = None;
        let until = certificate::admits(&self.chain, trusted, now)?;
        *admitted = Some((Arc::clone(trusted), until));
        Ok(())
    }
}
