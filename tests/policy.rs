//! Policies are checked, shown, explained and tested by guardctl, and the built-in one holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/site.rs"]
mod site;

use guard::ctl::policy::{of_policies, of_tools, test};
use guard::policy::{Places, Shelf, kinds, load};
use site::Site;
use snapbox::{assert_data_eq, str};

#[test]
fn the_tests_in_the_built_in_policy_hold() {
    let policy = load(&Places::default()).unwrap();
    let (shelf, kinds) = (Shelf::new(&Places::default()), kinds().unwrap());
    let tests: Vec<_> = policy.layers.iter().flat_map(|layer| &layer.file.test).collect();
    assert!(!tests.is_empty());
    for one in tests {
        test::one(one, &policy, &shelf, &kinds).unwrap_or_else(|why| panic!("{}: {why}", one.run));
    }
}

#[test]
fn the_schemas_on_disk_are_those_of_this_guard() {
    let fresh = |path: &str, schema: &serde_json::Value| {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(
            text.trim_end() == serde_json::to_string_pretty(schema).unwrap(),
            "{path} is stale: write it anew with guardctl policy schema or tools schema"
        );
    };
    fresh("policies/schemas/policy.json", &of_policies());
    fresh("policies/schemas/tool.json", &of_tools());
    let site = Site::new();
    let path = std::env::current_dir().unwrap().join("policies/schemas/policy.json");
    let path = path.to_str().unwrap();
    assert_data_eq!(
        site.said(&["policy", "schema", "--check", path]),
        str![[r#"
--- said
--- exit 0

"#]]
    );
    assert!(site.said(&["tools", "schema", "--check", path]).ends_with("--- exit 1\n"));
}

#[test]
fn faults_are_underlined_where_they_stand() {
    let site = Site::new();
    site.write(
        "bad.toml",
        "[limits.\"fleet remov\"]\nconfirm = 2\n[limits.destroy.member]\nconfirm = 9\ndry_run = 4\n",
    );
    assert_data_eq!(
        site.said(&["policy", "check", ".config/guard/bad.toml"]),
        str![[r#"
--- said
error: no tool file has an action 'fleet remov'; is 'fleet remove' meant?
 --> .config/guard/bad.toml:1:1
  |
1 | [limits."fleet remov"]
  | ^^^^^^^^^^^^^^^^^^^^^^
warning: dry_run begins at 4, before confirm at 9, which then never decides alone
 --> .config/guard/bad.toml:5:1
  |
5 | dry_run = 4
  | ^^^^^^^^^^^
--- exit 1

"#]]
    );
    site.write("worse.toml", "[limits.destroy.member]\nconfirm = -3\n");
    assert_data_eq!(
        site.said(&["policy", "check", ".config/guard/worse.toml", "none.toml"]),
        str![[r#"
--- said
error: invalid value: integer `-3`, expected a number from 1 up, a share like "10%", or a list of both
 --> .config/guard/worse.toml:2:11
  |
2 | confirm = -3
  |           ^^
error: none.toml can't be read: entity not found
--- exit 1

"#]]
    );
}

#[test]
fn a_lower_layer_that_would_loosen_is_told_so() {
    let site = Site::new();
    std::fs::write(site.home().join(".guard.toml"), "[limits.destroy.member]\nconfirm = 30\n").unwrap();
    assert_data_eq!(
        site.said(&["policy", "check"]),
        str![[r#"
what holds here: good
--- said
warning: confirm from 30 has no effect: it holds from 3 on, and this file may only tighten
 --> HOME/.guard.toml:2:1
  |
2 | confirm = 30
  | ^^^^^^^^^^^^
--- exit 0

"#]]
    );
}

#[test]
fn a_site_s_own_tests_are_run() {
    let site = Site::new();
    site.write(
        "policies/fleet.toml",
        r#"[limits."fleet remove"]
confirm = 2
[limits."fleet drop"]
protect = ["db-*"]
[role.index]
keep = 40

[[test]]
run    = "fleet remove a b"
expect = { verdict = "confirm", rule = "limits.\"fleet remove\".confirm" }
[[test]]
run    = "fleet drop index-*"
given  = { count = 21, fleet = 60, role = "index" }
expect = { verdict = "deny", rule = "role.index.keep" }
[[test]]
run    = "fleet drop index-*"
given  = { targets = ["host/db-1"] }
expect = { verdict = "deny" }
[[test]]
run    = "fleet drop web-*"
given  = { targets = ["web-1"], context = "prod-1" }
expect = { verdict = "dry-run", rule = "environment" }
[[test]]
run    = "fleet drop web-*"
given  = { targets = ["web-1"] }
expect = { verdict = "allow" }
[[test]]
run    = "fleet drop web-*"
given  = { fails = true }
expect = { verdict = "confirm", rule = "unknown" }
[[test]]
run    = "rm -r x"
given  = { count = 999 }
expect = { verdict = "allow" }
[[test]]
run    = "rm -r x"
given  = { count = 1000 }
expect = { verdict = "confirm" }
"#,
    );
    assert_data_eq!(
        site.said(&["policy", "test"]),
        str![[r#"
[..] tests, 0 failed
--- said
--- exit 0

"#]]
    );
    site.write(
        "policies/zz.toml",
        "[[test]]\nrun = \"fleet remove a\"\nexpect = { verdict = \"deny\" }\n[[test]]\nrun = \"fleet remove a b\"\nexpect = { verdict = \"confirm\", rule = \"blank\" }\n[[test]]\nrun = \"fleet 'remove\"\nexpect = { verdict = \"deny\" }\n",
    );
    assert_data_eq!(
        site.said(&["policy", "test"]),
        str![[r#"
[..] tests, 3 failed
--- said
HOME/.config/guard/policies/zz.toml: 'fleet remove a': the verdict is allow, expected deny: no rule speaks
HOME/.config/guard/policies/zz.toml: 'fleet remove a b': the rule blank does not speak: 2 hosts (confirm from 2) (limits."fleet remove".confirm)
HOME/.config/guard/policies/zz.toml: 'fleet 'remove': it is no shell text
--- exit 1

"#]]
    );
}

#[test]
fn explain_shows_the_line_that_decides_and_the_word_it_is_about() {
    let site = Site::new();
    assert_data_eq!(
        site.said(&["policy", "explain", "fleet", "remove", "a", "b", "c"]),
        str![[r#"
fleet remove would destroy 3 hosts in here
  a, b, c
verdict: confirm
  - 3 hosts (confirm from 3)

note: confirm: 3 hosts (confirm from 3)
 --> the command:1:7
  |
1 | fleet remove a b c
  |       ^^^^^^
note: decided by limits.destroy.member.confirm
  --> built in: policies/default.toml:[..]
   |
12 | confirm = 3
   | ^^^^^^^^^^^
--- said
--- exit 0

"#]]
    );
    assert_data_eq!(
        site.said(&["policy", "explain", "fleet", "remove", " "]),
        str![[r#"
fleet remove would destroy 1 host in here
  ' '
verdict: confirm
  - an operand is empty (' '), and an empty selector can mean everything

note: confirm: an operand is empty (' '), and an empty selector can mean everything
 --> the command:1:14
  |
1 | fleet remove ' '
  |              ^^^
note: decided by the rule 'blank', which is built into guard
--- said
--- exit 0

"#]]
    );
    // A tool that takes more than an empty selector for everything says so itself.
    let says = "operands = \"all\"\nblank = [\"1=1\"]\nsays = \"no condition: every host\"";
    site.write("tools/fleet.toml", &site::FLEET.replacen("operands = \"all\"", says, 1));
    let said = site.said(&["policy", "explain", "fleet", "remove", "1=1"]);
    assert!(said.contains("  - '1=1': no condition: every host\n"), "{said}");
}

#[test]
fn show_names_the_layer_of_each_limit() {
    let site = Site::new();
    site.write(
        "policies/a.toml",
        "[limits.destroy.member]\nconfirm = 5\n[limits.\"fleet remove\"]\nconfirm = 2\n[environment.production.limits.stop.member]\ndeny = 4\n[role.index]\nkeep = [40, \"60%\"]\n",
    );
    let said = site.said(&["policy", "show"]);
    for line in [
        "  [2] HOME/.config/guard/policies/a.toml",
        "  destroy member     confirm 5 [2] · dry-run 10 [0] · stage 25 [0] · stage 10% [0] · approve 50% [0]",
        "  fleet remove       confirm 2 [2]",
        "  production: stop member deny 4 [2]",
        "  production         prod-*, 1 rungs up [3]",
        "  index              keep 40, 60% [2]",
    ] {
        assert!(said.lines().any(|own| own == line), "{line}\n{said}");
    }
    let run = site.guardctl(&["policy", "show", "--json"]).output().unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let limits = shown["limits"].as_array().unwrap();
    let own = limits.iter().find(|limit| limit["of"] == "fleet remove").unwrap();
    assert_eq!(own["rule"], "limits.\"fleet remove\".confirm");
}

#[test]
fn tool_files_are_listed_checked_and_tried() {
    let site = Site::new();
    let listed = site.said(&["tools"]);
    assert!(
        listed.contains("\nfleet drop                     destroy    listing        relist\n"),
        "{listed}"
    );
    assert!(site.said(&["tools", "show", "fleet"]).contains("name    = \"remove\"\n"));
    assert_data_eq!(
        site.said(&["tools", "show", "nothing"]),
        str![[r#"
--- said
guardctl: no tool file speaks for 'nothing'
--- exit 1

"#]]
    );
    let broken =
        site::FLEET.replace("operands = [\"a\", \"b\"]", "operands = [\"a\"]").replace("relist", "relst");
    site.write("broken.toml", &broken);
    assert_data_eq!(
        site.said(&["tools", "check", ".config/guard/broken.toml"]),
        str![[r#"
--- said
error: unknown variant `relst`, expected one of `names`, `plan`, `lease`, `handles`, `cap`, `relist`, `none`
  --> .config/guard/broken.toml:[..]
   |
27 | freeze  = "relst"
   |           ^^^^^^^
--- exit 1

"#]]
    );
    site.write("broken.toml", &broken.replace("relst", "relist"));
    assert_data_eq!(
        site.said(&["tools", "test", ".config/guard/broken.toml"]),
        str![[r#"
2 examples, 1 failure
--- said
fleet: remove: 'fleet remove a b': operands is ["a", "b"], expected ["a"]
--- exit 1

"#]]
    );
}

/// A slip in a policy, and what has to be said of it.
const SLIPS: [(&str, &str, i32); 8] = [
    ("[environment.p]\ncontexts = ['prod-[']\n", "error: 'prod-[' has a '[' that is never closed", 1),
    ("[limits.destroy.member]\nprotect = ['db[1']\n", "error: 'db[1' has a '['", 1),
    ("[limits.\"kubectl delete\"]\nconfirm_names = ['db[1']\n", "error: 'db[1' has a '['", 1),
    ("[environment.p]\nraise = 9\n", "warning: raise = 9 does no more than 5", 0),
    ("stages = ['50%', '10%']\n", "error: '50%,10%' does not grow", 1),
    ("stages = ['some']\n", "error: 'some' is no stage", 1),
    (
        "[[test]]\nrun = 'rm x'\nexpect = { verdict = 'alow' }\n",
        "test 'rm x': 'alow' is no verdict: write one of allow, confirm, dry-run",
        1,
    ),
    (
        "[role.web]\ntool = 'kubctl'\n",
        "warning: no tool file that has actions begins its names with 'kubctl'",
        0,
    ),
];

#[test]
fn slips_that_can_be_read_are_told() {
    let site = Site::new();
    for (text, said, code) in SLIPS {
        site.write("slip.toml", text);
        let all = site.said(&["policy", "check", ".config/guard/slip.toml"]);
        assert!(all.contains(said), "{text}{all}");
        assert!(all.contains(&format!("--- exit {code}\n")), "{text}{all}");
    }
}
