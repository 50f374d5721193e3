//! What a man page says beyond the options: surroundings, files, exit status and examples.

use std::io::{self, Write};

use super::pages::Program;

const ENVIRONMENT: &[(&str, &str)] = &[
    ("XDG_CONFIG_HOME", "Stands for ~/.config where it is set to an absolute path."),
    ("XDG_STATE_HOME", "Stands for ~/.local/state where it is set to an absolute path."),
    ("GUARD_LOG", "Tells each step on the standard error, as --verbose does."),
    ("CI", "Set: nobody is asked; what has to be asked is refused with 122."),
];

const FILES: &[(&str, &str)] = &[
    ("/etc/guard/guard.toml, /etc/guard/policies/*.toml", "What the site decides."),
    ("/etc/guard/tools/TOOL.toml", "What the site knows of a tool, in place of the built-in file."),
    (
        "~/.config/guard",
        "The same of the operator: it rules where there is no site, else it may only tighten.",
    ),
    (".guard.toml", "What a project tightens, in the working folder or above it."),
    ("~/.local/state/guard/audit.jsonl", "The audit log, where the site names no other."),
];

const GUARD_EXIT: &[(&str, &str)] = &[
    ("119", "A rollout, or a removal in stages, stopped before its end."),
    ("120", "Denied by policy."),
    ("121", "A person said no, or nobody answered in time."),
    ("122", "A terminal, an option or a person was needed and was not there."),
    ("123", "Not what --expect, --max or --plan-in said, or it changed after it was shown."),
    ("125", "guard's own failure, or wrong usage."),
    ("126, 127", "The program can't be run; there is no such program."),
    ("128+N", "Ended by signal N."),
];

const CTL_EXIT: &[(&str, &str)] = &[
    ("0", "It did its work."),
    ("1", "It found what is wrong: a policy that does not hold, a broken chain, a finding of doctor."),
    ("125", "Wrong usage, or its own failure."),
    ("141", "Whoever read the output went away."),
];

const GUARD_EXAMPLES: &[(&str, &str)] = &[
    ("guard --plan rm -rf build", "Say what would be hit and asked; run nothing."),
    ("guard kubectl delete pods -l app=web", "Count the pods, and ask where they are too many."),
    ("guard --expect 12 kubectl delete pods -l app=web", "Go on without asking if it is 12."),
    ("guard --stages 1,10%,100% kubectl delete pods -l app=web", "Run it a few at a time."),
];

const CTL_EXAMPLES: &[(&str, &str)] = &[
    ("guardctl doctor", "Say what is wrong here, and what mends it."),
    ("guardctl policy explain kubectl delete pods --all", "Show the lines of policy that decide."),
    ("guardctl tools test", "Run the examples of all tool files."),
];

/// Writes the sections of a program, in the order of man pages.
pub fn write(program: Program, out: &mut dyn Write) -> io::Result<()> {
    let (exit, examples) = match program {
        Program::Guard => (GUARD_EXIT, GUARD_EXAMPLES),
        Program::Guardctl => (CTL_EXIT, CTL_EXAMPLES),
        Program::GuardShell => return Ok(()),
    };
    if program == Program::Guard {
        writeln!(out, ".SH \"EXIT STATUS\"\nThe command's own where it ran. Else:")?;
    } else {
        writeln!(out, ".SH \"EXIT STATUS\"")?;
    }
    list(exit, out)?;
    for (title, entries) in [("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES), ("EXAMPLES", examples)] {
        writeln!(out, ".SH {title}")?;
        list(entries, out)?;
    }
    Ok(())
}

fn list(entries: &[(&str, &str)], out: &mut dyn Write) -> io::Result<()> {
    for (what, text) in entries {
        writeln!(out, ".TP\n\\fB{}\\fR\n{}", roff(what), roff(text))?;
    }
    Ok(())
}

/// No line of these texts begins with a dot or a quote once `\&` stands in front.
fn roff(text: &str) -> String {
    format!("\\&{}", text.replace('\\', "\\e").replace('-', "\\-"))
}
