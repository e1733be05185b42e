//! The TLS greeting, with a look at the certificate whether or not it is trusted.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use domain::diagnosis::{CertificateFacts, TlsFailure};
use domain::{Timestamp, x509};
use http::Request;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Link, Probe};
use crate::connect::Dialled;
use crate::{Origin, Outgoing};

/// What a greeting came to.
pub struct Greeting {
    /// Only of an upstream that is trusted.
    pub link: Option<Link>,
    pub failed: Option<TlsFailure>,
    pub seen: CertificateFacts,
    /// The other side's clock, asked for where the times of its certificate do not hold.
    pub their_clock: Option<Timestamp>,
}

impl Probe {
    /// Greets an upstream by TLS. One that is not trusted is asked for its time at most, and never
    /// shown a credential.
    pub async fn greet(&self, origin: &Origin, stream: TcpStream) -> Greeting {
        let failure = |failed| Greeting {
            link: None,
            failed: Some(failed),
            seen: CertificateFacts::default(),
            their_clock: None,
        };
        let witness = match Witness::new(&self.tls) {
            Ok(witness) => Arc::new(witness),
            Err(why) => return failure(TlsFailure::Refused(why)),
        };
        let Ok(name) = ServerName::try_from(origin.host.clone()) else {
            return failure(TlsFailure::Refused("the host is no name that TLS knows".to_owned()));
        };
        let mut config = self.tls.config();
        config.dangerous().set_certificate_verifier(Arc::clone(&witness) as _);
        let connector = TlsConnector::from(Arc::new(config));
        let greeted = tokio::time::timeout(self.connect, connector.connect(name, stream)).await;
        let (mut seen, distrust) = witness.told();
        let stream = match greeted {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Greeting { seen, ..failure(failed(&error)) },
            Err(_) => return Greeting { seen, ..failure(TlsFailure::TimedOut) },
        };
        let connection = stream.get_ref().1;
        seen.version = connection.protocol_version().and_then(|v| v.as_str()).map(str::to_owned);
        let protocol = connection.alpn_protocol();
        seen.protocol = protocol.map(|name| String::from_utf8_lossy(name).into_owned());
        let link = Link(Dialled::Tls(Box::new(stream)));
        match distrust {
            None => Greeting { link: Some(link), failed: None, seen, their_clock: None },
            Some(failed @ (TlsFailure::Expired | TlsFailure::NotYetValid)) => {
                let their_clock = self.clock_of(origin, link).await;
                Greeting { link: None, failed: Some(failed), seen, their_clock }
            }
            Some(failed) => Greeting { link: None, failed: Some(failed), seen, their_clock: None },
        }
    }

    /// The time that an upstream tells whose certificate is not trusted: only to be shown.
    async fn clock_of(&self, origin: &Origin, link: Link) -> Option<Timestamp> {
        let request = Request::head(origin.path("/")).body(Outgoing::Empty).ok()?;
        self.ask(origin, link, request).await.ok()?.date()
    }
}

/// Keeps what the real verifier says, and lets the greeting go on.
struct Witness {
    real: Arc<WebPkiServerVerifier>,
    seen: Mutex<(CertificateFacts, Option<TlsFailure>)>,
}

impl Witness {
    fn new(tls: &crate::Tls) -> Result<Self, String> {
        Ok(Self { real: tls.verifier()?, seen: Mutex::default() })
    }

    fn told(&self) -> (CertificateFacts, Option<TlsFailure>) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness")
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.real.verify_server_cert(end_entity, intermediates, name, ocsp, now);
        let seen = (
            x509::read(end_entity).unwrap_or_default(),
            verified.err().map(|error| distrust(&error)),
        );
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.real.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.real.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.real.supported_verify_schemes()
    }
}

fn distrust(error: &Error) -> TlsFailure {
    let Error::InvalidCertificate(fault) = error else {
        return TlsFailure::BadCertificate(error.to_string());
    };
    match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFailure::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFailure::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFailure::WrongName
        }
        CertificateError::UnknownIssuer => TlsFailure::UnknownIssuer,
        // An end certificate that is its own authority is refused for that first.
        other if other.to_string().contains("CaUsedAsEndEntity") => TlsFailure::UnknownIssuer,
        other => TlsFailure::BadCertificate(other.to_string()),
    }
}

fn failed(error: &io::Error) -> TlsFailure {
    let told = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match told {
        Some(Error::InvalidMessage(_)) => TlsFailure::NotTls,
        Some(Error::AlertReceived(alert)) => TlsFailure::Refused(format!("alert {alert:?}")),
        Some(Error::PeerIncompatible(_)) => {
            TlsFailure::Refused("no version or cipher in common".to_owned())
        }
        Some(other) => TlsFailure::Refused(other.to_string()),
        None if error.kind() == io::ErrorKind::TimedOut => TlsFailure::TimedOut,
        None => TlsFailure::Closed,
    }
}
