//! Signals as kill and its kin take them: one word, `-9`, `-KILL`, `-SIGKILL`, in any case.

/// Names of signals, without `SIG`, as Linux has them.
const NAMES: &[&str] = &[
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "IOT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
    "ALRM", "TERM", "STKFLT", "CHLD", "CLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "IO", "POLL", "PWR", "SYS", "UNUSED", "EXIT",
];

/// The highest signal number; a larger number after a dash is a process group.
const LAST: u32 = 64;

/// Tells whether a word without its dash is a signal.
pub fn is_signal(word: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(word) else { return false };
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse::<u32>().is_ok_and(|number| number <= LAST);
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    NAMES.contains(&name) || is_real_time(name)
}

/// `RTMIN`, `RTMAX`, `RTMIN+3`, `RTMAX-1`.
fn is_real_time(name: &str) -> bool {
    let rest = name.strip_prefix("RTMIN").or_else(|| name.strip_prefix("RTMAX"));
    rest.is_some_and(|rest| {
        let offset = rest.strip_prefix(['+', '-']);
        rest.is_empty() || offset.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::is_signal;

    #[test]
    fn a_number_beyond_the_last_signal_is_a_process_group() {
        for signal in ["9", "0", "64", "KILL", "sigkill", "Hup", "RTMIN+3", "rtmax-1", "SIGRTMIN"] {
            assert!(is_signal(signal.as_bytes()), "{signal}");
        }
        for other in ["", "65", "1234", "f", "x", "USR3", "RTMIN+", "SIG", "99999999999"] {
            assert!(!is_signal(other.as_bytes()), "{other}");
        }
    }
}
