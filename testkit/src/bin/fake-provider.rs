//! Runs the fake provider for manual use: `fake-provider [--port N]`.

use std::io::Write;

use testkit::FakeProvider;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Some(0),
        ["--port", port] => port.parse().ok(),
        _ => None,
    };
    let Some(port) = port else {
        eprintln!("usage: fake-provider [--port N]");
        std::process::exit(2);
    };
    let provider = FakeProvider::start_on(port);
    println!("listening on {}", provider.base_url());
    println!("credential {}", provider.credential());
    let _ = std::io::stdout().flush();
    loop {
        std::thread::park();
    }
}
