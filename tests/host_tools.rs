//! Tools that work on this host: rsync, tar, crontab, packet filters and interfaces, packages. The real
//! programs, on folders and namespaces of the tests' own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    reason = "tests"
)]

mod scene;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use scene::{GUARD, Scene};
use serde_json::Value;

/// Where programs of the host are.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

fn there(program: &str) -> bool {
    let found = Command::new("sh").env("PATH", PATH).args(["-c", &format!("command -v {program}")]).output();
    let found = found.unwrap().status.success();
    if !found {
        eprintln!("skipped: there is no {program}");
    }
    found
}

fn host() -> Scene {
    Scene::new().env("PATH", PATH).env("GUARD", GUARD)
}

fn plan(scene: &Scene, words: &[&str]) -> Value {
    let ran = scene.guard(["--plan", "--json"].iter().chain(words));
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{words:?}: {}", ran.said()))
}

fn mirror(scene: &Scene) {
    for name in ["src/a", "src/sub/b", "dst/a", "dst/old1", "dst/sub/old2", "dst/gone/x", "dst/sp ace"] {
        scene.write(&format!("work/{name}"), name);
    }
}

/// What is left at the destination, folders too.
fn left(scene: &Scene) -> usize {
    let out = scene.command("find").args(["dst", "-mindepth", "1"]).output().unwrap();
    String::from_utf8(out.stdout).unwrap().lines().count()
}

#[test]
fn what_rsync_would_delete_is_counted_and_is_the_cap() {
    if !there("rsync") || Scene::ruled_elsewhere() {
        return;
    }
    for words in [
        &["rsync", "-a", "--delete", "src/", "dst"][..],
        &["rsync", "-avP", "--delete-after", "--stats", "src/", "dst/"],
        &["rsync", "-rq", "--del", "--info=del2", "--out-format=%n", "src/", "dst"],
        &["rsync", "-ab", "--backup-dir=../kept", "--delete", "src/", "dst"],
        &["rsync", "-a", "--delete-delay", "--exclude=old1", "src/", "dst"],
        &["rsync", "-a", "--delete", "--delete-excluded", "--exclude=a", "src/", "dst"],
    ] {
        let scene = host().policy("[limits.destroy.small]\nconfirm = 2\n");
        mirror(&scene);
        let shown = plan(&scene, words);
        let count = shown["scope"]["count"].as_u64().unwrap_or_else(|| panic!("{shown:#}"));
        assert_eq!(shown["freeze"], "cap", "{shown:#}");
        assert_eq!(shown["verdict"]["rung"], "confirm", "{words:?}: {shown:#}");
        let before = left(&scene);
        scene.guard(words).is(122);
        assert_eq!(left(&scene), before, "{words:?}: counting deleted");
        let expect = count.to_string();
        let ran = scene.guard(["--expect", &expect].iter().chain(words));
        assert_eq!(ran.code, Some(0), "{words:?}: {}", ran.said());
        // The same by itself: nothing more to do, so guard counted all of it.
        let again = plan(&scene, words);
        assert_eq!(again["scope"]["count"], 0, "{words:?}: {again:#}");

        let bare = host();
        mirror(&bare);
        assert!(bare.command(words[0]).args(&words[1..]).output().unwrap().status.success());
        assert_eq!(left(&bare), left(&scene), "{words:?}");
    }
}

#[test]
fn more_than_was_shown_is_not_deleted() {
    if !there("rsync") || Scene::ruled_elsewhere() {
        return;
    }
    let scene = host().policy("[limits.destroy.small]\nconfirm = 2\n");
    mirror(&scene);
    // Between the count and the act others appear.
    let script = "#!/bin/sh\ncase \"$*\" in *-n*) ;; *) touch dst/late1 dst/late2 ;; esac\nexec /usr/bin/rsync \"$@\"\n";
    let late = scene.write("front/rsync", script);
    fs::set_permissions(late, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{PATH}", scene.at("front").display());
    let scene = scene.env("PATH", path);
    let words = ["rsync", "-a", "--delete", "src/", "dst"];
    let count = plan(&scene, &words)["scope"]["count"].as_u64().unwrap();
    let before = left(&scene) + 2;
    let ran = scene.guard(["--expect", &count.to_string()].iter().chain(&words));
    assert_eq!(ran.code, Some(25), "rsync says that it stopped: {}", ran.said());
    // `sub/b` was new and is there now.
    assert_eq!(left(&scene), before - usize::try_from(count).unwrap() + 1);
}

#[test]
fn a_system_is_not_mirrored_over() {
    if Scene::ruled_elsewhere() {
        return;
    }
    let scene = host();
    for words in [
        &["rsync", "-a", "--delete", "empty/", "/etc/"][..],
        &["rsync", "-a", "--delete", "empty/", "nosuchhost:/"],
        &["rsync", "-a", "--delete", "", "/srv/app/"],
        &["tar", "xf", "b.tar", "-C", "/"],
    ] {
        let ran = scene.guard(["--plan"].iter().chain(words));
        assert_eq!(ran.code, Some(122), "{words:?}: {ran:?}");
    }
}

/// Runs shell text in new namespaces; what it prints, or nothing where there can be none.
fn apart(scene: &Scene, kinds: &[&str], text: &str) -> Option<String> {
    let possible = scene.command("unshare").args(kinds).arg("true").output().unwrap();
    if !possible.status.success() {
        eprintln!("skipped: no namespaces of our own: {}", String::from_utf8_lossy(&possible.stderr));
        return None;
    }
    let out = scene.command("unshare").args(kinds).args(["sh", "-ec", text]).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{text}: {said}");
    Some(String::from_utf8(out.stdout).unwrap())
}

#[test]
fn a_table_of_jobs_is_not_removed_by_a_slip() {
    if !there("crontab") || !there("unshare") || Scene::ruled_elsewhere() {
        return;
    }
    let scene = host();
    let text = "mount -t tmpfs none /var/spool/cron; mkdir -p /var/spool/cron/crontabs
        printf '# jobs\\n0 1 * * * true\\n0 2 * * * true\\n' | crontab -
        $GUARD --plan --json crontab -r || true
        for words in '-r' '' '-' '/dev/null' '-i -r'; do
            $GUARD crontab $words </dev/null 2>/dev/null && exit 1
            test $? = 122
        done
        crontab -l | grep -c true
        $GUARD crontab -l | grep -c true
        echo '0 3 * * * true' > jobs; $GUARD crontab jobs; crontab -l | grep -c true";
    let Some(said) = apart(&scene, &["-m"], text) else { return };
    let (plan, rest) = said.split_once('\n').unwrap();
    let plan: Value = serde_json::from_str(plan).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!(plan["scope"]["kind"], "crontab");
    assert_eq!(plan["scope"]["dependents"], 2, "{plan:#}");
    assert_eq!(rest, "2\n2\n1\n");
}

const RULES: &str = "ip link set lo up; ip addr add 10.9.8.7/24 dev lo
    iptables -A INPUT -p tcp --dport 22 -j ACCEPT; iptables -A INPUT -p tcp --dport 80 -j ACCEPT; iptables -N web
    iptables -A web -j DROP; ip route add default via 10.9.8.1\n";

#[test]
fn rules_of_the_packet_filter_are_counted() {
    if !there("iptables") || !there("ip") || !there("unshare") || Scene::ruled_elsewhere() {
        return;
    }
    let scene = host();
    let text = format!(
        "{RULES} for words in '-F' '-F INPUT' '-F web' '-X'; do $GUARD --plan --json iptables $words || true; done
        iptables -S | grep -c ^-A"
    );
    let Some(said) = apart(&scene, &["-n"], &text) else { return };
    let lines: Vec<&str> = said.lines().collect();
    let of = |at: usize| serde_json::from_str::<Value>(lines[at]).unwrap_or_else(|_| panic!("{said}"));
    for (at, (kind, dependents)) in [("packet filter", 3), ("chain", 2), ("chain", 1)].into_iter().enumerate()
    {
        assert_eq!(of(at)["scope"]["kind"], kind, "{said}");
        assert_eq!(of(at)["scope"]["dependents"], dependents, "{said}");
        assert_eq!(of(at)["verdict"]["rung"], "confirm", "{said}");
    }
    assert_eq!(of(3)["scope"]["count"], 1, "{said}");
    assert_eq!(lines[4], "3");
}

#[test]
fn who_came_by_ssh_does_not_cut_the_way_in() {
    if !there("iptables") || !there("nft") || !there("unshare") || Scene::ruled_elsewhere() {
        return;
    }
    let scene = host().env("SSH_CONNECTION", "10.9.8.2 50000 10.9.8.7 22");
    let cuts = [
        "iptables -F",
        "iptables -P INPUT DROP",
        "iptables -A INPUT -j DROP",
        "iptables -F INPUT",
        "iptables -D INPUT -p tcp --dport 22 -j ACCEPT",
        "ip link set lo down",
        "ip link set dev lo down",
        "ip l s lo down",
        "ip addr flush dev lo",
        "ip route del default",
        "ip route flush table main",
        "nft flush ruleset",
        "nft add rule ip filter INPUT drop",
        "iptables-restore /dev/null",
    ];
    let state = "iptables-save | grep -v '^#' | sed 's/\\[.*//'; ip -o addr; ip route";
    let tries: String = cuts
        .iter()
        .map(|cut| format!("$GUARD --no-input {cut} </dev/null >/dev/null 2>&1 && exit 1; test $? = 120 || {{ echo {cut}; exit 1; }}\n"))
        .collect();
    let fine = "$GUARD iptables -A INPUT -p tcp --dport 443 -j ACCEPT\n$GUARD ip link set lo up\n";
    let text = format!(
        "{RULES} ({state}) > before\n{tries} ({state}) > after\ncmp before after\n{fine} iptables -S INPUT | grep -c 443"
    );
    let Some(said) = apart(&scene, &["-n"], &text) else { return };
    assert_eq!(said, "1\n");
}

#[test]
fn what_goes_along_with_a_package_is_counted() {
    if !there("apt-get") || Scene::ruled_elsewhere() {
        return;
    }
    let scene = host();
    let simulate = |words: &[&str]| {
        let out = scene.command("apt-get").arg("-s").args(words).env("LC_ALL", "C").output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        // The sum that apt-get itself makes: `0 upgraded, 0 newly installed, 3 to remove and …`
        let sum = text.lines().find(|line| line.contains(" to remove and "))?;
        sum.split(", ").find_map(|part| part.split_once(" to remove")?.0.parse::<u64>().ok())
    };
    let installed = ["git", "adduser", "cowsay"];
    let mut seen = 0;
    for name in installed {
        for words in [&["remove", name][..], &["purge", "-y", "--auto-remove", name]] {
            let Some(sum) = simulate(words) else { continue };
            let command: Vec<&str> = ["apt-get"].iter().chain(words).copied().collect();
            let shown = plan(&scene, &command);
            assert_eq!(shown["scope"]["count"], sum, "{words:?}: {shown:#}");
            seen += sum;
        }
    }
    assert!(seen > 0, "none of these is installed");
    let status = fs::read_to_string("/var/lib/dpkg/status").unwrap();
    assert!(status.contains("Package: dpkg\n"), "nothing was removed");
}
