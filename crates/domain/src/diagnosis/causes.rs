//! The table of what may be wrong.

use super::{Cause, Step};
use crate::Blame;

macro_rules! causes {
    ($($name:ident: $step:ident, $blame:ident, $code:literal, $what:literal, $remedy:literal;)*) => {
        $(pub static $name: Cause = Cause {
            code: $code,
            step: Step::$step,
            blame: Blame::$blame,
            what: $what,
            remedy: $remedy,
        };)*

        /// Every row, in the order of the steps.
        pub static ALL: &[&Cause] = &[$(&$name),*];
    };
}

/// The row of a code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Cause> {
    ALL.iter().copied().find(|cause| cause.code == code)
}

causes! {
    SERVER_NOT_LISTENING: Server, Operator, "server_not_listening",
        "No Tollgate listens at this address.",
        "Start one with `tollgate serve`, or set TOLLGATE_URL to the address of the running one.";
    SERVER_UNREACHABLE: Server, Operator, "server_unreachable",
        "The Tollgate at this address cannot be reached.",
        "Check the host of TOLLGATE_URL, and the network between here and there: a firewall, a VPN, a container's own network.";
    SERVER_SILENT: Server, Operator, "server_silent",
        "Something listens at this address and does not answer.",
        "Check that TOLLGATE_URL names a Tollgate, and begins with https:// where it serves TLS. If it is one, look at its log and restart it.";
    SERVER_NO_TLS: Server, Operator, "server_tls_failed",
        "No TLS connection to this Tollgate can be made.",
        "If it serves plain HTTP, begin TOLLGATE_URL with http://. If its certificate is of your own authority, set SSL_CERT_FILE to that authority's certificate.";
    SERVER_OTHER: Server, Operator, "server_not_tollgate",
        "What answers at this address is no Tollgate.",
        "Check TOLLGATE_URL: another program has this port. `tollgate serve --listen 127.0.0.1:0` takes a free one.";
    SERVER_KEY_MISSING: Server, Operator, "admin_key_missing",
        "There is no admin key to ask the server with.",
        "Set TOLLGATE_ADMIN_KEY, or TOLLGATE_DATA_DIR to the running server's data directory, where `admin.key` is.";
    SERVER_KEY_REFUSED: Server, Operator, "admin_key_refused",
        "The server does not accept this admin key.",
        "Use the key of this very server: `admin.key` in its data directory, or the TOLLGATE_ADMIN_KEY that it was started with.";
    SERVER_OLD: Server, Operator, "server_version_differs",
        "The server is of another version than this program.",
        "Use one version for both: restart the server with the new program.";

    CONFIG_WRONG: Config, Operator, "config_wrong",
        "The configuration has mistakes: the next start or reload would refuse it.",
        "Mend each line named here. Nothing of a wrong configuration is used; a running server goes on with the old one.";
    CONFIG_LOOP: Config, Operator, "config_loop",
        "An upstream's base URL is this Tollgate itself.",
        "OPENAI_BASE_URL is meant for the provider where the server runs; unset it there, and set it only for your own programs.";
    CONFIG_NO_UPSTREAM: Config, Operator, "config_no_upstream",
        "No upstream is configured: calls reach the built-in demo only.",
        "Set OPENAI_API_KEY (or another provider's key) before `tollgate serve`.";
    CONFIG_NOTE: Config, Operator, "config_note",
        "The environment holds something that is not used as it stands.",
        "Mend the line that is named.";

    CONFIG_PROXIES: Config, Operator, "config_no_trusted_proxies",
        "People reach this Tollgate through a proxy, and no proxy is trusted to say for whom it asks: all of them are one address.",
        "Name the proxy's address in `trusted_proxies`. Until then they share one limit of tries to sign in, keys with networks see the proxy alone, and the audit log has its address.";

    FILES_READABLE: Files, Operator, "files_readable",
        "Files that hold secrets can be read by other users of this machine.",
        "Run `chmod 700` on the data directory and `chmod 600` on each file named here. If others may have read a key, rotate it.";
    FILES_MISSING: Files, Operator, "files_missing",
        "The data directory is not there.",
        "Check --data-dir and TOLLGATE_DATA_DIR. `tollgate serve` makes the directory at its first start.";
    FILES_NO_MASTER_KEY: Files, Operator, "master_key_missing",
        "The data directory has databases and no master key: their secrets cannot be opened.",
        "Restore `master.key`, or set TOLLGATE_MASTER_KEY as it was when the directory was made.";

    DISK_LOW: Disk, Operator, "disk_low",
        "The disk of the data directory is nearly full.",
        "Free some space, or move the data directory to a larger disk. When it is full, calls under a spend limit are refused.";
    DISK_FULL: Disk, Operator, "disk_full",
        "The disk of the data directory is full.",
        "Free some space now: usage cannot be written, and calls under a spend limit are refused.";

    PORT_TAKEN: Port, Operator, "port_taken",
        "The address to listen on is taken by another process.",
        "Stop that process, or choose another address with --listen or TOLLGATE_LISTEN.";

    STORE_SLOW: Store, Operator, "store_behind",
        "Usage waits to be written.",
        "Look at the disk: it is too slow, or full, or the log says why it fails. Calls go on until the slots are full, then they are refused.";
    STORE_AWAY: Store, Operator, "store_away",
        "The store does not answer.",
        "Look at the server's log and at the disk of the data directory.";
    LEDGER_WRONG: Ledger, Tollgate, "ledger_breach",
        "Accounts of the ledger do not add up. Nothing is let through under their scopes.",
        "Look at them with `tollgate ledger verify`, and put them right with `tollgate ledger correct`.";
    LIMIT_NEAR: Limits, Operator, "limit_near",
        "A spend limit is nearly used up.",
        "Raise it with `tollgate limits set`, or expect refusals until its period ends.";
    LIMIT_REACHED: Limits, Operator, "limit_reached",
        "A spend limit is used up: calls under it are refused.",
        "Raise it with `tollgate limits set`, or wait until its period ends.";
    KEY_EXPIRES: Keys, Operator, "key_expires_soon",
        "API keys expire within seven days.",
        "Give each a later expiry, or rotate it with `tollgate keys rotate`, before its programs stop.";
    MODEL_UNPRICED: Prices, Operator, "model_unpriced",
        "Models are called that have no price here: what they cost is not on the bill.",
        "Give them a price with `tollgate prices set`.";
    ALERT_UNDELIVERED: Alerts, Operator, "alert_undelivered",
        "Messages of spend alerts could not be delivered yet.",
        "Check the alert's recipients and webhook, and the mail settings. They are tried again for three days.";
    UPSTREAM_UNKNOWN: Upstreams, Caller, "upstream_unknown",
        "No upstream has this name.",
        "`tollgate upstreams list` shows their names.";

    DNS_NOT_FOUND: Dns, Operator, "dns_not_found",
        "The upstream's host name has no address.",
        "Check the spelling of the base URL. For a private name, check that this machine uses the right DNS server and search domain.";
    DNS_AWAY: Dns, Operator, "dns_unavailable",
        "No DNS server answers this machine.",
        "Check the network and /etc/resolv.conf; in a container, its DNS settings. Other names cannot be found either.";
    DNS_SLOW: Dns, Operator, "dns_timeout",
        "The DNS server takes too long to answer.",
        "Check the DNS server in /etc/resolv.conf and the network to it.";
    ADDRESS_REFUSED: Tcp, Operator, "address_not_public",
        "The upstream's address is a private one, and it was not the operator who named it.",
        "If it is meant, name the upstream in the config file or the environment of the server. Otherwise correct its base URL.";
    TCP_REFUSED: Tcp, Operator, "tcp_refused",
        "The upstream's machine is there, and nothing listens at this port.",
        "Check the port of the base URL. If it is a server of your own, start it.";
    TCP_TIMEOUT: Tcp, Operator, "tcp_timeout",
        "The upstream's address does not answer: no connection within the time.",
        "A firewall on the way drops the packets, or the machine is off. Allow outgoing connections to this host and port, or go through a proxy.";
    TCP_UNREACHABLE: Tcp, Operator, "tcp_unreachable",
        "There is no way from this machine to the upstream's address.",
        "Check this machine's network, its default route and VPN. If only IPv6 addresses fail, the network has no IPv6.";
    TCP_RESET: Tcp, Operator, "tcp_reset",
        "The connection was reset while it was made.",
        "A firewall or proxy on the way refuses it. Allow this host and port.";
    TCP_PARTLY: Tcp, Operator, "tcp_partly",
        "Some of the upstream's addresses cannot be reached.",
        "Calls work, and some begin slowly. Mostly the network has no IPv6: switch it off, or mend its route.";
    PLAIN_TEXT: Tls, Operator, "tls_not_used",
        "The credential travels without TLS over a network.",
        "Begin the base URL with https://.";
    TLS_EXPIRED: Tls, Provider, "tls_expired",
        "The upstream's certificate has expired.",
        "Whoever runs the upstream must renew it. Nothing is sent until then.";
    TLS_TOO_YOUNG: Tls, Provider, "tls_not_yet_valid",
        "The upstream's certificate is not valid yet.",
        "Check this machine's clock and time zone first. If they are right, whoever runs the upstream must put a valid certificate in place.";
    TLS_CLOCK: Tls, Operator, "tls_clock_wrong",
        "This machine's clock is wrong, so that a good certificate looks invalid.",
        "Set the clock, and keep it with NTP: `timedatectl set-ntp true`, or the host's clock for a container.";
    TLS_NAME: Tls, Operator, "tls_wrong_name",
        "The upstream's certificate is for another name.",
        "Use the name that the certificate has in the base URL. If the URL is right, something on the way answers in the upstream's place.";
    TLS_ISSUER: Tls, Operator, "tls_unknown_issuer",
        "The upstream's certificate is from an authority that this machine does not trust.",
        "If a proxy of your company inspects TLS, or the upstream is your own, set SSL_CERT_FILE to that authority's certificate (PEM) and restart. Otherwise do not go on: somebody may be listening.";
    TLS_SELF_SIGNED: Tls, Operator, "tls_self_signed",
        "The upstream's certificate is signed by itself.",
        "If it is a server of your own, give it a certificate of an authority of your own, and set SSL_CERT_FILE to that authority's certificate (PEM). Otherwise do not go on: somebody may be listening.";
    TLS_BAD: Tls, Provider, "tls_bad_certificate",
        "The upstream's certificate cannot be used.",
        "Whoever runs the upstream must put a valid certificate in place.";
    TLS_NOT_TLS: Tls, Operator, "tls_not_tls",
        "What listens at this port does not speak TLS.",
        "If the upstream serves plain HTTP, begin its base URL with http://. Otherwise correct the port.";
    TLS_SILENT: Tls, Operator, "tls_timeout",
        "The upstream takes the connection and never answers the TLS greeting.",
        "A firewall or proxy on the way holds it, or the upstream hangs. Try from another network; check the port.";
    TLS_CLOSED: Tls, Operator, "tls_closed",
        "The upstream closes the connection in the TLS greeting.",
        "A firewall on the way may cut TLS to this host. Check the port, and whether a proxy is needed.";
    TLS_REFUSED: Tls, Operator, "tls_refused",
        "The upstream refuses the TLS greeting: no version or cipher in common, or it knows no such name.",
        "Check the host in the base URL. Tollgate speaks TLS 1.2 and 1.3; an older server must be renewed.";
    TLS_ENDS_SOON: Tls, Provider, "tls_expires_soon",
        "The upstream's certificate expires within fourteen days.",
        "If it is a server of your own, renew the certificate.";

    PROXY_UNREACHABLE: Proxy, Operator, "proxy_unreachable",
        "The proxy cannot be reached.",
        "Check its host and port, and that it runs. Nothing goes out directly in its place.";
    PROXY_LOGIN: Proxy, Operator, "proxy_auth_failed",
        "The proxy does not accept its user name or password.",
        "Correct the proxy's login. With a vendor of proxies, check that the plan is paid and this machine's address is allowed.";
    PROXY_REFUSED: Proxy, Operator, "proxy_refused",
        "The proxy refuses to connect to the upstream.",
        "Allow the upstream's host and port in the proxy's rules.";
    PROXY_SILENT: Proxy, Operator, "proxy_timeout",
        "The proxy does not answer in time.",
        "Check the proxy. Another one of the pool is used meanwhile, where there is one.";
    PROXY_FAILED: Proxy, Operator, "proxy_failed",
        "The proxy cannot reach the upstream, or answers what is no proxy's answer.",
        "Check the proxy's kind (HTTP, HTTPS, SOCKS5) and port, and its own way out.";

    HTTP_SILENT: Http, Provider, "http_timeout",
        "The upstream takes the request and gives no answer in time.",
        "If it is a server of your own, look at its log: it hangs, or loads a model. With a provider, look at its status page and try again.";
    HTTP_CLOSED: Http, Provider, "http_closed",
        "The upstream closes the connection instead of answering.",
        "Try again. If it stays so, check the base URL's port and scheme: an https server closes on plain HTTP.";
    HTTP_GARBAGE: Http, Operator, "http_not_http",
        "What answers does not speak HTTP.",
        "Check the base URL: https:// where the server speaks TLS, and the right port.";
    HTTP_TLS_WANTED: Http, Operator, "http_tls_expected",
        "The upstream expects TLS at this port.",
        "Begin the base URL with https://.";
    HTTP_REDIRECT: Http, Operator, "http_redirect",
        "The upstream redirects to another place. A redirect is not followed: the credential would go there.",
        "Set the base URL to the place where the API is.";
    HTTP_PAGE: Http, Operator, "http_html",
        "A web page answers instead of an API.",
        "Check the base URL's host and path: it ends with /v1 for most providers. A sign-in page of the network may also answer in the upstream's place.";
    HTTP_NO_API: Http, Operator, "base_url_wrong",
        "The upstream has nothing at this path.",
        "Check the path of the base URL: it ends with /v1 for most providers.";
    HTTP_ODD: Http, Provider, "http_unexpected",
        "The upstream's answer is no answer of an OpenAI API.",
        "Check that the base URL is that of an OpenAI-compatible API.";
    HTTP_BLOCKED: Http, Provider, "edge_blocked",
        "A guard before the provider's API refuses this machine.",
        "The provider's firewall turns this network away: a datacentre's address, a VPN, or a region. Call from another network; the provider's support can tell why.";
    PROVIDER_ERROR: Http, Provider, "provider_error",
        "The provider has an error of its own (500).",
        "Nothing here is wrong. Look at the provider's status page and try again.";
    PROVIDER_BUSY: Http, Provider, "provider_overloaded",
        "The provider is overloaded or down for a while (503).",
        "Nothing here is wrong. Try again soon; a second upstream for the same models would serve meanwhile.";
    PROVIDER_GATEWAY: Http, Provider, "provider_gateway_error",
        "A gateway before the provider cannot reach it (502, 504).",
        "Nothing here is wrong. Look at the provider's status page and try again. With a server of your own, check the process behind its proxy.";
    CLOCK_WRONG: Clock, Operator, "clock_wrong",
        "This machine's clock differs from the provider's by more than a minute.",
        "Set the clock, and keep it with NTP: limits by day and month, expiries and signatures rely on it.";

    KEY_MISSING: Credential, Operator, "credential_missing",
        "The provider got no credential.",
        "Set the provider's key where the server runs (OPENAI_API_KEY for openai), and restart or reload.";
    KEY_MISTYPED: Credential, Operator, "credential_mistyped",
        "The provider does not know this credential, and it does not look like one of its keys.",
        "Copy the key again, whole: without quotes, blanks or line breaks. Then restart or reload.";
    KEY_REVOKED: Credential, Operator, "credential_revoked",
        "The provider does not accept this credential: it looks right, and was revoked, deleted or replaced.",
        "Make a new key on the provider's site, set it where the server runs, and restart or reload.";
    KEY_OURS: Credential, Operator, "credential_is_tollgates",
        "The credential is a key of Tollgate, not of the provider.",
        "Set the provider's own key where the server runs. Keys that begin with sk-tg- are for the programs that call Tollgate.";
    KEY_FOREIGN: Credential, Operator, "credential_of_other_provider",
        "The credential looks like a key of another provider.",
        "Set the key of this provider, or the base URL of the provider whose key it is.";
    KEY_REFUSED: Credential, Operator, "credential_refused",
        "The provider refuses this credential.",
        "Check the key on the provider's site: that it is active, and of the right account.";
    ACCOUNT_CLOSED: Credential, Operator, "account_deactivated",
        "The provider has deactivated the account of this credential.",
        "Look for the provider's e-mail about it, and write to its support. A key of another account would work.";
    ORGANIZATION_WRONG: Credential, Operator, "organization_wrong",
        "The credential's account is not a member of the organization that is asked for.",
        "Use a key that was made in that organization, or have the account invited to it.";
    PROJECT_ARCHIVED: Credential, Operator, "project_archived",
        "The provider's project of this credential is archived, or not open to it.",
        "Make a key in an active project on the provider's site.";
    NETWORK_REFUSED: Credential, Operator, "ip_not_authorized",
        "The provider's account allows only certain addresses, and this machine's is none of them.",
        "Add this machine's outgoing address to the allow-list on the provider's site.";
    SCOPE_MISSING: Credential, Operator, "permission_missing",
        "The credential may not do this: it lacks a permission.",
        "On the provider's site give the key the permissions for models and model requests (or all of them).";
    REGION: Credential, Operator, "region_not_supported",
        "The provider does not serve the country or region that this machine's address is in.",
        "Call from a country that the provider supports, within its terms. If the address is mistaken for another country's, send the upstream's traffic out elsewhere.";
    FORBIDDEN: Credential, Operator, "forbidden",
        "The provider forbids this (403) and does not say why in words that are known.",
        "Look at the provider's message, and at the account's permissions on its site.";

    RATE_LIMITED: Quota, Operator, "rate_limited",
        "The provider's rate limit is used up for the moment (429).",
        "Wait, and call less often: `tollgate rate-limits set` keeps calls under the account's limits. A higher tier or a second credential raises them.";
    NO_CREDIT: Quota, Operator, "quota_exhausted",
        "The provider's account has no credit left, or has reached its own spend limit (429).",
        "Buy credit or raise the limit on the provider's billing page. To wait does not help.";
    BILLING: Quota, Operator, "billing_not_active",
        "Billing of the provider's account is not active.",
        "Add or renew the payment method on the provider's billing page.";

    MODEL_MISSING: Model, Operator, "upstream_model_not_found",
        "The provider has no such model, or the account may not use it (404).",
        "Check the name with `GET /v1/models`. Some models open only after the organization is verified on the provider's site.";
    MODEL_FORBIDDEN: Model, Operator, "upstream_model_not_allowed",
        "The provider's project may not use this model (403).",
        "Allow the model in the project's settings on the provider's site, or use a key of another project.";
    MODEL_UNNAMED: Model, Operator, "model_not_known",
        "No chat model of this upstream is known that could be tried.",
        "Name one: `tollgate doctor --model NAME`.";
    CALL_ODD: Model, Provider, "call_refused",
        "The provider refuses the doctor's call as it stands (400).",
        "Try another model with `--model NAME`: this one may not be for chat.";
    HERE_REFUSED: Quota, Operator, "refused_by_tollgate",
        "Tollgate itself refused the doctor's call, as it would any other.",
        "The code named here says why: `tollgate explain CODE`.";

    STREAM_NONE: Stream, Provider, "stream_not_sent",
        "The provider answered a call for a stream with something else.",
        "Programs that ask for streams get their answer in one piece, or not at all. Check that the base URL is an OpenAI-compatible API; try another model.";
    STREAM_CUT: Stream, Provider, "stream_cut",
        "The stream broke off before its end.",
        "Try again. If it stays so, something between here and the provider closes long answers: a proxy's or load balancer's time limit.";
    STREAM_STALLED: Stream, Provider, "stream_stalled",
        "The stream began and stopped: nothing more came in time.",
        "Try again. If it stays so, a proxy between here and the provider holds answers back: switch its buffering off.";
    STREAM_ERROR: Stream, Provider, "stream_error",
        "The provider sent an error in the middle of the stream.",
        "Try again, and look at the provider's status page.";
    TOKEN_SLOW: FirstToken, Provider, "first_token_slow",
        "The first token takes more than three seconds.",
        "Try another model, or another time of day. A proxy on the way that holds answers back has the same effect.";
    TOKEN_NEVER: FirstToken, Provider, "first_token_timeout",
        "The provider took the call and sent nothing in time.",
        "Try again, and look at the provider's status page. A server of your own may be loading the model.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_every_row_is_whole() {
        let mut seen = HashSet::new();
        for cause in ALL {
            assert!(seen.insert(cause.code), "{} twice", cause.code);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(cause.code.chars().all(plain), "{}", cause.code);
            assert!(cause.what.ends_with('.') && cause.remedy.ends_with('.'), "{}", cause.code);
            assert!(std::ptr::eq(find(cause.code).unwrap(), *cause));
        }
    }

    #[test]
    fn no_refusal_has_the_same_code() {
        for cause in ALL {
            assert!(crate::fault::catalogue::find(cause.code).is_none(), "{}", cause.code);
        }
    }
}
