//! What guard counts for aws is what aws then hits; what runs is what was shown.
//!
//! The real aws and the real guard, against moto.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/cloud.rs"]
mod cloud;

use std::process::Output;

use cloud::{Cloud, State};
use serde_json::Value;

/// Lets any number through with `--expect`, so that rows need no second person.
const LENIENT: &str = "\
[limits.destroy.small]\nconfirm = 1\ndry_run = 5000\n[limits.change.small]\nconfirm = 1\n\
[limits.\"aws s3 sync\"]\nconfirm = 1\n\
[limits.destroy.member]\nconfirm = 1\ndry_run = 500\nstage = 500\napprove = 500\n\
[limits.destroy.container]\nconfirm = 1\ndry_run = 500\napprove = 500\n\
[limits.stop.member]\nconfirm = 1\ndry_run = 500\nstage = 500\napprove = 500\n\
[limits.stop.container]\nconfirm = 1\ndry_run = 500\n\
[limits.change.member]\nconfirm = 1\ndry_run = 500\nstage = 500\n";

fn start() -> Option<Cloud> {
    let cloud = cloud::start()?;
    std::fs::create_dir_all(cloud.home().join("work/empty")).unwrap();
    std::fs::create_dir_all(cloud.home().join("work/one")).unwrap();
    std::fs::write(cloud.home().join("work/one/index.html"), "x\n").unwrap();
    Some(cloud)
}

fn lenient(cloud: &Cloud) {
    let policies = cloud.home().join(".config/guard/policies");
    std::fs::create_dir_all(&policies).unwrap();
    std::fs::write(policies.join("lenient.toml"), LENIENT).unwrap();
}

/// The words of a command; `{web 3}` stands for the ids of three instances of that role.
fn words(command: &str, roles: &Value) -> Vec<String> {
    let mut text = command.to_owned();
    while let Some((before, rest)) = text.split_once('{') {
        let (name, after) = rest.split_once('}').unwrap();
        let (role, count) = name.split_once(' ').unwrap();
        let ids = roles[role].as_array().unwrap().iter().take(count.parse().unwrap());
        let ids: Vec<&str> = ids.map(|id| id.as_str().unwrap()).collect();
        text = format!("{before}{}{after}", ids.join(" "));
    }
    shlex::split(&text).unwrap()
}

fn guard(cloud: &Cloud, options: &[&str], words: &[String]) -> Output {
    let mut all = vec!["--no-input".to_owned()];
    all.extend(options.iter().map(|option| (*option).to_owned()));
    all.extend_from_slice(words);
    cloud.run(env!("CARGO_BIN_EXE_guard"), &all)
}

fn plan(cloud: &Cloud, words: &[String]) -> Value {
    let out = guard(cloud, &["--plan", "--json"], words);
    serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|_| panic!("{words:?}: {}", String::from_utf8_lossy(&out.stderr)))
}

fn code(out: &Output) -> i32 {
    out.status.code().unwrap()
}

/// How much of what there was is gone, is in another state, or has another size.
fn hits(before: &State, after: &State) -> u64 {
    let hit = |(key, old): (&String, &Value)| match (old.as_u64(), after.get(key)) {
        (Some(old), Some(new)) => old.abs_diff(new.as_u64().unwrap()),
        (_, now) => u64::from(now != Some(old)),
    };
    before.iter().map(hit).sum()
}

/// For each: plan, refusal, the bare command, and the command that guard lets run.
fn hold(rows: &[(&str, &str, u64)]) {
    let Some(mut cloud) = start() else { return };
    lenient(&cloud);
    for (command, kind, count) in rows {
        let words = words(command, &cloud.world());
        let there = cloud.state();
        let plan = plan(&cloud, &words);
        assert_eq!(plan["scope"]["certainty"], "exact", "{command}: {plan:#}");
        assert_eq!(plan["scope"]["count"], *count, "{command}: {plan:#}");
        assert_eq!(plan["scope"]["kind"], *kind, "{command}");
        let refused = guard(&cloud, &["--expect", "77"], &words);
        assert_eq!(code(&refused), 123, "{command}: {}", String::from_utf8_lossy(&refused.stderr));
        assert_eq!(cloud.state(), there, "{command}: nothing before the gate");

        let bare = cloud.run(&words[0], &words[1..]);
        assert_eq!(
            hits(&there, &cloud.state()),
            *count,
            "{command}: {}",
            String::from_utf8_lossy(&bare.stderr)
        );

        let words = self::words(command, &cloud.world());
        let there = cloud.state();
        let ran = guard(&cloud, &["--expect", &count.to_string()], &words);
        assert_eq!(
            hits(&there, &cloud.state()),
            *count,
            "{command}: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
        assert_eq!(code(&ran), code(&bare), "{command}");
    }
}

#[test]
fn instances_are_counted_and_named() {
    hold(&[
        ("aws ec2 terminate-instances --instance-ids {web 3}", "instance", 3),
        (
            "aws --region eu-west-1 ec2 stop-instances --force --instance-ids {web 4} --output text",
            "instance",
            4,
        ),
        // One that is gone already is not hit again.
        ("aws ec2 terminate-instances --instance-ids {gone 1} {db 2}", "instance", 2),
    ]);
}

#[test]
fn objects_are_counted_as_s3_reads_prefixes_and_filters() {
    hold(&[
        // What begins alike and is in another folder stays.
        ("aws s3 rm s3://logs/a --recursive", "stored object", 4),
        ("aws s3 rm s3://logs/a/ --recursive --quiet", "stored object", 4),
        ("aws s3 rm s3://logs --recursive --exclude '*' --include 'b/*'", "stored object", 3),
        ("aws s3 mv s3://logs/b/ s3://site/b/ --recursive --only-show-errors", "stored object", 3),
    ]);
}

#[test]
fn a_sync_that_deletes_counts_what_the_source_lacks() {
    hold(&[
        ("aws s3 sync one s3://site --delete --no-progress", "stored object", 20),
        ("aws s3 sync empty s3://site/ --delete --quiet", "stored object", 21),
    ]);
}

#[test]
fn sizes_count_by_their_difference() {
    hold(&[
        (
            "aws autoscaling set-desired-capacity --auto-scaling-group-name pool --desired-capacity 1",
            "replica",
            3,
        ),
        (
            "aws autoscaling update-auto-scaling-group --auto-scaling-group-name pool --min-size 0 --desired-capacity 0",
            "replica",
            4,
        ),
        ("aws ecs update-service --cluster prod --service web --desired-count 1", "replica", 2),
    ]);
}

#[test]
fn a_bucket_is_one_thing_and_says_how_much_is_in_it() {
    let Some(mut cloud) = start() else { return };
    for command in ["aws s3 rb s3://logs --force", "aws s3 rm s3://logs/ --recursive"] {
        let words = words(command, &cloud.world());
        let plan = plan(&cloud, &words);
        assert_eq!(
            (plan["scope"]["kind"].as_str(), plan["scope"]["count"].as_u64()),
            (Some("bucket"), Some(1))
        );
        assert_eq!(plan["scope"]["dependents"], 9, "{command}: {plan:#}");
        let there = cloud.state();
        assert_eq!(code(&guard(&cloud, &[], &words)), 122, "{command}");
        assert_eq!(cloud.state(), there);
        assert_eq!(code(&guard(&cloud, &["--expect", "1"], &words)), 0, "{command}");
        assert!(!cloud.state().keys().any(|key| key.starts_with("object s3://logs/")), "{command}");
    }
}

#[test]
fn an_empty_source_is_told_from_a_release() {
    let Some(mut cloud) = start() else { return };
    cloud.world();
    let words = |source: &str| words(&format!("aws s3 sync {source} s3://site --delete"), &Value::Null);
    let empty = plan(&cloud, &words("empty"));
    assert_eq!(empty["verdict"]["rung"], "confirm", "{empty:#}");
    assert_eq!(empty["scope"]["fleet"], 21);
    for n in 0..10 {
        std::fs::write(cloud.home().join(format!("work/one/page{n}.html")), "x\n").unwrap();
    }
    let release = plan(&cloud, &words("one"));
    assert_eq!(
        (release["scope"]["count"].as_u64(), &release["verdict"]["rung"]),
        (Some(10), &"allow".into())
    );
}

#[test]
fn every_page_is_counted() {
    let Some(mut cloud) = start() else { return };
    cloud.world();
    cloud.pages();
    let plan = plan(&cloud, &words("aws s3 rm s3://logs/many/ --recursive", &Value::Null));
    assert_eq!(plan["scope"]["count"], 1100);
    assert_eq!(plan["verdict"]["rung"], "confirm");
}

#[test]
fn a_share_of_a_role_counts_and_protection_is_left_to_aws() {
    let Some(mut cloud) = start() else { return };
    let roles = cloud.world();
    let many = plan(&cloud, &words("aws ec2 terminate-instances --instance-ids {web 6}", &roles));
    let reasons = many["verdict"]["reasons"].to_string();
    assert!(reasons.contains("6 instances are 50% of 12 web instances"), "{reasons}");

    lenient(&cloud);
    let words = words("aws ec2 terminate-instances --instance-ids {db 1} {kept 1}", &roles);
    let ran = guard(&cloud, &["--expect", "2"], &words);
    assert_ne!(code(&ran), 0);
    assert_eq!(cloud.state()[&format!("instance {}", roles["kept"][0].as_str().unwrap())], "running");
}

#[test]
fn what_is_small_starts_nothing_else_and_what_fails_is_unknown() {
    let Some(mut cloud) = start() else { return };
    let roles = cloud.world();
    let one = words("aws ec2 stop-instances --instance-ids {web 1}", &roles);
    assert_eq!(code(&guard(&cloud, &[], &one)), 0);

    let nowhere = "aws --endpoint-url http://127.0.0.1:1 s3 rm s3://logs/a/ --recursive";
    let lost = words(nowhere, &roles);
    assert_eq!(plan(&cloud, &lost)["scope"]["certainty"], "unknown");
    assert_eq!(code(&guard(&cloud, &["--max", "1000"], &lost)), 122);
    let wrong = words("aws ec2 terminate-instances --instance-ids i-1 i-2 i-3", &roles);
    assert_eq!(plan(&cloud, &wrong)["scope"]["certainty"], "unknown");
}
