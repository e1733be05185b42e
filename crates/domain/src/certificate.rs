//! Certificates that clients of the data plane must show, and where they are asked for.

use crate::{CertificateId, ProjectId, Timestamp};

/// A certificate that was uploaded: an authority whose certificates are trusted, or a client's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub id: CertificateId,
    pub name: Option<String>,
    pub created_at: Timestamp,
    pub valid_at: Timestamp,
    pub expires_at: Timestamp,
    /// Whether it may sign others; else it stands for itself alone.
    pub is_authority: bool,
    /// PEM, as it was sent.
    pub content: String,
    pub der: Vec<u8>,
}

impl Certificate {
    /// Of one organization.
    pub const MOST: u32 = 50;
}

/// A certificate, and whether it is active in the place that was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedCertificate {
    pub id: CertificateId,
    pub name: Option<String>,
    pub created_at: Timestamp,
    pub valid_at: Timestamp,
    pub expires_at: Timestamp,
    pub active: bool,
}

/// What a call's certificate is held against.
#[derive(Debug, PartialEq, Eq)]
pub struct TrustedCertificate {
    pub der: Vec<u8>,
    pub valid_at: Timestamp,
    pub expires_at: Timestamp,
    pub is_authority: bool,
}

impl TrustedCertificate {
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.valid_at <= now && now < self.end()
    }

    /// The first instant at which it is not valid any more: its last second counts.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        Timestamp::from_seconds(self.expires_at.seconds().saturating_add(1))
    }
}

/// A place is a project, or else the organization.
#[derive(Clone, Debug)]
pub enum CertificateChange {
    /// Refused beyond [`Certificate::MOST`].
    Upload(Certificate),
    Rename {
        id: CertificateId,
        name: String,
    },
    /// Refused while it is active anywhere.
    Delete(CertificateId),
    /// Those that are active already stay so.
    Activate {
        place: Option<ProjectId>,
        ids: Vec<CertificateId>,
    },
    Deactivate {
        place: Option<ProjectId>,
        ids: Vec<CertificateId>,
    },
}
