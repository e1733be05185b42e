use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;

use super::*;

/// A mail server that says yes, but for the commands that begin with `refuse`.
async fn server(refuse: &'static str, answer: &'static str) -> (u16, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(String::new()));
    let all = Arc::clone(&heard);
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220-welcome\r\n220 ready\r\n").await.unwrap();
        let mut in_data = false;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap() == 0 {
                return;
            }
            all.lock().unwrap().push_str(&line);
            let reply = match line.trim_end() {
                "." => "250 taken",
                _ if in_data => continue,
                line if !refuse.is_empty() && line.starts_with(refuse) => answer,
                line if line.starts_with("EHLO") => "250-me\r\n250-AUTH LOGIN PLAIN\r\n250 SIZE 1",
                line if line.starts_with("AUTH") => "235 in",
                line if line.starts_with("RCPT") => "251 forwarded",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            in_data = reply.starts_with("354");
            stream.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
        }
    });
    (port, heard)
}

fn relay(port: u16) -> Relay {
    Relay {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::None,
        login: Some(("me".to_owned(), Secret::from("pw"))),
        from: "tollgate@example.com".to_owned(),
        tls: Tls::new(None).unwrap(),
    }
}

fn mail() -> Mail<'static> {
    Mail {
        id: "msg_1",
        to: "a@example.com",
        subject: "Bills: Projekt Größe has reached $5",
        text: "One.\n.\nTwo.\n",
        at: Timestamp::from_seconds(1_773_576_000),
    }
}

#[tokio::test]
async fn a_mail_is_handed_over_whole() {
    let (port, heard) = server("", "").await;
    relay(port).send(&mail()).await.unwrap();
    let heard = heard.lock().unwrap().clone();
    let mut lines = heard.lines();
    assert_eq!(lines.next(), Some("EHLO [127.0.0.1]"));
    assert_eq!(lines.next(), Some("AUTH PLAIN AG1lAHB3"));
    assert_eq!(lines.next(), Some("MAIL FROM:<tollgate@example.com>"));
    assert_eq!(lines.next(), Some("RCPT TO:<a@example.com>"));
    assert_eq!(lines.next(), Some("DATA"));
    for header in [
        "To: <a@example.com>\r\n",
        "Date: Sun, 15 Mar 2026 12:00:00 +0000\r\n",
        "Message-ID: <msg_1@example.com>\r\n",
        // printf 'Bills: Projekt Größe has reached $5' | base64
        "Subject: =?UTF-8?B?QmlsbHM6IFByb2pla3QgR3LDtsOfZSBoYXMgcmVhY2hlZCAkNQ==?=\r\n",
    ] {
        assert!(heard.contains(header), "{header}{heard}");
    }
    let body = heard.split_once("\r\n\r\n").unwrap().1.split_once("\r\n.\r\n").unwrap().0;
    assert_eq!(STANDARD.decode(body).unwrap(), b"One.\r\n.\r\nTwo.\r\n");
    assert!(heard.ends_with("QUIT\r\n"));
}

#[tokio::test]
async fn a_refused_recipient_is_for_good_and_a_busy_server_is_not() {
    for (command, answer, for_good) in [
        ("RCPT", "550 no such user", true),
        ("RCPT", "450 later", false),
        ("AUTH", "535 wrong password", false),
        ("MAIL", "421 busy", false),
    ] {
        let (port, heard) = server(command, answer).await;
        let refused = relay(port).send(&mail()).await.unwrap_err();
        assert_eq!((refused.for_good, refused.why.as_str()), (for_good, answer));
        assert!(!heard.lock().unwrap().contains("DATA"));
    }
}

#[tokio::test]
async fn without_a_server_the_mail_may_go_later() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert!(!relay(port).send(&mail()).await.unwrap_err().for_good);
}

#[tokio::test]
async fn starttls_that_is_not_offered_sends_no_password() {
    let (port, heard) = server("STARTTLS", "502 what").await;
    let relay = Relay { security: Security::StartTls, ..relay(port) };
    assert!(relay.send(&mail()).await.is_err());
    assert!(!heard.lock().unwrap().contains("AUTH"));
}

#[test]
fn long_subjects_are_folded_between_characters() {
    let subject = "ü".repeat(100);
    let text = message::compose("a@b", &Mail { subject: &subject, ..mail() });
    let lines = text.lines().skip_while(|line| !line.starts_with("Subject: "));
    let words: Vec<&str> = lines.take_while(|line| !line.starts_with("Date")).collect();
    assert!(words.iter().all(|line| line.len() <= 76 + "Subject: ".len()));
    let decoded: Vec<u8> = words
        .iter()
        .flat_map(|line| {
            let word = line.trim_start_matches("Subject: ").trim();
            let word = word.strip_prefix("=?UTF-8?B?").unwrap().strip_suffix("?=").unwrap();
            STANDARD.decode(word).unwrap()
        })
        .collect();
    assert_eq!(String::from_utf8(decoded).unwrap(), subject);
}

#[tokio::test]
async fn an_address_that_could_end_a_line_goes_to_no_server() {
    let (port, heard) = server("", "").await;
    for to in [
        "a@example.com>\r\nRCPT TO:<b@example.com",
        "a@example.com\nBcc: b@example.com",
        "a@example.com> NOTIFY=NEVER",
        "no address",
        "",
    ] {
        let refused = relay(port).send(&Mail { to, ..mail() }).await.unwrap_err();
        assert!(refused.for_good, "{to:?}");
    }
    assert!(heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_address_beyond_ascii_goes_only_where_it_is_taken() {
    let (port, heard) = server("", "").await;
    let refused = relay(port).send(&Mail { to: "grüße@example.com", ..mail() }).await.unwrap_err();
    assert!(refused.for_good && refused.why.contains("ASCII"), "{refused}");
    assert!(!heard.lock().unwrap().contains("MAIL FROM"));
}
