//! The process's own figures, from `/proc`. Where there is none, they are absent.

use std::fs;

/// Clock ticks a second in `/proc`: fixed by the kernel's interface to programs.
const TICKS: u64 = 100;

/// What the operating system says of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Process {
    pub memory_bytes: u64,
    /// User and system time, microseconds.
    pub cpu_us: u64,
    pub open_fds: u64,
    pub max_fds: u64,
}

impl Process {
    pub fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The name may hold anything; what follows it is plain.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let ticks = number(11)? + number(12)?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = resident.trim().trim_end_matches("kB").trim().parse().ok()?;
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        Some(Self {
            memory_bytes: kibibytes * 1024,
            cpu_us: ticks * 1_000_000 / TICKS,
            // The listing itself has one open.
            open_fds: (fs::read_dir("/proc/self/fd").ok()?.count() as u64).saturating_sub(1),
            max_fds: limit.current.unwrap_or(u64::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_has_memory_and_files() {
        let process = Process::read().unwrap();
        assert!(process.memory_bytes > 1 << 20, "{process:?}");
        assert!(process.open_fds > 2 && process.max_fds >= process.open_fds, "{process:?}");
    }
}
