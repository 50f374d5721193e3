//! The plan of a new rollout, and what is on disk before its first call.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::judge::{Part, Rung};
use crate::policy::{Origin, Policy};
use crate::read::Match;
use crate::record::journal::{CallsLock, Journal, Plan, VERSION, path};
use crate::record::mask::mask;
use crate::record::{self, Who, Word, new_id, stamp};
use crate::world::World;

use super::super::carry::Scene;

/// Puts the plan on disk, and what belongs to it before.
pub(super) fn begin(
    plan: Plan,
    scene: &Scene<'_>,
    beside: impl FnOnce(&Path) -> Result<(), record::Error>,
) -> Result<(Journal, Option<CallsLock>), record::Error> {
    let path = journal_path(scene.world, &plan.id)?;
    beside(&path)?;
    let journal = Journal::create(&path, plan)?;
    let lock = CallsLock::take(&path)?;
    Ok((journal, lock))
}

/// Where the journal of a rollout lies.
pub fn journal_path(world: &dyn World, id: &str) -> Result<PathBuf, record::Error> {
    let home = world.session().home.as_deref().map(Path::as_os_str);
    Ok(path(&record::state_folder(world.variable("XDG_STATE_HOME").as_deref(), home)?, id))
}

/// The plan of a new rollout, its targets left out.
pub(super) fn planned(
    part: &Part,
    found: &Match,
    stages: Vec<u64>,
    rung: Rung,
    command: &[OsString],
    scene: &Scene<'_>,
) -> Plan {
    let session = scene.world.session();
    let now = scene.world.now();
    let fleets = part.scope.iter().flat_map(|scope| &scope.fleets);
    let mut floors: BTreeMap<String, u64> = BTreeMap::new();
    for fleet in fleets.filter(|fleet| fleet.keep.is_some()) {
        floors.insert(fleet.role.clone(), fleet.keep.unwrap_or(0));
    }
    Plan {
        journal: VERSION,
        id: new_id(now),
        time: stamp(now),
        who: Who {
            login: Some(session.user.clone()),
            uid: nix::unistd::getuid().as_raw(),
            remote: scene.world.variable("SSH_CONNECTION").and_then(|text| Who::remote(&text)),
            ..Who::default()
        },
        cwd: Word(session.cwd.clone().into_os_string()),
        action: found.name(),
        context: part.place.name.clone(),
        stages,
        policy: digest(scene.policy),
        rung: Some(rung),
        floors,
        parallel: scene.wish.parallel,
        pause: Some(scene.wish.pause.to_string()).filter(|text| !text.is_empty()),
        ..Plan::default()
    }
    .with_argv(mask(command, &found.file.tool.secret))
}

/// A digest over the layers of policy.
pub fn digest(policy: &Policy) -> String {
    let mut hash = Sha256::new();
    for layer in &policy.layers {
        if let Origin::File(path) = &layer.origin {
            hash.update(path.as_os_str().as_encoded_bytes());
        }
        hash.update([0]);
        hash.update(&layer.text);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
