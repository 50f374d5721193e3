//! `guardctl prompt`: a marker for the prompt where the next command would act in production.
//!
//! Production is each environment of policy that raises rungs. Contexts are read from the environment and
//! the kubeconfig; no process is started, and what the marker says can do nothing in a shell.

use crate::policy::{Places, Policy, load};
use crate::scope;
use crate::ui::Ui;
use crate::world::{Real, World};

use super::Failure;
use super::configured;

/// Variables that say where a tool acts.
const VARIABLES: [&str; 12] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_VAULT",
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "CLOUDSDK_CORE_PROJECT",
    "GOOGLE_CLOUD_PROJECT",
    "ARM_SUBSCRIPTION_ID",
    "DOCKER_CONTEXT",
    "TF_WORKSPACE",
    "PGSERVICE",
    "PGHOST",
    "NOMAD_ADDR",
];
/// No marker is longer.
const LONGEST: usize = 60;

/// Prints the marker; nothing where no context is in production.
///
/// # Errors
/// Where the output can't be written.
pub fn run(ui: &mut Ui) -> Result<u8, Failure> {
    let world = Real::new(false);
    let places: Places = configured::places(&world, &world.session().cwd);
    if places.ruling().is_none() && places.project.is_none() {
        // No environment is built in.
        return Ok(0);
    }
    match load(&places) {
        Ok(policy) => {
            if let Some(marker) = marker(&policy, &contexts(&world)) {
                ui.print(&marker)?;
            }
        }
        // Which contexts are production is not known then; each command says why.
        Err(_) => ui.print("[guard: see guardctl doctor]")?,
    }
    Ok(0)
}

fn contexts(world: &dyn World) -> Vec<String> {
    let named = VARIABLES.iter().filter_map(|name| world.variable(name));
    let mut all: Vec<String> = scope::current_context(world).into_iter().collect();
    all.extend(named.map(|value| value.to_string_lossy().into_owned()));
    all.push(world.session().host.clone());
    all.retain(|name| !name.is_empty());
    all
}

/// `[production: east]`, all of them.
fn marker(policy: &Policy, contexts: &[String]) -> Option<String> {
    let mut said: Vec<String> = Vec::new();
    for context in contexts {
        let environments = policy.environments(&[context.as_str()]).all;
        if let Some(name) = environments.iter().find(|name| rises(policy, name)) {
            let text = format!("{}: {}", plain(name), plain(context));
            if !said.contains(&text) {
                said.push(text);
            }
        }
    }
    (!said.is_empty()).then(|| {
        let text = said.join(", ");
        let cut = text.len() > LONGEST;
        format!("[{}{}]", &text[..text.len().min(LONGEST)], if cut { "..." } else { "" })
    })
}

fn rises(policy: &Policy, environment: &str) -> bool {
    let layers = policy.layers.iter();
    layers.filter_map(|layer| layer.file.environment.get(environment)?.raise).any(|raise| raise > 0)
}

/// A name in which no shell finds anything to expand.
fn plain(name: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "._/@:+=-".contains(c);
    name.chars().map(|c| if safe(c) { c } else { '?' }).collect()
}
