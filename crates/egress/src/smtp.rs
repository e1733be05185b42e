//! Handing an e-mail to the operator's mail server (RFC 5321, submission): implicit TLS, STARTTLS
//! or neither; AUTH PLAIN or LOGIN. One connection a message: mails here are rare.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Secret, Timestamp};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::Tls;

mod message;

/// For a whole message, from connecting to the server's word for it.
const WHOLE: Duration = Duration::from_secs(60);
/// Bytes of an address.
const LONGEST_ADDRESS: usize = 254;
/// Bytes of one reply.
const LONGEST_REPLY: u64 = 64 * 1024;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    Tls,
    StartTls,
    None,
}

impl Security {
    /// The port where servers offer it.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

/// The operator's mail server.
pub struct Relay {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// User name and password.
    pub login: Option<(String, Secret)>,
    /// The sender's address.
    pub from: String,
    pub tls: Tls,
}

/// One e-mail to one address.
pub struct Mail<'a> {
    /// Unique: the message's `Message-ID`.
    pub id: &'a str,
    pub to: &'a str,
    pub subject: &'a str,
    pub text: &'a str,
    pub at: Timestamp,
}

/// Why a mail was not taken.
#[derive(Debug)]
pub struct NotTaken {
    /// The server said that this mail will never be taken (5xx for its recipient or its content).
    pub for_good: bool,
    /// For the log; holds no password.
    pub why: String,
}

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for NotTaken {}

fn failed(why: impl fmt::Display) -> NotTaken {
    NotTaken { for_good: false, why: why.to_string() }
}

impl Relay {
    /// Returns when the server has taken the mail.
    ///
    /// # Errors
    /// [`NotTaken`]. Without an answer at the end, the mail may have been taken all the same.
    pub async fn send(&self, mail: &Mail<'_>) -> Result<(), NotTaken> {
        if let Some(bad) = [self.from.as_str(), mail.to].into_iter().find(|it| !is_address(it)) {
            let why = format!("{bad:?} is no address that a mail can go to or come from");
            return Err(NotTaken { for_good: true, why });
        }
        let sent = tokio::time::timeout(WHOLE, self.connect_and_send(mail)).await;
        sent.unwrap_or_else(|_| Err(failed("the mail server took too long")))
    }

    async fn connect_and_send(&self, mail: &Mail<'_>) -> Result<(), NotTaken> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(failed)?;
        let here = stream.local_addr().map_err(failed)?.ip();
        let there = stream.peer_addr().map_err(failed)?.ip();
        let name = if here.is_ipv6() { format!("[IPv6:{here}]") } else { format!("[{here}]") };
        match self.security {
            Security::None => {
                if self.login.is_some() && !there.is_loopback() {
                    return Err(failed("a password is not sent over a connection without TLS"));
                }
                let mut session = Session::new(stream);
                session.expect(220).await?;
                self.converse(session, &name, mail).await
            }
            Security::Tls => {
                let stream =
                    self.tls.without_alpn().wrap(&self.host, stream).await.map_err(failed)?;
                let mut session = Session::new(stream);
                session.expect(220).await?;
                self.converse(session, &name, mail).await
            }
            Security::StartTls => {
                let mut session = Session::new(stream);
                session.expect(220).await?;
                session.say(&format!("EHLO {name}"), 250).await?;
                session.say("STARTTLS", 220).await?;
                let stream = session.bare()?;
                let stream =
                    self.tls.without_alpn().wrap(&self.host, stream).await.map_err(failed)?;
                self.converse(Session::new(stream), &name, mail).await
            }
        }
    }

    /// Addresses beyond ASCII go to servers that say that they take them (RFC 6531).
    fn words(&self, offers: &str, mail: &Mail<'_>) -> Result<&'static str, NotTaken> {
        if self.from.is_ascii() && mail.to.is_ascii() {
            return Ok("");
        }
        let takes = |line: &str| {
            line.get(4..).is_some_and(|word| word.trim().eq_ignore_ascii_case("SMTPUTF8"))
        };
        match offers.lines().any(takes) {
            true => Ok(" SMTPUTF8"),
            false => {
                let why = "the mail server takes no address beyond ASCII".to_owned();
                Err(NotTaken { for_good: true, why })
            }
        }
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut session: Session<S>,
        name: &str,
        mail: &Mail<'_>,
    ) -> Result<(), NotTaken> {
        let offers = session.say(&format!("EHLO {name}"), 250).await?;
        if let Some((user, password)) = &self.login {
            session.log_in(&offers, user, password).await?;
        }
        session
            .say(&format!("MAIL FROM:<{}>{}", self.from, self.words(&offers, mail)?), 250)
            .await?;
        session.say(&format!("RCPT TO:<{}>", mail.to), 250).await.map_err(for_this_mail)?;
        session.say("DATA", 354).await?;
        let message = message::compose(&self.from, mail);
        session.say(&format!("{message}\r\n."), 250).await.map_err(for_this_mail)?;
        // It is taken; whether the server says good-bye does not matter.
        let _ = session.say("QUIT", 221).await;
        Ok(())
    }
}

/// Nothing in an address may end a command or a header, or begin another one.
fn is_address(text: &str) -> bool {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>".contains(c);
    text.contains('@') && text.len() <= LONGEST_ADDRESS && text.chars().all(plain)
}

/// A 5xx to a recipient or a content is the last word on this mail.
fn for_this_mail(refused: NotTaken) -> NotTaken {
    NotTaken { for_good: refused.why.starts_with("5"), ..refused }
}

struct Session<S>(BufReader<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    fn new(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    /// The connection below. What came before TLS must not be read as if under it.
    fn bare(self) -> Result<S, NotTaken> {
        match self.0.buffer() {
            [] => Ok(self.0.into_inner()),
            _ => Err(failed("the mail server spoke before TLS")),
        }
    }

    async fn say(&mut self, line: &str, wanted: u16) -> Result<String, NotTaken> {
        self.0.write_all(format!("{line}\r\n").as_bytes()).await.map_err(failed)?;
        self.0.flush().await.map_err(failed)?;
        self.expect(wanted).await
    }

    /// A whole reply, of one line or several, that must have this code (251 is a 250).
    async fn expect(&mut self, wanted: u16) -> Result<String, NotTaken> {
        let mut all = String::new();
        let mut input = (&mut self.0).take(LONGEST_REPLY);
        loop {
            let start = all.len();
            let read = input.read_line(&mut all).await.map_err(failed)?;
            let line = all.get(start..).unwrap_or_default();
            if read == 0 || !line.ends_with('\n') {
                return Err(failed("the mail server broke off"));
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                break;
            }
        }
        let last = all.lines().next_back().unwrap_or_default();
        let code = last.get(..3).and_then(|code| code.parse::<u16>().ok());
        match code {
            Some(code) if code == wanted || (wanted, code) == (250, 251) => Ok(all),
            _ => Err(failed(last.chars().take(200).collect::<String>())),
        }
    }

    async fn log_in(
        &mut self,
        offers: &str,
        user: &str,
        password: &Secret,
    ) -> Result<(), NotTaken> {
        let offers = offers.to_ascii_uppercase();
        let ways = offers.lines().filter_map(|line| line.get(4..)?.strip_prefix("AUTH"));
        let ways: Vec<&str> = ways.flat_map(str::split_whitespace).collect();
        if ways.contains(&"PLAIN") || !ways.contains(&"LOGIN") {
            let token = STANDARD.encode(format!("\0{user}\0{}", password.expose()));
            return self.say(&format!("AUTH PLAIN {token}"), 235).await.map(drop);
        }
        self.say("AUTH LOGIN", 334).await?;
        self.say(&STANDARD.encode(user), 334).await?;
        self.say(&STANDARD.encode(password.expose()), 235).await.map(drop)
    }
}

#[cfg(test)]
mod tests;
