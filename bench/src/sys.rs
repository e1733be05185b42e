//! The only unsafe code of the bench: four calls that std does not offer.

#![allow(unsafe_code, reason = "system calls; each proof stands beside its call")]

use std::io;
use std::time::Duration;

use crate::Result;

/// CPU time of a whole process so far, user and system, in nanoseconds and with the threads that
/// have ended (`/proc/PID/task/*/schedstat` forgets those, `/proc/PID/stat` counts in 10 ms).
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let mut clock: libc::clockid_t = 0;
    // SAFETY: writes one clockid_t, to a live local.
    let status = unsafe { libc::clock_getcpuclockid(pid_t(pid)?, &raw mut clock) };
    if status != 0 {
        return Err(format!("process {pid}: {}", io::Error::from_raw_os_error(status)).into());
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes one timespec, to a live local.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        return Err(format!("process {pid} is gone: {}", io::Error::last_os_error()).into());
    }
    Ok(Duration::new(time.tv_sec.try_into()?, time.tv_nsec.try_into()?))
}

/// Lifts the number of open files to what the machine allows; children inherit it.
pub(crate) fn raise_open_files() -> Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes one rlimit, to a live local.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error().into());
    }
    limit.rlim_cur = limit.rlim_max;
    // SAFETY: reads one rlimit, from a live local.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } != 0 {
        return Err(io::Error::last_os_error().into());
    }
    Ok(limit.rlim_cur)
}

/// Asks one process, a child of ours, to end.
pub(crate) fn terminate(pid: u32) -> Result<()> {
    // SAFETY: no memory is involved; `pid_t` refuses 0 and negatives, which would name groups.
    if unsafe { libc::kill(pid_t(pid)?, libc::SIGTERM) } != 0 {
        return Err(io::Error::last_os_error().into());
    }
    Ok(())
}

/// Lets the calling thread's sleeps end on time instead of 50 µs late; failing is harmless.
pub(crate) fn sleep_sharply() {
    // SAFETY: no memory is involved.
    let _ = unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1) };
}

fn pid_t(pid: u32) -> Result<libc::pid_t> {
    match libc::pid_t::try_from(pid) {
        Ok(pid) if pid > 0 => Ok(pid),
        _ => Err(format!("{pid} is no process id").into()),
    }
}
