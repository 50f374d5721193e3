//! Plans: shown, written for later, and read back.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;

use crate::cli::Options;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::gate::{Approval, Asked, How, Planned, Preview, Refusal};
use crate::judge::{Decision, Rung, StagesFault};
use crate::policy::{Policy, Standing};
use crate::record::stamp;
use crate::ui::escape::quote;
use crate::ui::plan::{Issued, Plan, VERSION};
use crate::ui::{Ui, words};
use crate::world::read_trusted;

use super::{Fault, Setup};

/// Shows a plan. Exits 0 for what is allowed, else as a run without a terminal would.
pub fn show(
    decision: &Decision,
    options: &Options,
    setup: &Setup<'_>,
    ui: &mut Ui,
) -> Result<ExitCode, Fault> {
    let stages = options.stages.as_ref();
    let plan = Plan::of(decision, stages);
    if options.json {
        ui.print(&String::from_utf8_lossy(&crate::record::to_line(&plan)?))?;
    } else {
        ui.print(&words::plan(decision, setup.kinds, stages))?;
    }
    if let Some(path) = &options.plan_out {
        save(path, plan, setup.policy, None)?;
    }
    let admitted = crate::gate::admit(decision, &asked(options, setup.policy)?, setup.kinds, None, &|| {
        Ok(Preview::default())
    });
    Ok(ExitCode::from(admitted.map_or_else(|refusal| refusal.code, |_| 0)))
}

/// What guard's own options said beforehand.
pub fn asked(options: &Options, policy: &Policy) -> Result<Asked, Fault> {
    let site = policy.site(|file| file.stages.clone()).map(|stages| stages.join(",").parse());
    Ok(Asked {
        expect: options.expect,
        max: options.max,
        stages: options.stages.clone(),
        site_stages: site.transpose().map_err(|fault: StagesFault| Fault::Plan(fault.to_string()))?,
        break_glass: options.break_glass.clone(),
        plan: options.plan_in.as_deref().map(|path| load(path, policy)).transpose()?,
        own: options.kept(),
        command: options.command.clone(),
    })
}

/// Writes the plan that `--plan-out` asks for. It grants what a person at the terminal said yes to.
pub fn write(
    decision: &Decision,
    admitted: &Result<Approval, Refusal>,
    options: &Options,
    policy: &Policy,
) -> Result<(), Fault> {
    let Some(path) = &options.plan_out else { return Ok(()) };
    let asked = |approval: &&Approval| matches!(approval.how(), How::Typed(_));
    let granted = admitted.as_ref().ok().filter(asked).map(Approval::rung);
    save(path, Plan::of(decision, options.stages.as_ref()), policy, granted)
}

/// The digest of all layers: what a plan was judged by.
fn digest(policy: &Policy) -> String {
    let mut hash = Sha256::new();
    for layer in &policy.layers {
        hash.update([u8::from(layer.standing == Standing::Site)]);
        hash.update((layer.text.len() as u64).to_le_bytes());
        hash.update(layer.text.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A plan names what may be hit, so nobody else may write it.
fn save(path: &Path, mut plan: Plan, policy: &Policy, granted: Option<Rung>) -> Result<(), Fault> {
    let fault = |fault: std::io::Error| Fault::Plan(format!("{}: {fault}", quote(&[path])));
    let written = Timestamp::now();
    plan.issued = Some(Issued {
        written: stamp(written),
        expires: stamp(written.saturating_add(policy.plan_expires()).unwrap_or(written)),
        policy: digest(policy),
        granted,
    });
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(fault)?;
    let mut text = serde_json::to_string_pretty(&plan).map_err(|e| fault(std::io::Error::other(e)))?;
    text.push('\n');
    file.write_all(text.as_bytes()).map_err(fault)?;
    file.sync_all().map_err(fault)
}

fn load(path: &Path, policy: &Policy) -> Result<Planned, Fault> {
    let text = read_trusted(path).map_err(|fault| Fault::Plan(fault.to_string()))?;
    let text = text.ok_or_else(|| Fault::Plan(format!("{} is not there", quote(&[path]))))?;
    let plan: Plan = serde_json::from_str(&text)
        .map_err(|fault| Fault::Plan(format!("{} is no plan: {fault}", quote(&[path]))))?;
    if plan.plan != VERSION {
        return Err(Fault::Plan(format!(
            "{} is a plan of version {}, not {VERSION}",
            quote(&[path]),
            plan.plan
        )));
    }
    let issued = plan.issued.clone().ok_or_else(|| {
        Fault::Plan(format!("{} does not say how long it holds: write it with --plan-out", quote(&[path])))
    })?;
    let (policy, longest) = (digest(policy), policy.plan_expires());
    Ok(Planned { plan, issued, policy, longest, now: Timestamp::now() })
}
