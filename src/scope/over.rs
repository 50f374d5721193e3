//! What a command puts something else in the place of.

use std::path::Path;

use crate::read::Match;
use crate::world::{PreparedRules, RootKind, WalkRequest, World, lexical};

use super::target::Protected;

/// Protected files that stand where something else is put. Into a folder it is only added.
pub(super) fn replaced(found: &Match, rules: &PreparedRules, world: &dyn World) -> Vec<Protected> {
    let Some(range) = &found.action().targets.over else { return Vec::new() };
    let operands = found.operands();
    let within = range.indices(operands.len());
    let cwd = &world.session().cwd;
    let mut protected: Vec<Protected> = Vec::new();
    for word in &operands[within] {
        let root = lexical(Path::new(word), cwd);
        let Some(path) = rules.protection(&root, false) else { continue };
        let roots = [root];
        let look = WalkRequest { recurse: false, follow_roots: true, ..WalkRequest::new(&roots, cwd, rules) };
        if world.walk(&look).roots != [RootKind::Folder] {
            let why = format!("{}, and would be replaced", path.why);
            protected.push(Protected { why, ..super::files::protected(&path) });
        }
    }
    protected
}
