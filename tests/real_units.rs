//! What systemctl's tool file lists is what systemctl then hits, under a user manager of the test's
//! own in a mount namespace. Needs root and systemd; skipped where either is missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    reason = "tests"
)]

#[path = "support/listing.rs"]
mod listing;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use guard::policy::kinds;
use guard::read::Fill;
use guard::scope::targets;
use guard::tool::Dependents;
use listing::{listing, matched};

/// Starts the manager; what follows runs beside it. Exit 77: it can't run here.
const MANAGER: &str = r#"
mount --make-rprivate / && mount -t cgroup2 none /sys/fs/cgroup && mount -t tmpfs none /run || exit 77
mkdir -p /run/systemd/system /sys/fs/cgroup/guard-test-$$ || exit 77
echo $$ > /sys/fs/cgroup/guard-test-$$/cgroup.procs || exit 77
export XDG_RUNTIME_DIR=$PWD/run HOME=$PWD
units=$HOME/.config/systemd/user
mkdir -p -m 700 run && mkdir -p $units
for name in web1 web2 db cache; do printf '[Service]\nExecStart=/bin/sleep 1000\n' > $units/$name.service; done
printf '[Unit]\nRequires=db.service\nAfter=db.service\n[Service]\nExecStart=/bin/sleep 1000\n' > $units/app.service
printf '[Service]\nExecStart=/bin/sleep 1000\n' > $units/idle.service
/lib/systemd/systemd --user >log 2>&1 &
manager=$!
leave() {
  systemctl --user exit; wait $manager; echo $$ > /sys/fs/cgroup/cgroup.procs
  find /sys/fs/cgroup/guard-test-$$ -depth -type d -exec rmdir {} + 2>/dev/null
}
trap leave EXIT
for try in $(seq 100); do systemctl --user is-active -q init.scope 2>/dev/null && break; sleep 0.1; done
systemctl --user is-active -q init.scope || exit 77
state() {
  systemctl --user show -p Id -p ActiveState -p InvocationID web1 web2 db cache app idle |
    awk -v RS= '{ id = ""; rest = ""; for (i = 1; i <= NF; i++) if ($i ~ /^Id=/) id = substr($i, 4); else rest = rest " " $i; print id rest }'
}
changed() {  # waits until something is other than in $1, and then stays so
  last=
  for try in $(seq 100); do
    now=$(state); [ "$now" != "$(cat $1)" ] && [ "$now" = "$last" ] && break
    last=$now; sleep 0.1
  done
}
settle() { for try in $(seq 100); do [ -z "$(systemctl --user list-jobs --no-legend)" ] && break; sleep 0.1; done; }
"#;

#[test]
fn units_are_listed_as_they_are_hit() {
    let cases = [
        "stop web*",
        "stop web1 web2.service nosuch",
        "--type=service stop w?b[12]",
        "stop db",
        "restart cache web*",
        "try-restart idle web1",
        "kill web*",
        "kill -s KILL db",
        "disable --now --runtime web2",
        "mask --now --runtime cache",
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut script = String::from(MANAGER);
    for (index, case) in cases.iter().enumerate() {
        let words: Vec<&str> = ["systemctl", "--user"].into_iter().chain(case.split(' ')).collect();
        let quoted = |words: &[std::ffi::OsString]| {
            let words: Vec<&str> = words.iter().map(|w| w.to_str().unwrap()).collect();
            shlex::try_join(words).unwrap()
        };
        let bare: Vec<std::ffi::OsString> = words.iter().map(std::ffi::OsString::from).collect();
        script += &format!(
            "systemctl --user unmask -q --runtime cache; systemctl --user start web1 web2 db cache app; settle\n\
             {} > list.{index} || exit 1\nstate > before.{index}\n{} >/dev/null 2>&1\nsettle; changed before.{index}\nstate > after.{index}\n",
            quoted(&listing(&words)),
            quoted(&bare)
        );
    }
    script += &format!("systemctl --user start app; {} > dependents || exit 1\n", dependents("db.service"));
    fs::write(folder.path().join("script"), script).unwrap();
    let output =
        Command::new("unshare").args(["-m", "sh", "script"]).current_dir(folder.path()).output().unwrap();
    if !output.status.success()
        && output.status.code() != Some(0)
        && !folder.path().join("dependents").exists()
    {
        eprintln!("skipped: no service manager can run here: {}", String::from_utf8_lossy(&output.stderr));
        assert_ne!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    for (index, case) in cases.iter().enumerate() {
        let words: Vec<&str> = ["systemctl", "--user"].into_iter().chain(case.split(' ')).collect();
        let text = |name: &str| fs::read_to_string(folder.path().join(format!("{name}.{index}"))).unwrap();
        let shown =
            targets(text("list").as_bytes(), &matched(&words).action().read, "unit", &kinds().unwrap())
                .unwrap();
        let mut shown: Vec<String> = shown.into_iter().map(|t| t.name.into_string().unwrap()).collect();
        shown.sort();
        let states = |text: &str| -> BTreeMap<String, String> {
            text.lines()
                .filter_map(|l| l.split_once(' '))
                .map(|(u, s)| (u.to_owned(), s.to_owned()))
                .collect()
        };
        let (before, after) = (states(&text("before")), states(&text("after")));
        let mut hit: Vec<String> = before.keys().filter(|u| before[*u] != after[*u]).cloned().collect();
        // What requires a unit goes down with it, and is counted apart.
        if case.contains("stop db") || case.contains("db") && case.starts_with("kill") {
            hit.retain(|unit| unit != "app.service");
        }
        assert_eq!(shown, hit, "{case}");
    }
    assert_eq!(
        fs::read_to_string(folder.path().join("dependents")).unwrap().split_whitespace().collect::<Vec<_>>(),
        ["app.service"]
    );
}

/// The listing of what goes along with a unit, as shell text.
fn dependents(unit: &str) -> String {
    let found = matched(&["systemctl", "--user", "stop", unit]);
    let Some(Dependents::All(template)) = &found.action().dependents else { panic!("no dependents") };
    let names = [std::ffi::OsString::from(unit)];
    let words = found.fill(template, &Fill { targets: &names, ..Fill::default() });
    shlex::try_join(words.iter().map(|w| w.to_str().unwrap())).unwrap()
}

/// Four services restarted in stages; the second one does not come back, which no exit code tells.
const ROLLOUT: &str = r#"
for name in w1 w2 w3 w4; do
  printf '[Service]\nExecStart=/bin/sh -c "[ ! -e %%h/broken-%%n ] || exit 1; exec sleep 1000"\n' > $units/$name.service
done
mkdir -p $HOME/.config/guard state && unset XDG_CONFIG_HOME && export XDG_STATE_HOME=$HOME/state
systemctl --user daemon-reload; systemctl --user start w1 w2 w3 w4; settle
seen() { systemctl --user show -p Id -p InvocationID 'w[1-4].service' | grep . | cut -d= -f2 | paste - - | sort; }
order=$(systemctl --user show -p Id 'w[1-4].service' | grep . | cut -d= -f2)
echo "$order" > order; seen > seen.0
touch broken-$(echo "$order" | sed -n 2p)
$GUARD --no-input --expect 4 --stages 1,2,100% systemctl --user restart 'w[1-4].service' > said.1 2>&1
echo $? > code.1; seen > seen.1; rm broken-*
$GUARDCTL rollout resume $(ls state/guard/rollouts | sed -n 's/\.jsonl$//p') --no-input > said.2 2>&1
echo $? > code.2; seen > seen.2
"#;

#[test]
fn a_service_that_does_not_come_back_stops_the_rollout() {
    if std::path::Path::new("/etc/guard").exists() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("script"), format!("{MANAGER}{ROLLOUT}")).unwrap();
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "script"]).current_dir(folder.path()).stdin(std::process::Stdio::null());
    command.env("GUARD", env!("CARGO_BIN_EXE_guard")).env("GUARDCTL", env!("CARGO_BIN_EXE_guardctl"));
    let output = command.env_remove("CI").output().unwrap();
    let text = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    if text("code.2").is_empty() {
        let said = String::from_utf8_lossy(&output.stderr);
        eprintln!("skipped: no service manager can run here: {said}");
        assert_eq!(output.status.code(), Some(77), "{said}");
        return;
    }
    let order: Vec<String> = text("order").lines().map(str::to_owned).collect();
    let restarted = |from: &str, to: &str| -> Vec<String> {
        let (before, after) = (text(from), text(to));
        let other = after.lines().filter(|line| !before.lines().any(|own| own == *line));
        let mut names: Vec<String> = other.map(|line| line.split('\t').next().unwrap().to_owned()).collect();
        names.sort_by_key(|name| order.iter().position(|own| own == name));
        names
    };
    let said = text("said.1");
    assert_eq!(text("code.1").trim(), "119", "{said}");
    assert!(said.contains(&format!("the check failed: {} is not healthy", order[1])), "{said}");
    assert_eq!(restarted("seen.0", "seen.1"), order[..2], "{said}");
    assert_eq!(text("code.2").trim(), "0", "{}", text("said.2"));
    assert_eq!(restarted("seen.1", "seen.2"), order[2..], "what is done is not done again");
}
