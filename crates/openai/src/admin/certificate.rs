//! `certificate`, and the same as it is listed for the organization and for a project.

use domain::PlacedCertificate;
use serde::Serialize;

use super::Listed;

#[derive(Serialize)]
struct Details<'a> {
    valid_at: i64,
    expires_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
}

/// One that is asked for alone: active or not depends on the place, and is not said here.
#[derive(Serialize)]
pub struct Certificate<'a> {
    object: &'static str,
    id: &'a str,
    name: Option<&'a str>,
    created_at: i64,
    certificate_details: Details<'a>,
}

impl<'a> Certificate<'a> {
    #[must_use]
    pub fn new(certificate: &'a domain::Certificate, with_content: bool) -> Self {
        Self {
            object: "certificate",
            id: certificate.id.as_str(),
            name: certificate.name.as_deref(),
            created_at: certificate.created_at.seconds(),
            certificate_details: Details {
                valid_at: certificate.valid_at.seconds(),
                expires_at: certificate.expires_at.seconds(),
                content: with_content.then_some(&certificate.content),
            },
        }
    }
}

/// One in a place: a project, or the organization.
#[derive(Serialize)]
pub struct CertificateInPlace<'a> {
    object: &'static str,
    id: &'a str,
    name: Option<&'a str>,
    created_at: i64,
    certificate_details: Details<'a>,
    active: bool,
}

impl<'a> CertificateInPlace<'a> {
    #[must_use]
    pub fn new(certificate: &'a PlacedCertificate, of_project: bool) -> Self {
        let object = match of_project {
            true => "organization.project.certificate",
            false => "organization.certificate",
        };
        Self {
            object,
            id: certificate.id.as_str(),
            name: certificate.name.as_deref(),
            created_at: certificate.created_at.seconds(),
            certificate_details: Details {
                valid_at: certificate.valid_at.seconds(),
                expires_at: certificate.expires_at.seconds(),
                content: None,
            },
            active: certificate.active,
        }
    }
}

impl Listed for CertificateInPlace<'_> {
    fn id(&self) -> &str {
        self.id
    }
}

/// The answer when some were activated or deactivated.
#[derive(Serialize)]
pub struct CertificatesToggled<'a> {
    object: &'static str,
    data: Vec<CertificateInPlace<'a>>,
}

impl<'a> CertificatesToggled<'a> {
    #[must_use]
    pub fn new(certificates: &'a [PlacedCertificate], of_project: bool, active: bool) -> Self {
        let object = match (of_project, active) {
            (true, true) => "organization.project.certificate.activation",
            (true, false) => "organization.project.certificate.deactivation",
            (false, true) => "organization.certificate.activation",
            (false, false) => "organization.certificate.deactivation",
        };
        let shown = certificates.iter().map(|it| CertificateInPlace::new(it, of_project));
        Self { object, data: shown.collect() }
    }
}
