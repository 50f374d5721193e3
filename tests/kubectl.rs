//! What guard counts for kubectl is what kubectl then hits; what runs is what was shown.
//!
//! The real kubectl, the real guard, and an API server that writes down every request.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/kube.rs"]
mod kube;

use std::collections::BTreeSet;
use std::process::Output;

use kube::Kube;
use serde_json::{Value, json};

/// Lets any number of named targets through with `--expect`, so that rows need no second person.
const LENIENT: &str = "\
[limits.destroy.member]\nconfirm = 1\ndry_run = 500\nstage = 500\napprove = 500\n\
[limits.destroy.container]\nconfirm = 1\ndry_run = 500\napprove = 500\n\
[limits.stop.member]\nconfirm = 1\ndry_run = 500\nstage = 500\napprove = 500\n\
[limits.change.member]\nconfirm = 1\ndry_run = 500\nstage = 500\n\
[limits.restart.member]\nconfirm = 1\ndry_run = 500\nstage = 500\n";

fn start() -> Option<Kube> {
    let kube = kube::start()?;
    let config = kube.home().join(".config/guard");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::create_dir_all(config.join("policies")).unwrap();
    std::fs::write(config.join("policies/lenient.toml"), LENIENT).unwrap();
    Some(kube)
}

/// Runs guard without a terminal: with options of its own, then a command in shell words.
fn guard(kube: &Kube, options: &[&str], command: &str) -> Output {
    kube.command("timeout")
        .args(["60", env!("CARGO_BIN_EXE_guard"), "--no-input"])
        .args(options)
        .args(shlex::split(command).unwrap())
        .current_dir(kube.home())
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_STATE_HOME")
        .output()
        .unwrap()
}

fn plan(kube: &Kube, command: &str) -> Value {
    let out = guard(kube, &["--plan", "--json"], command);
    serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|_| panic!("{command}: {}", String::from_utf8_lossy(&out.stderr)))
}

fn code(out: &Output) -> i32 {
    out.status.code().unwrap()
}

/// Requests that changed something, as `DELETE /api/v1/…`.
fn writes(kube: &Kube) -> BTreeSet<String> {
    let calls = kube.calls().into_iter();
    calls.filter(|call| call.is_write()).map(|call| format!("{} {}", call.method, call.path)).collect()
}

const FILES: &str = "\
apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\n---\n\
apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: payments}\n";

/// Command, what guard must count, how many of the requests of the bare command are its targets.
const ROWS: &[(&str, &str, u64, usize)] = &[
    ("kubectl delete pods -l app=web --wait=false", "pod", 12, 12),
    ("kubectl delete pods -A -lapp=db --wait=false --grace-period=7", "pod", 6, 6),
    ("kubectl delete po,svc,cm -l app=web --wait=false", "pod", 14, 14),
    ("kubectl delete pods -n payments --all --wait=false --cascade=orphan", "pod", 14, 14),
    ("kubectl delete pod web-0 -n shop web-1 --wait=false", "pod", 2, 2),
    ("kubectl delete pods.v1. web-0 --dry-run=none --wait=false", "pod", 1, 1),
    ("kubectl delete po/web-0 deploy.apps/cart svc/api --wait=false", "pod", 3, 3),
    ("kubectl delete pods --field-selector metadata.name=web-0 -A --wait=false", "pod", 2, 2),
    ("kubectl delete widgets --all --wait=false", "widget", 4, 4),
    ("kubectl delete -f files.yaml --ignore-not-found --wait=false", "configmap", 2, 2),
    ("kubectl delete ns -n foo --all --wait=false", "namespace", 4, 4),
    ("kubectl cordon -l pool=web", "node", 4, 4),
    ("kubectl taint nodes -l pool=db reserved=db:NoSchedule", "node", 2, 2),
    ("kubectl taint nodes --all reserved=db:NoSchedule", "node", 6, 6),
    ("kubectl scale deploy --all --replicas=3", "replica", 15, 4),
    ("kubectl scale sts/db --replicas=5 --current-replicas=3", "replica", 2, 1),
    ("kubectl rollout restart deployment", "deployment", 4, 4),
    ("kubectl rollout restart deploy -l app=web -n payments", "deployment", 1, 1),
    ("kubectl label pods -A -l app=web x=y", "pod", 16, 16),
    ("kubectl annotate deploy --all example.com/note=x", "deployment", 4, 4),
    ("kubectl set image deploy --all main=img:2", "deployment", 4, 4),
    ("kubectl set env deploy,sts -l app COLOR=blue", "deployment", 5, 5),
    (
        r#"kubectl patch deploy web api --type merge -p '{"metadata":{"labels":{"x":"y"}}}'"#,
        "deployment",
        2,
        2,
    ),
];

#[test]
fn what_is_counted_is_what_the_bare_command_hits_and_what_runs_is_the_same() {
    let Some(bare) = start() else { return };
    for (command, kind, count, hit) in ROWS {
        let world: Value =
            serde_json::from_str(include_str!("standins/kube/shop.json")).expect("the world is JSON");
        let fresh = || {
            bare.control(&json!({"op": "reset"}));
            bare.control(&json!({"op": "load", "fixture": world}));
            bare.requests().len()
        };
        std::fs::write(bare.home().join("files.yaml"), FILES).unwrap();
        let since = |from: usize| -> BTreeSet<String> {
            let calls = bare.requests().into_iter().skip(from);
            calls.filter(|c| c.is_write()).map(|c| format!("{} {}", c.method, c.path)).collect()
        };

        let from = fresh();
        let plan = plan(&bare, command);
        assert_eq!(plan["scope"]["kind"], *kind, "{command}");
        assert_eq!(plan["scope"]["count"], *count, "{command}: {plan:#}");
        assert_eq!(plan["scope"]["certainty"], "exact", "{command}");
        let refused = guard(&bare, &["--expect", "77"], command);
        assert_eq!(since(from), BTreeSet::new(), "{command}: nothing before the gate");
        if *count > 0 {
            assert_eq!(code(&refused), 123, "{command}: {}", String::from_utf8_lossy(&refused.stderr));
        }

        let words = shlex::split(command).unwrap();
        let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        let ran = bare.kubectl(&words);
        let by_itself = since(from);
        assert_eq!(by_itself.len(), *hit, "{command}: {} {by_itself:#?}", ran.stderr);

        let from = fresh();
        let out = guard(&bare, &["--expect", &count.to_string()], command);
        assert_eq!(since(from), by_itself, "{command}: {}", String::from_utf8_lossy(&out.stderr));
        assert_eq!(Some(code(&out)), ran.code, "{command}");
    }
}

#[test]
fn a_drain_counts_nodes_and_says_how_many_pods_are_on_them() {
    let Some(kube) = start() else { return };
    let command = "kubectl drain -l zone=b --ignore-daemonsets --delete-emptydir-data --force --timeout=2s";
    let planned = plan(&kube, command);
    let pods = kube.raw("pods", None);
    let there = pods.iter().filter(|p| matches!(p["spec"]["nodeName"].as_str(), Some("node-2" | "node-5")));
    assert_eq!(planned["scope"]["count"], 2);
    let there = there.count();
    assert_eq!(planned["scope"]["dependents"], there as u64);
    let reasons = planned["verdict"]["reasons"].as_array().unwrap();
    let along = format!("{there} go along with 2 nodes");
    assert!(reasons.iter().any(|r| r["text"].as_str().unwrap().starts_with(&along)), "{reasons:?}");
    assert_eq!(writes(&kube), BTreeSet::new());
    guard(&kube, &["--expect", "2"], command);
    let nodes: Vec<String> = writes(&kube).into_iter().filter(|w| w.starts_with("PATCH")).collect();
    assert_eq!(nodes, ["PATCH /api/v1/nodes/node-2", "PATCH /api/v1/nodes/node-5"]);
}

#[test]
fn what_appears_after_the_verdict_survives() {
    let Some(kube) = start() else { return };
    let late = json!({"namespace": "shop", "name": "web-late", "labels": {"app": "web"}});
    let late = kube.control(&json!({"op": "pod", "pod": late}));
    kube.control(&json!({"op": "delete", "resource": "pods", "namespace": "shop", "name": "web-late"}));
    kube.appear(&json!({"resource": "pods", "call": 1, "create": [late]}));
    let out = guard(&kube, &["--expect", "12"], "kubectl delete pods -l app=web --wait=false");
    let gone = kube.deleted();
    assert!(!gone.iter().any(|name| name.ends_with("web-late")), "{gone:?}");
    assert!(kube.objects("pods", Some("shop")).contains(&"web-late".to_owned()));
    // Either the twelve that were shown are gone, or the growth was seen and nothing is.
    match code(&out) {
        0 => assert_eq!(gone.len(), 12, "{gone:?}"),
        _ => assert_eq!(gone.len(), 0, "{gone:?}"),
    }
}

#[test]
fn options_survive_narrowing() {
    let Some(kube) = start() else { return };
    let command = "kubectl delete pods -l app=cart --grace-period=7 --cascade=foreground --wait=false";
    assert_eq!(code(&guard(&kube, &["--expect", "4"], command)), 0);
    let sent: Vec<_> = kube.calls().into_iter().filter(kube::Logged::is_write).collect();
    assert_eq!(sent.len(), 4);
    for call in sent {
        assert_eq!(call.body["gracePeriodSeconds"], 7);
        assert_eq!(call.body["propagationPolicy"], "Foreground");
    }
}

#[test]
fn a_narrowed_command_goes_as_the_same_person_to_the_same_place() {
    let Some(kube) = start() else { return };
    let command = "kubectl --context west --as eve delete pods -l app=db --wait=false";
    assert_eq!(code(&guard(&kube, &["--expect", "3"], command)), 0);
    for call in kube.calls() {
        assert_eq!(call.impersonated.as_deref(), Some("eve"), "{}", call.line());
        assert!(call.path.contains("/namespaces/payments/"), "{}", call.line());
    }
}

#[test]
fn every_page_is_counted() {
    let Some(kube) = start() else { return };
    kube.set(&json!({"page": 5}));
    assert_eq!(plan(&kube, "kubectl delete pods -l app=web")["scope"]["count"], 12);
    kube.fault(&json!({"resource": "pods", "verb": "list", "kind": "status", "code": 410, "skip": 1}));
    assert_eq!(plan(&kube, "kubectl delete pods -l app=web")["scope"]["certainty"], "unknown");
}

#[test]
fn a_listing_that_fails_is_no_small_number() {
    let Some(kube) = start() else { return };
    for fault in [
        json!({"kind": "status", "code": 500}),
        json!({"kind": "status", "code": 403}),
        json!({"kind": "garbage"}),
        json!({"kind": "truncated"}),
    ] {
        kube.control(&json!({"op": "clear"}));
        let mut fault = fault;
        fault["resource"] = json!("pods");
        fault["verb"] = json!("list");
        kube.fault(&fault);
        for options in [&["--expect", "12"][..], &["--max", "99"], &[]] {
            let out = guard(&kube, options, "kubectl delete pods -l app=web --wait=false");
            assert!(matches!(code(&out), 120..=123), "{fault}: {}", String::from_utf8_lossy(&out.stderr));
        }
    }
    assert_eq!(writes(&kube), BTreeSet::new());
}

#[test]
fn one_kind_that_can_not_be_listed_makes_the_whole_unknown() {
    let Some(kube) = start() else { return };
    kube.fault(&json!({"resource": "services", "verb": "list", "kind": "status", "code": 403}));
    let planned = plan(&kube, "kubectl delete po,svc -l app=cart");
    assert_eq!(planned["scope"]["certainty"], "unknown", "{planned:#}");
}

#[test]
fn one_pod_by_name_starts_no_listing() {
    let Some(kube) = start() else { return };
    std::fs::remove_dir_all(kube.home().join(".config")).unwrap();
    let out = guard(&kube, &[], "kubectl delete pod web-0 --wait=false");
    assert_eq!(code(&out), 0, "{}", String::from_utf8_lossy(&out.stderr));
    let lines: Vec<String> = kube.calls().iter().map(|call| call.line()).collect();
    assert_eq!(lines, ["DELETE /api/v1/namespaces/shop/pods/web-0"]);
}

#[test]
fn pruning_is_counted_by_what_the_server_would_prune() {
    let Some(kube) = start() else { return };
    let one = |name: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: shop, labels: {{set: demo}}}}\n"
        )
    };
    std::fs::write(kube.home().join("all.yaml"), ["a", "b", "c"].map(one).join("---\n")).unwrap();
    std::fs::write(kube.home().join("one.yaml"), one("a")).unwrap();
    assert_eq!(kube.kubectl(&["apply", "-f", "all.yaml"]).code, Some(0));
    let command = "kubectl apply -f one.yaml --prune -l set=demo -o name";
    let planned = plan(&kube, command);
    assert_eq!((&planned["scope"]["count"], &planned["scope"]["kind"]), (&json!(2), &json!("configmap")));
    assert_eq!(kube.deleted(), [""; 0]);
}

#[test]
fn a_blank_selector_and_text_from_a_pipe_are_refused_without_a_terminal() {
    let Some(kube) = start() else { return };
    for command in [
        "kubectl delete pods -l ''",
        "kubectl delete pods --all --namespace=",
        "kubectl delete -f -",
        "kubectl delete --raw /api/v1/namespaces/shop/pods/web-0",
        "kubectl scale deploy --all --replicas=0 -n ''",
    ] {
        let out = guard(&kube, &[], command);
        assert_eq!(code(&out), 122, "{command}: {}", String::from_utf8_lossy(&out.stderr));
    }
    assert_eq!(writes(&kube), BTreeSet::new());
    // What changes nothing passes without a question.
    for command in ["kubectl get pods -l ''", "kubectl delete pods --all --dry-run=server"] {
        assert_eq!(code(&guard(&kube, &[], command)), 0, "{command}");
    }
}
