//! What stands in the brackets of a node set: `1-9`, `01-10`, `0-20/5`, `-3`.

use crate::hosts::digits::{self, Span};
use crate::hosts::fault::Fault;

/// The numbers of one pair of brackets.
#[derive(Default)]
pub struct Numbers {
    /// Below zero, without the sign.
    pub below: Vec<Span>,
    /// The others.
    pub spans: Vec<Span>,
}

/// Digits behind brackets become part of the numbers: `n[1-3]0` is `n[10-30/10]`.
pub fn trailing(inside: &str, digits: &str) -> Result<String, Fault> {
    if digits.is_empty() {
        return Ok(inside.to_owned());
    }
    if inside.contains('/') {
        return Err(Fault::form(format!("[{inside}]{digits}"), "digits follow a range with a step"));
    }
    let element = |element: &str| {
        let bounds: Vec<_> = element.split('-').map(|bound| format!("{bound}{digits}")).collect();
        let step = if bounds.len() > 1 { format!("/1{}", "0".repeat(digits.len())) } else { String::new() };
        bounds.join("-") + &step
    };
    Ok(inside.split(',').map(element).collect::<Vec<_>>().join(","))
}

/// Digits before brackets become part of both ends of each range, as the tool has it: `n1[1-10]` is `n[11-110]`.
pub fn leading(digits: &str, inside: String) -> Result<String, Fault> {
    if digits.is_empty() {
        return Ok(inside);
    }
    let numbers = numbers(&inside)?;
    if !numbers.below.is_empty() {
        return Err(Fault::form(format!("{digits}[{inside}]"), "digits stand before a range below zero"));
    }
    let mut ranges = String::new();
    digits::show(digits::sorted(&numbers.spans), &mut ranges);
    let element = |element: &str| {
        element.split('-').map(|bound| format!("{digits}{bound}")).collect::<Vec<_>>().join("-")
    };
    Ok(ranges.split(',').map(element).collect::<Vec<_>>().join(","))
}

/// Reads what stands in brackets.
pub fn numbers(inside: &str) -> Result<Numbers, Fault> {
    let mut numbers = Numbers::default();
    for element in inside.split(',') {
        let wrong = |why: &str| Fault::form(format!("[{inside}]"), why);
        let element = element.trim();
        let (range, step) =
            element.split_once('/').map_or((element, None), |(range, step)| (range, Some(step)));
        let step = step.map(|step| {
            whole(step.trim()).filter(|step| *step > 0).ok_or_else(|| wrong("a step is no number"))
        });
        let step = step.transpose()?;
        let bounds: Vec<&str> = range.split('-').map(str::trim).collect();
        let (below, begin, end, end_below) = match bounds[..] {
            [""] => return Err(wrong("a range is empty")),
            [one] if step.is_none_or(|step| step == 1) => (false, one, one, false),
            [_] => return Err(wrong("one number has no step")),
            ["", one] => (true, one, one, true),
            [begin, end] => (false, begin, end, false),
            ["", begin, end] => (true, begin, end, false),
            ["", begin, "", end] => (true, begin, end, true),
            _ => return Err(wrong("a range has two ends")),
        };
        let not_numbers = || wrong("a range goes from one number to another");
        let (first, last) = (whole(begin).ok_or_else(not_numbers)?, whole(end).ok_or_else(not_numbers)?);
        let (padded, end_padded) =
            (begin.len() > 1 && begin.starts_with('0'), end.len() > 1 && end.starts_with('0'));
        if (padded || end_padded) && begin.len() != end.len() {
            return Err(wrong("both ends of a padded range are equally long"));
        }
        let (pad, step) = (if padded { begin.len() } else { 0 }, step.unwrap_or(1));
        match (below, end_below) {
            (false, _) if first <= last => digits::stepped(first, last, step, pad, &mut numbers.spans)?,
            (true, _) if padded => return Err(wrong("a range below zero has no padding")),
            (true, true) if first >= last && step == 1 => {
                digits::range(last.max(1), first, 0, &mut numbers.below);
                // There is no -0.
                if last == 0 {
                    digits::range(0, 0, 0, &mut numbers.spans);
                }
            }
            (true, false) if step == 1 => {
                digits::range(1, first, 0, &mut numbers.below);
                digits::range(0, last, 0, &mut numbers.spans);
            }
            _ => return Err(wrong("a range goes up")),
        }
    }
    Ok(numbers)
}

/// Reads a number as far as guard counts them.
fn whole(digits: &str) -> Option<u64> {
    digits::key(digits.as_bytes()).map(digits::value)
}
