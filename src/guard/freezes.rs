//! Which freeze really holds: what a tool file promises, less what this command line takes away.
//!
//! Messages speak of the freeze, so it must be settled before anybody is asked.

use crate::judge::Part;
use crate::read::Match;
use crate::scope::{Certainty, Frozen, calls};
use crate::tool::Freeze;

use super::decide::Depth;

/// Options that standing in for rm can honour; the last one is only read.
const KNOWN: [&str; 11] = [
    "-f",
    "--force",
    "-r",
    "-R",
    "--recursive",
    "-v",
    "--verbose",
    "-d",
    "--dir",
    "--one-file-system",
    "--preserve-root",
];

/// Settles the freeze of each part of a command line.
pub fn settle(parts: &mut [Part], depth: Depth) {
    let single = parts.len() == 1 && !parts[0].wrappers.iter().any(|wrapper| wrapper.more);
    for part in parts {
        part.freeze = held(part, single, depth);
    }
}

fn held(part: &Part, single: bool, depth: Depth) -> Freeze {
    let Some((found, scope)) = part.found.as_ref().zip(part.scope.as_ref()) else { return part.freeze };
    let exact = matches!(scope.certainty, Certainty::Exact | Certainty::AtMost) || depth == Depth::Enough;
    let by_itself = match part.freeze {
        Freeze::Handles => single && exact && stands_in(found) && !found.invocation.is_carried(),
        Freeze::Names | Freeze::Lease => single && exact && calls(found, &scope.targets).is_ok(),
        _ => return part.freeze,
    };
    if by_itself {
        return part.freeze;
    }
    let listed = !scope.targets.is_empty() || matches!(scope.frozen, Frozen::Files(_));
    if exact && listed { Freeze::Relist } else { Freeze::None }
}

/// Tells whether guard can do all that the command would: options it does not know, or other
/// actions of find beside the removal, keep it from standing in.
fn stands_in(found: &Match) -> bool {
    let mut options = found.invocation.options().map(|given| given.spelled.as_str());
    match found.file.tool.names[0].as_str() {
        "rm" => options.all(|option| KNOWN.contains(&option)),
        "rmdir" => options.all(|option| matches!(option, "-v" | "--verbose")),
        "find" => !options.any(|option| {
            ["-print", "-printf", "-ls", "-fprint", "-fls", "-exec", "-ok"]
                .iter()
                .any(|other| option.starts_with(other))
        }),
        _ => false,
    }
}
