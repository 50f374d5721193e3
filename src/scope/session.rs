//! Targets that the session itself hangs on: its ssh server, its network, its login.
//!
//! Who stops them from inside the session cuts the branch they sit on, and cannot mend it from there.

use std::os::unix::ffi::OsStrExt;

use crate::read::Match;
use crate::tool::Effect;
use crate::world::World;

use super::processes::came_by_ssh;
use super::target::{Protected, Scope};

/// Marks targets that carry this ssh session: denied where they are stopped, else confirmed.
pub fn mark(found: &Match, effect: Effect, scope: &mut Scope, world: &dyn World) {
    let Some(session) = &found.action().session else { return };
    let elsewhere = found.invocation.elsewhere()
        || session.unless.iter().any(|condition| found.invocation.holds(condition, found.depth));
    if elsewhere {
        return;
    }
    // A unit may be typed without its suffix.
    let names = |name: &[u8]| {
        session.targets.iter().any(|g| g.matches(name) || g.matches(&[name, b".service"].concat()))
    };
    let mut hit = scope.targets.iter().filter(|target| names(target.name.as_bytes())).peekable();
    if hit.peek().is_none() || !world.session().ssh && !came_by_ssh(world) {
        return;
    }
    let deny = matches!(effect, Effect::Stop | Effect::Destroy);
    let why = "what this ssh session hangs on";
    let marks: Vec<Protected> = hit
        .map(|target| Protected { what: target.name.clone(), why: why.into(), rule: "session", deny })
        .collect();
    scope.protected.extend(marks);
}
