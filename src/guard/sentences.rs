//! The sentences and values that deciding needs beside the judge's own.

use crate::judge::{Reason, Rung, Typed, Verdict};
use crate::policy::{Setting, Stance};
use crate::read::{Blank, Understood};
use crate::ui::escape::{escape, quote};
use crate::world::World;

/// The verdict on what nothing calls risky.
pub fn allowed() -> Verdict {
    Verdict { rung: Rung::Allow, reasons: Vec::new(), typed: Typed::Number(0), person: false, sum: None }
}

/// The verdict on a program that no tool file names, where the site does not simply allow it.
pub fn unnamed(understood: &Understood, stance: &Setting<Stance>, world: &dyn World) -> Verdict {
    let rung = if stance.value == Stance::Deny { Rung::Deny } else { Rung::Confirm };
    let name = escape(understood.invocation.name()).into_owned();
    let text = format!("no tool file names '{name}', and this site does not let such commands pass");
    let reason = Reason { rung, rule: "unnamed".into(), text, layer: Some(stance.layer) };
    Verdict {
        rung,
        reasons: vec![reason],
        typed: Typed::Context(world.session().host.clone()),
        person: true,
        sum: None,
    }
}

/// The sentence on an empty word where the tool takes it for everything.
pub fn blank(blank: &Blank) -> String {
    let word = quote(std::slice::from_ref(&blank.word));
    match (&blank.option, &blank.says) {
        (Some(option), Some(says)) => format!("{option} {word}: {}", escape(says)),
        (None, Some(says)) => format!("{word}: {}", escape(says)),
        (Some(option), None) => {
            format!("the value of {option} is empty ({word}), and an empty selector can mean everything")
        }
        (None, None) => format!("an operand is empty ({word}), and an empty selector can mean everything"),
    }
}
