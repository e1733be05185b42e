//! A file passes through in pieces: its size is not the gateway's.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread::JoinHandle;

use serde_json::json;
use testkit::{Key, TestGateway};

const SIZE: usize = 200 << 20;
const PIECE: usize = 64 << 10;

/// A provider that takes files, counts their bytes and keeps none.
fn counting_provider(files: usize) -> (u16, JoinHandle<Vec<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = move || (0..files).map(|_| take(listener.accept().unwrap().0)).collect();
    (port, std::thread::spawn(serve))
}

fn take(wire: TcpStream) -> usize {
    let mut reader = BufReader::new(wire.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut piece = vec![0; PIECE];
    let mut left = length;
    while left > 0 {
        let most = left.min(PIECE);
        left -= reader.read(&mut piece[..most]).unwrap();
    }
    let body = r#"{"id":"file-counted","object":"file"}"#;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    write!(&wire, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    length
}

/// Uploads a file of `size` bytes in pieces; gives the bytes of the whole form.
fn upload(gateway: &TestGateway, key: &Key, size: usize) -> usize {
    let address = gateway.url().replace("http://", "");
    let mut wire = TcpStream::connect(&address).unwrap();
    let open = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nassistants\r\n\
                --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
    let close = "\r\n--b--\r\n";
    let length = open.len() + size + close.len();
    let head = format!(
        "POST /v1/files HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Connection: close\r\nContent-Type: multipart/form-data; boundary=b\r\n\
         Content-Length: {length}\r\n\r\n{open}",
        key.value
    );
    wire.write_all(head.as_bytes()).unwrap();
    let piece = vec![b'x'; PIECE];
    for at in (0..size).step_by(PIECE) {
        wire.write_all(&piece[..PIECE.min(size - at)]).unwrap();
    }
    wire.write_all(close.as_bytes()).unwrap();
    let mut answer = String::new();
    wire.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("file-counted"), "{answer}");
    length
}

/// A line of `/proc/PID/status`, in KiB.
fn status(gateway: &TestGateway, name: &str) -> usize {
    let text = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

#[test]
fn case_78_a_file_of_200_mib_leaves_the_memory_as_it_was() {
    let (port, provider) = counting_provider(2);
    let gateway = TestGateway::builder(Path::new(env!("CARGO_BIN_EXE_tollgate")))
        .env("OPENAI_API_KEY", "sk-fake-CANARY-for-counting")
        .env("OPENAI_BASE_URL", &format!("http://127.0.0.1:{port}/v1"))
        .start();
    let key = gateway.create_key(&json!({"name": "k"}));
    let small = upload(&gateway, &key, 1 << 20);
    let before = status(&gateway, "VmRSS:");
    let large = upload(&gateway, &key, SIZE);
    let peak = status(&gateway, "VmHWM:");
    assert_eq!(provider.join().unwrap(), [small, large]);
    assert!(peak < before + 16 * 1024, "from {before} KiB to {peak} KiB");
}
