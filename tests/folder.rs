//! What a wrapper runs in another folder is judged there, listed there, and looked at again there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/home.rs"]
mod home;

use std::fs;
use std::process::{Command, Output};

use home::{Home, guarded, planned};
use serde_json::Value;

struct World {
    home: Home,
}

impl World {
    fn new() -> Self {
        let world = Self { home: Home::new("[limits.destroy.small]\nconfirm = 3\n") };
        let script =
            "mkdir -p d/e src; for n in 1 2 3 4; do : >d/$n; : >d/e/$n; done; git init -q d; ln -s d/e way";
        assert!(world.command("sh").args(["-ec", script]).status().unwrap().success());
        world
    }

    fn command(&self, program: &str) -> Command {
        self.home.command(program, self.home.path())
    }

    fn guard(&self, options: &[&str], command: &str) -> Output {
        guarded(self.command(env!("CARGO_BIN_EXE_guard")), options, command)
    }

    fn plan(&self, command: &str) -> Value {
        let out = self.guard(&["--plan", "--json"], command);
        planned(command, &out)
    }
}

#[test]
fn it_is_counted_there() {
    let world = World::new();
    for (command, count) in [
        ("env -C d rm -f 1 2 3 4", 4),
        ("rm -f 1 2 3 4", 0),
        ("env --chdir=d -C d/e rm -f 1 2", 2),
        ("env -C d env -C e A=b rm -rf .", 0),
        ("env -C d env -C e find . -type f -delete", 4),
        ("env -C way/.. rm -f 1 2 3", 3),
        ("env -C d sh -c 'cd e && rm -f 1 2 3 4'", 4),
        ("env -C d sh -c 'env -C e rm -f 1 2'", 2),
        ("env -C d nice git clean -f", 4),
        ("env -C src rm -f 1", 0),
        ("timeout 5 env -C d xargs -a ../list rm -f", 2),
    ] {
        fs::write(world.home.path().join("list"), "1\n2\n").unwrap();
        let plan = world.plan(command);
        assert_eq!(plan["scope"]["count"], count, "{command}: {plan}");
    }
}

#[test]
fn what_protects_it_is_there() {
    let world = World::new();
    for command in [
        "env -C / rm -rf etc",
        "sudo -D / rm -rf etc",
        "env -C /usr env -C .. rm -rf etc",
        "env -C/ mv etc x",
    ] {
        let plan = world.plan(command);
        assert_eq!(plan["verdict"]["rung"], "deny", "{command}: {plan}");
    }
    for command in ["ssh web-1 'env -C / rm -rf etc'", "sh -c 'env -C \"$(cat x)\" rm -rf etc'"] {
        let plan = world.plan(command);
        assert_eq!(plan["scope"]["certainty"], "unknown", "{command}: {plan}");
    }
    // Behind another root, these are other files: text alone tells.
    let plan = world.plan("sudo -R /mnt rm -rf /etc");
    let context = &plan["context"]["host"];
    assert_eq!((&plan["verdict"]["rung"], context), (&"deny".into(), &"/mnt".into()), "{plan}");
}

#[test]
fn it_is_looked_at_again_there() {
    let world = World::new();
    assert_eq!(world.guard(&[], "env -C d git clean -fd").status.code(), Some(122));
    let done = world.guard(&["--expect", "8"], "env -C d git clean -fd");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(!world.home.path().join("d/e").exists());
}
