//! Targets that a session hangs on: its ssh server, its network, its login; and those that the whole host
//! hangs on.
//!
//! Who stops them from inside the session cuts the branch they sit on, and cannot mend it from there.
//! Who stops them on another host cannot come back to it.

use std::os::unix::ffi::OsStrExt;

use crate::read::Match;
use crate::tool::{Condition, Effect, Glob, SessionPath};
use crate::world::World;

use super::processes::came_by_ssh;
use super::target::{Protected, Scope, Target};

/// Marks targets that carry this ssh session, the way to another host, or a host: denied where this
/// session would end, else confirmed.
pub fn mark(found: &Match, effect: Effect, scope: &mut Scope, world: &dyn World) {
    let Some(session) = &found.action().session else { return };
    let holds = |any: &[Condition]| any.iter().any(|c| found.invocation.holds(c, found.depth));
    let far = holds(&session.elsewhere) || found.invocation.on_host();
    if holds(&session.unless) || found.invocation.elsewhere() && !far {
        return;
    }
    let hits = |target: &Target| Part::of(session, target.name.as_bytes());
    if scope.targets.iter().all(|target| hits(target).is_none()) {
        return;
    }
    let inside = !far && (world.session().ssh || came_by_ssh(world));
    let cuts = inside && matches!(effect, Effect::Stop | Effect::Destroy);
    let mark = |target: &Target| {
        let (rule, why, deny) = match hits(target)? {
            Part::Session if inside => ("session", "what this ssh session hangs on", cuts),
            Part::Session if far => ("session", "what the way to that host hangs on", false),
            Part::People if inside => ("session", "what this ssh session may be in", false),
            Part::Host => ("this-host", "what all of the host hangs on", cuts),
            Part::Session | Part::People => return None,
        };
        Some(Protected { what: target.name.clone(), why: why.into(), rule, deny })
    };
    let marks: Vec<Protected> = scope.targets.iter().filter_map(mark).collect();
    scope.protected.extend(marks);
}

/// What hangs on a target.
#[derive(Clone, Copy)]
enum Part {
    Session,
    People,
    Host,
}

impl Part {
    fn of(session: &SessionPath, name: &[u8]) -> Option<Self> {
        // A unit may be typed without its suffix.
        let full = [name, b".service"].concat();
        let among = |globs: &[Glob]| globs.iter().any(|glob| glob.matches(name) || glob.matches(&full));
        if among(&session.host) {
            Some(Self::Host)
        } else if among(&session.targets) {
            Some(Self::Session)
        } else {
            among(&session.people).then_some(Self::People)
        }
    }
}
