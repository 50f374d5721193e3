//! `guardctl policy test`: the `[[test]]` tables of policy files, through the same decision as a
//! real command. What the world holds is told; the tool file keeps its grammar and its rules, and
//! only how its listings are read is replaced.

use std::ffi::OsString;
use std::path::PathBuf;
use std::rc::Rc;

use crate::ctl::Failure;
use crate::ctl::configured::places;
use crate::exit;
use crate::guard::{Depth, Setup, decide};
use crate::policy::{ConfigFault, Given, Origin, Places, Policy, PolicyTest, Shelf, kinds, load};
use crate::read::Library;
use crate::tool::{Kinds, PlaceFrom, PlacePart, Read, Source, Template, ToolFile, number_of};
use crate::ui::{Ui, escape};
use crate::world::{Canned, Real, Session, World};

use super::check::alone;
use super::show::origin;

/// The words by which the told listings are known.
const LIST: &str = "guard-test-list";
const SIZE: &str = "guard-test-size";
const FLEET: &str = "guard-test-fleet";

/// Runs the tests of files, or of the layers that hold here.
pub fn run(files: &[PathBuf], ui: &mut Ui) -> Result<u8, Failure> {
    let world = Real::new(false);
    let places = places(&world, &world.session().cwd);
    let shelf = Shelf::new(&places);
    let kinds = kinds()?;
    let policies: Vec<Policy> = match files {
        // The built-in tests hold for the built-in policy; a site may have decided otherwise.
        [] => vec![load(&Places::default())?, load(&places)?],
        files => files.iter().map(|file| alone(file)).collect::<Result<_, ConfigFault>>()?,
    };
    let (mut ran, mut failed) = (0_usize, 0);
    for (at, policy) in policies.iter().enumerate() {
        let builtin = files.is_empty() && at == 0;
        for layer in policy.layers.iter().filter(|l| builtin || !matches!(l.origin, Origin::BuiltIn(_))) {
            for test in &layer.file.test {
                ran += 1;
                if let Err(why) = one(test, policy, &shelf, &kinds) {
                    failed += 1;
                    ui.complain(&format!("{}: '{}': {why}", origin(layer), escape(&test.run)));
                }
            }
        }
    }
    ui.print(&format!("{}, {failed} failed", number_of(ran, "test")))?;
    Ok(if failed > 0 { exit::FOUND } else { 0 })
}

/// Runs one test.
///
/// # Errors
/// One sentence on what came instead.
pub fn one(test: &PolicyTest, policy: &Policy, library: &dyn Library, kinds: &Kinds) -> Result<(), String> {
    let argv = shlex::split(&test.run).ok_or("it is no shell text")?;
    let argv: Vec<OsString> = argv.into_iter().map(OsString::from).collect();
    let world = told(&test.given);
    let library = Told { library, given: &test.given };
    let setup = Setup { world: &world, policy, shelf: &library, kinds };
    let decision = decide(&argv, &setup, Depth::Full).map_err(|fault| fault.to_string())?;
    let verdict = &decision.worst().verdict;
    let because = || {
        let texts: Vec<String> = verdict.reasons.iter().map(|r| format!("{} ({})", r.text, r.rule)).collect();
        if texts.is_empty() { "no rule speaks".to_owned() } else { texts.join("; ") }
    };
    let (is, wanted) = (verdict.rung.word(), test.expect.verdict.as_str());
    if is != wanted {
        return Err(format!("the verdict is {is}, expected {}: {}", escape(wanted), because()));
    }
    match &test.expect.rule {
        Some(rule) if !verdict.reasons.iter().any(|reason| reason.rule == *rule) => {
            Err(format!("the rule {} does not speak: {}", escape(rule), because()))
        }
        _ => Ok(()),
    }
}

/// The world that a test tells.
fn told(given: &Given) -> Canned {
    let fails = || Err("the test says that the listing fails".to_owned());
    let nothing = || Err("the test tells no targets".to_owned());
    let list = match rows(given) {
        _ if given.fails => fails(),
        Some(rows) => Ok(rows.into_bytes()),
        None => nothing(),
    };
    // What is resized is one thing of the told size.
    let size = match given.count {
        Some(count) if !given.fails => Ok(format!("\tresized\t\t\t{count}\n").into_bytes()),
        _ => list.clone(),
    };
    let member = |n: u64| format!("member-{n}\n");
    let fleet = match given.fleet {
        Some(total) => Ok((0..total.min(1_000_000)).map(member).collect::<String>().into_bytes()),
        None => Err("the test tells no fleet".to_owned()),
    };
    let files = given.count.or_else(|| given.targets.as_ref().map(|t| t.len() as u64));
    Canned {
        session: Session {
            host: given.context.clone().unwrap_or_else(|| "this-host".into()),
            user: "operator".into(),
            home: Some("/home/operator".into()),
            cwd: "/home/operator/work".into(),
            ssh: false,
            terminal: true,
        },
        listings: vec![(LIST.into(), list), (SIZE.into(), size), (FLEET.into(), fleet)],
        files,
    }
}

/// The told targets, a line each: kind, name, namespace, role, how much of it there is.
fn rows(given: &Given) -> Option<String> {
    let role = given.role.as_deref().unwrap_or_default();
    let row = |kind: &str, namespace: &str, name: &str| format!("{kind}\t{name}\t{namespace}\t{role}\t1\n");
    if let Some(targets) = &given.targets {
        let row = |text: &String| match text.splitn(3, '/').collect::<Vec<_>>().as_slice() {
            [kind, namespace, name] => row(kind, namespace, name),
            [kind, name] => row(kind, "", name),
            _ => row("", "", text),
        };
        return Some(targets.iter().map(row).collect());
    }
    let count = given.count?.min(1_000_000);
    Some((0..count).map(|n| row("", "", &format!("target-{n}"))).collect())
}

/// Tool files whose listings are told by a test.
struct Told<'a> {
    library: &'a dyn Library,
    given: &'a Given,
}

impl Library for Told<'_> {
    fn tool(&self, program: &str) -> Result<Option<Rc<ToolFile>>, String> {
        let Some(file) = self.library.tool(program)? else { return Ok(None) };
        changed(&file, self.given).map(|file| Some(Rc::new(file)))
    }
}

fn changed(file: &ToolFile, given: &Given) -> Result<ToolFile, String> {
    let template = |text: &str| Template::try_from(text.to_owned()).map_err(|fault| fault.to_string());
    let mut file = file.clone();
    for action in &mut file.action {
        let processes = action.targets.source == Source::Processes;
        if action.list.is_some() || processes {
            action.list = Some(template(if action.targets.resize.is_some() { SIZE } else { LIST })?);
            action.read = read()?;
        }
        if processes {
            action.targets.source = Source::Listing;
        }
        let by_role = if given.role.is_some() { " {group}" } else { "" };
        action.fleet = given.fleet.map(|_| template(&format!("{FLEET}{by_role}"))).transpose()?;
        action.dependents = None;
    }
    if let Some(context) = &given.context {
        place(&mut file, context);
    }
    Ok(file)
}

/// How the told rows are read.
fn read() -> Result<Read, String> {
    toml::from_str("as = 'tabs'\nfields = ['kind', 'key', 'namespace', 'group', 'weight']")
        .map_err(|fault| fault.to_string())
}

/// The told context is where the tool acts unless an option says otherwise.
fn place(file: &mut ToolFile, context: &str) {
    let told = |part: &mut PlacePart| {
        part.env.clear();
        part.from = PlaceFrom::Given;
        part.default = Some(context.to_owned());
    };
    match file.tool.place.iter_mut().find(|part| part.names) {
        Some(part) => told(part),
        None => {
            let mut part = PlacePart { part: "context".into(), names: true, ..PlacePart::default() };
            told(&mut part);
            file.tool.place.push(part);
        }
    }
}
