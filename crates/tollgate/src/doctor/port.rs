//! Who listens at a port of this machine, as far as the system tells (Linux).

use std::fs;
use std::path::Path;

/// Of a socket that listens, in the kernel's tables.
const LISTENS: &str = "0A";

/// The name and process id of whoever listens at a port; `None` where it is not to be seen.
pub fn listener(port: u16) -> Option<String> {
    let sockets = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| inodes(&table, port));
    let sockets: Vec<String> = sockets.map(|inode| format!("socket:[{inode}]")).collect();
    if sockets.is_empty() {
        return None;
    }
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut named = processes.filter_map(|entry| {
        let id: u32 = entry.file_name().to_str()?.parse().ok()?;
        holds(&entry.path().join("fd"), &sockets).then_some(())?;
        let name = fs::read_to_string(entry.path().join("comm")).ok()?;
        Some(format!("{} (process {id})", name.trim()))
    });
    named.next()
}

fn holds(descriptors: &Path, sockets: &[String]) -> bool {
    let open = fs::read_dir(descriptors).into_iter().flatten().flatten();
    open.filter_map(|one| fs::read_link(one.path()).ok())
        .any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
}

/// The inodes of the sockets of a table that listen at a port.
fn inodes(table: &str, port: u16) -> Vec<String> {
    let wanted = format!(":{port:04X}");
    let row = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let fits = fields.get(1)?.ends_with(&wanted) && *fields.get(3)? == LISTENS;
        fits.then(|| fields.get(9).map(|inode| (*inode).to_owned())).flatten()
    };
    table.lines().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:21CF 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0\n   1: 0100007F:21CF 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0\n";
        assert_eq!(inodes(table, 8655), ["4711"]);
        assert!(inodes(table, 8656).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn one_finds_oneself() {
        let listener_ = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener_.local_addr().unwrap().port();
        let found = listener(port).unwrap();
        assert!(found.contains(&format!("process {}", std::process::id())), "{found}");
    }
}
