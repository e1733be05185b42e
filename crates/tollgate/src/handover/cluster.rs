//! A Secret of the Kubernetes cluster that we run in, written by the pod's own service account.

use std::path::PathBuf;

use bytes::Bytes;
use domain::Secret;
use egress::{Ask, Authorization, Fetcher, Tls};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// How the cluster's API is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// `https://10.0.0.1:443`.
    pub api: String,
    /// Where the service account's `token` and `ca.crt` are; both are read each time, for they
    /// change.
    pub account: PathBuf,
}

/// One entry of one Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSecret {
    pub cluster: Cluster,
    pub namespace: String,
    pub name: String,
    pub entry: String,
}

impl ClusterSecret {
    /// Sets the entry, and makes the Secret where there is none.
    pub(super) async fn write(&self, secret: &Secret) -> Result<(), String> {
        let token = crate::config::secret_file(&self.cluster.account.join("token"))?;
        let tls = Tls::new(Some(&self.cluster.account.join("ca.crt")))?;
        let fetcher = Fetcher::new(tls);
        let all = format!("{}/api/v1/namespaces/{}/secrets", self.cluster.api, self.namespace);
        let one = format!("{all}/{}", self.name);
        let entry = crate::reveal::entry(&self.entry, secret);
        let patch = json!({ "stringData": entry });
        let merge = "application/merge-patch+json";
        let patched = send(&fetcher, (Method::PATCH, &one), &token, (merge, &patch)).await?;
        if patched != StatusCode::NOT_FOUND {
            return self.told(patched);
        }
        let whole = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": self.name },
            "type": "Opaque",
            "stringData": patch["stringData"],
        });
        let json = "application/json";
        self.told(send(&fetcher, (Method::POST, &all), &token, (json, &whole)).await?)
    }

    /// What the API says in words may repeat what it was sent; its status does not.
    fn told(&self, status: StatusCode) -> Result<(), String> {
        let place = format!("the Secret {}/{}", self.namespace, self.name);
        match status.as_u16() {
            200..=299 => Ok(()),
            401 => Err(format!("{place}: the cluster does not know our service account (401)")),
            403 => Err(format!(
                "{place}: our service account may not write it (403); it needs `patch` and \
                 `create` on secrets"
            )),
            404 => Err(format!("{place}: there is no such namespace (404)")),
            status => Err(format!("{place}: the cluster answered {status}")),
        }
    }
}

async fn send(
    fetcher: &Fetcher,
    (method, url): (Method, &str),
    token: &Secret,
    (kind, body): (&'static str, &Value),
) -> Result<StatusCode, String> {
    let body = Bytes::from(body.to_string());
    let ask = Ask {
        method,
        url,
        authorization: Authorization::Bearer(token),
        headers: &[(CONTENT_TYPE, kind)],
        body,
    };
    let fetched = fetcher.fetch(ask).await;
    fetched.map(|(status, _)| status).map_err(|error| format!("the cluster's API: {error}"))
}
