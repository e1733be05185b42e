//! The stylesheet, the script and the icon: in the binary, under names that change with them, so
//! that browsers keep them for good.

use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::ApiReply;

pub(crate) struct Asset {
    /// `/assets/tollgate-0123456789abcdef.css`.
    pub(crate) path: String,
    kind: &'static str,
    bytes: &'static [u8],
    etag: String,
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("css", "text/css; charset=utf-8", include_bytes!("../../assets/tollgate.css"))
});
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("js", "text/javascript; charset=utf-8", include_bytes!("../../assets/tollgate.js"))
});
static ICON: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("svg", "image/svg+xml", include_bytes!("../../assets/tollgate.svg"))
});

pub(crate) fn style() -> &'static str {
    &STYLE.path
}

pub(crate) fn script() -> &'static str {
    &SCRIPT.path
}

pub(crate) fn icon() -> &'static str {
    &ICON.path
}

pub(crate) fn find(path: &str) -> Option<&'static Asset> {
    if !path.starts_with("/assets/") {
        return None;
    }
    let all: [&'static Asset; 3] = [&STYLE, &SCRIPT, &ICON];
    all.into_iter().find(|asset| asset.path == path)
}

impl Asset {
    fn new(ending: &str, kind: &'static str, bytes: &'static [u8]) -> Self {
        let print = fingerprint(bytes);
        let path = format!("/assets/tollgate-{print:016x}.{ending}");
        Self { path, kind, bytes, etag: format!("\"{print:016x}\"") }
    }

    pub(crate) fn reply(&self, asked: &HeaderMap) -> ApiReply {
        let known = asked.get(header::IF_NONE_MATCH).is_some_and(|tag| tag == self.etag.as_str());
        let mut headers = vec![
            (header::CONTENT_TYPE, HeaderValue::from_static(self.kind)),
            (
                header::CACHE_CONTROL,
                HeaderValue::from_static("public, max-age=31536000, immutable"),
            ),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'")),
        ];
        headers.extend(HeaderValue::from_str(&self.etag).map(|tag| (header::ETAG, tag)));
        let (status, body) = match known {
            true => (StatusCode::NOT_MODIFIED, Bytes::new()),
            false => (StatusCode::OK, Bytes::from_static(self.bytes)),
        };
        ApiReply { status, headers, body, pieces: None }
    }
}

/// FNV-1a: enough to tell two versions of a file apart.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
