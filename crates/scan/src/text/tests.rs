use super::*;
use domain::KeyKind;

fn search(bytes: &[u8]) -> Vec<(u64, u64)> {
    let mut window = Window::new();
    let mut rest = bytes;
    let ended = window.start(&mut rest).unwrap();
    let mut all = Vec::new();
    let finder = Finder::new();
    let (seen, read) = window.search(ended, &mut rest, &finder, &mut |seen| {
        assert_eq!(seen.kind.id, "tollgate-key");
        all.push((seen.line, seen.column));
    });
    read.unwrap();
    assert_eq!(seen, bytes.len() as u64);
    all
}

fn key() -> String {
    vault::key::mint(KeyKind::Project).expose().to_owned()
}

#[test]
fn a_secret_is_found_once_wherever_windows_meet() {
    let key = key();
    for line in [b"x\n".as_slice(), b"xxxxxxx"] {
        for near in [WINDOW, WINDOW - LONGEST, WINDOW - LONGEST - KEPT] {
            for shift in [1, key.len() / 2, key.len()] {
                let at = near - shift;
                let mut bytes: Vec<u8> = line.iter().copied().cycle().take(at).collect();
                let newlines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
                let column = bytes.iter().rev().take_while(|byte| **byte != b'\n').count() as u64;
                bytes.extend_from_slice(key.as_bytes());
                bytes.extend(line.iter().cycle().take(WINDOW + 100_000 - bytes.len()));
                assert_eq!(search(&bytes), [(newlines + 1, column + 1)], "{near} - {shift}");
            }
        }
    }
}

#[test]
fn a_line_without_an_end_is_no_trouble() {
    let mut bytes = vec![b' '; 5 * WINDOW];
    bytes.extend_from_slice(key().as_bytes());
    assert_eq!(search(&bytes), [(1, 5 * WINDOW as u64 + 1)]);
}

#[test]
fn a_comment_allows_its_own_line_only() {
    let key = key();
    assert!(search(format!("a\nk = '{key}' # tollgate:allow\n").as_bytes()).is_empty());
    assert_eq!(search(format!("# tollgate:allow\n{key}\n").as_bytes()), [(2, 1)]);
    assert_eq!(search(format!("{key}\n# tollgate:allow").as_bytes()), [(1, 1)]);
}

#[test]
fn what_came_before_an_error_is_looked_at() {
    struct Torn(Vec<u8>);
    impl Read for Torn {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Err(io::Error::other("torn"));
            }
            let part = self.0.len().min(out.len());
            out[..part].copy_from_slice(&self.0[..part]);
            self.0.drain(..part);
            Ok(part)
        }
    }
    let mut bytes = vec![b'\n'; WINDOW + 100];
    bytes.extend_from_slice(key().as_bytes());
    let mut torn = Torn(bytes);
    let mut window = Window::new();
    assert!(!window.start(&mut torn).unwrap());
    let mut lines = Vec::new();
    let finder = Finder::new();
    let (_, read) = window.search(false, &mut torn, &finder, &mut |seen| lines.push(seen.line));
    assert!(read.is_err());
    assert_eq!(lines, [WINDOW as u64 + 101]);
}
