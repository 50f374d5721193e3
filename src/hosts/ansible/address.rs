//! Which texts Ansible takes for one host (with a port, with ranges), and the hosts of a range.

use std::net::Ipv4Addr;

/// Returns the host of `host`, `host:port` or `[host]:port`, ranges (`web[1:3]`) and all; `None` where it is no such thing.
pub fn host(text: &str) -> Option<&str> {
    let text = without_port(text);
    let is_address = text.parse::<Ipv4Addr>().is_ok() || begins_ipv6(text);
    (is_address || is_name(text)).then_some(text)
}

fn without_port(text: &str) -> &str {
    let Some((host, port)) = text.rsplit_once(':') else { return text };
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return text;
    }
    if let Some(inside) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'))
        && !inside.is_empty()
    {
        return inside;
    }
    // A colon, or half a pair of brackets, in front of the port: the colon belongs to something else.
    let mut left = host;
    while let Some(at) = left.find([':', '[', ']']) {
        match left[at..].strip_prefix('[').and_then(|inside| inside.split_once(']')) {
            Some((_, behind)) => left = behind,
            None => return text,
        }
    }
    host
}

/// True where Ansible sees an IPv6 address: it looks only at how a text begins, so `db::web` is one too.
fn begins_ipv6(text: &str) -> bool {
    let mut left = text;
    for parts in 0..=7 {
        if left.starts_with("::") && parts == 0 || left.starts_with(':') && (1..=6).contains(&parts) {
            return true;
        }
        let length = left.bytes().take_while(u8::is_ascii_hexdigit).count();
        let behind = match left.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
            Some((inside, behind)) if is_range(inside) => behind,
            None if (1..=4).contains(&length) => &left[length..],
            _ => return false,
        };
        if parts == 7 {
            return true;
        }
        let Some(behind) = behind.strip_prefix(':') else { return false };
        left = behind;
    }
    false
}

/// True for labels between dots; a range may stand for a character.
fn is_name(text: &str) -> bool {
    let (mut left, mut starts, mut ends) = (text, true, false);
    while let Some(c) = left.chars().next() {
        if c == '[' {
            let Some((inside, behind)) = left[1..].split_once(']') else { return false };
            if !is_range(inside) {
                return false;
            }
            (left, starts, ends) = (behind, false, true);
            continue;
        }
        left = &left[c.len_utf8()..];
        match c {
            '.' if ends && !starts => (starts, ends) = (true, false),
            '-' if !starts => ends = false,
            '_' => (starts, ends) = (false, false),
            c if c.is_alphanumeric() => (starts, ends) = (false, true),
            _ => return false,
        }
    }
    ends
}

/// True for `1:10`, `a:f` and both with a step.
fn is_range(inside: &str) -> bool {
    let parts: Vec<&str> = inside.split(':').collect();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_letter = |part: &str| part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let (bounds, step) = parts.split_at(parts.len().min(2));
    bounds.len() == 2
        && (bounds.iter().all(|bound| is_number(bound)) || bounds.iter().all(|bound| is_letter(bound)))
        && step.len() <= 1
        && step.iter().all(|step| is_number(step))
}

/// Appends the hosts that a name with ranges stands for, as an inventory has them.
///
/// # Errors
/// One sentence, where Ansible would not take it or it stands for more than `most`.
pub fn expand(name: &str, most: usize, hosts: &mut Vec<String>) -> Result<(), String> {
    let place = (name.find('['), name.find(':'), name.find(']'));
    let (Some(open), Some(colon), Some(close)) = place else {
        hosts.push(name.to_owned());
        return Ok(());
    };
    if !(open < colon && colon < close) {
        hosts.push(name.to_owned());
        return Ok(());
    }
    let (front, inside, behind) = (&name[..open], &name[open + 1..close], &name[close + 1..]);
    let parts: Vec<&str> = inside.split(':').collect();
    let (first, last, step) = match parts[..] {
        [first, last] => (first, last, "1"),
        [first, last, step] => (first, last, step),
        _ => return Err(format!("'{inside}' is not begin:end or begin:end:step")),
    };
    let wrong = || format!("'{inside}' is not a range");
    let first = if first.is_empty() { "0" } else { first };
    let step: u64 = step.parse().ok().filter(|step| *step > 0).ok_or_else(wrong)?;
    let pad = if first.len() > 1 && first.starts_with('0') { first.len() } else { 0 };
    if pad > 0 && last.len() != pad {
        return Err(format!("both ends of '{inside}' must be equally long"));
    }
    let mut each = |number: String| {
        if hosts.len() >= most {
            return Err(format!("an inventory of more than {most} hosts is not followed"));
        }
        expand(&format!("{front}{number}{behind}"), most, hosts)
    };
    if let (Some(from), Some(to)) = (letter(first), letter(last)) {
        if from > to {
            return Err(wrong());
        }
        return (from..=to)
            .step_by(usize::try_from(step).unwrap_or(usize::MAX))
            .try_for_each(|at| each(char::from(LETTERS[at]).to_string()));
    }
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.len() <= 18).ok_or_else(wrong);
    let (from, to) = (number(first)?, number(last)?);
    (from..=to)
        .step_by(usize::try_from(step).unwrap_or(usize::MAX))
        .try_for_each(|number| each(format!("{number:0pad$}")))
}

/// In the order that ranges of letters run through.
const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn letter(text: &str) -> Option<usize> {
    let [letter] = text.as_bytes() else { return None };
    LETTERS.iter().position(|one| one == letter)
}
