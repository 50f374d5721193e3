//! Holds the stand-in for a Kubernetes API server to what the real `kubectl` expects of one.
//!
//! The other kubectl tests rest on it: they believe its log and its state.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/kube.rs"]
mod kube;

use kube::{Kube, Ran};
use serde_json::json;

fn lines(ran: &Ran) -> Vec<&str> {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.stdout.lines().collect()
}

fn count(kube: &Kube, words: &[&str]) -> usize {
    lines(&kube.kubectl(&[words, &["-o", "name"]].concat())).len()
}

#[test]
fn selectors_pick_what_they_say() {
    let Some(kube) = kube::start() else { return };
    for (selection, expected) in [
        (&["pods", "-A"][..], 60),
        (&["pods", "-l", "app=web"], 12),
        (&["pods", "-A", "-l", "app=web"], 16),
        (&["pods", "-A", "-l", "app in (web, db)"], 22),
        (&["pods", "-l", "tier!=front,app"], 18),
        (&["pods", "-A", "-l", "!app"], 10),
        (&["pods", "-l", "app notin (web)"], 18),
        (&["pods", "-l", "app="], 0),
        (&["pods", "-l", ""], 30),
        (&["pods", "-A", "--field-selector", "status.phase!=Running"], 1),
        (&["pods", "-A", "--field-selector", "metadata.name=web-0"], 2),
        (&["pods", "-A", "--field-selector", "spec.nodeName=node-1,metadata.namespace=kube-system"], 2),
        (&["nodes", "-l", "pool=db"], 2),
        (&["deploy,rs", "-A"], 20),
        (&["widgets"], 4),
        (&["all", "-n", "payments"], 23),
    ] {
        assert_eq!(count(&kube, &[&["get"], selection].concat()), expected, "{selection:?}");
    }
    let refused = kube.kubectl(&["get", "pods", "--field-selector", "spec.colour=red"]);
    assert!(refused.stderr.contains("field label not supported"), "{refused:?}");
}

#[test]
fn a_chunked_listing_is_whole_and_an_expired_one_fails() {
    let Some(kube) = kube::start() else { return };
    kube.set(&json!({"page": 7}));
    assert_eq!(count(&kube, &["get", "pods", "-A"]), 60);
    let pages = kube.calls().iter().filter(|call| call.path == "/api/v1/pods").count();
    assert_eq!(pages, 9, "60 pods, 7 a page");
    kube.fault(&json!({"verb": "continue", "kind": "status", "code": 410}));
    let cut = kube.kubectl(&["get", "pods", "-A", "-o", "name"]);
    assert_eq!(cut.code, Some(1), "{cut:?}");
}

#[test]
fn deleting_deletes_and_says_how() {
    let Some(kube) = kube::start() else { return };
    let ran = kube.kubectl(&["delete", "pods", "-l", "app=web", "--grace-period=7", "--cascade=orphan"]);
    assert_eq!(lines(&ran).len(), 12);
    assert_eq!(kube.objects("pods", Some("shop")).len(), 18);
    assert_eq!(kube.objects("pods", Some("payments")).len(), 14);
    assert_eq!(kube.deleted().len(), 12);
    let deletes: Vec<_> = kube.calls().into_iter().filter(|call| call.method == "DELETE").collect();
    assert_eq!(deletes.len(), 12, "one request an object");
    assert!(deletes.iter().all(|call| call.body["gracePeriodSeconds"] == 7));
    assert!(deletes.iter().all(|call| call.body["propagationPolicy"] == "Orphan"));
    assert_eq!(kube.kubectl(&["delete", "pod", "web-0"]).code, Some(1));
}

#[test]
fn a_dry_run_changes_nothing() {
    let Some(kube) = kube::start() else { return };
    let before = kube.raw("pods", None);
    let manifest = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}});
    std::fs::write(kube.home().join("manifest.json"), manifest.to_string()).unwrap();
    for words in [
        &["delete", "pods", "--all", "--dry-run=server"][..],
        &["delete", "deploy", "web", "--dry-run=server"],
        &["delete", "ns", "shop", "--dry-run=server"],
        &["scale", "deploy", "web", "--replicas=1", "--dry-run=server"],
        &["label", "pods", "--all", "a=b", "--dry-run=server"],
        &["apply", "-f", "manifest.json", "--dry-run=server"],
    ] {
        assert_eq!(kube.kubectl(words).code, Some(0), "{words:?}");
    }
    // A budget answers 429 to a dry run too, and kubectl then tries again until its time is up.
    let drain = kube.kubectl(&[
        "drain",
        "node-3",
        "--ignore-daemonsets",
        "--force",
        "--dry-run=server",
        "--timeout=1s",
    ]);
    assert_eq!(drain.code, Some(1), "{drain:?}");
    assert_eq!(kube.raw("pods", None), before);
    assert!(kube.calls().iter().all(|call| !call.is_write() && call.effects.is_empty()));
}

#[test]
fn a_budget_holds_evictions() {
    let Some(kube) = kube::start() else { return };
    let ran = kube.kubectl(&["drain", "-l", "pool=db", "--ignore-daemonsets", "--force", "--timeout=2s"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("violate the pod's disruption budget"), "{ran:?}");
    let pods = kube.objects("pods", None);
    assert_eq!(pods.iter().filter(|pod| pod.starts_with("shop/web-")).count(), 10, "keeps its ten");
    assert_eq!(pods.iter().filter(|pod| pod.starts_with("payments/db-")).count(), 3, "gives none");
    let refused = kube.calls().iter().filter(|call| call.status == Some(429)).count();
    let before = kube.deleted().len();
    lines(&kube.kubectl(&[
        "drain",
        "node-5",
        "--ignore-daemonsets",
        "--force",
        "--disable-eviction",
        "--grace-period=3",
    ]));
    assert!(kube.deleted().len() > before, "without evictions nothing holds");
    let last = kube.calls().into_iter().rfind(|call| call.method == "DELETE").unwrap();
    assert_eq!(last.body["gracePeriodSeconds"], 3);
    assert!(refused >= 2, "{refused}");
}

#[test]
fn scaling_and_restarting_move_pods() {
    let Some(kube) = kube::start() else { return };
    kube.kubectl(&["scale", "deploy/web", "--replicas=9"]);
    assert_eq!(count(&kube, &["get", "pods", "-l", "app=web"]), 9);
    kube.kubectl(&["scale", "deploy/web", "--replicas=11", "--current-replicas=9"]);
    assert_eq!(count(&kube, &["get", "pods", "-l", "app=web"]), 11);
    let late = kube.kubectl(&["scale", "deploy/web", "--replicas=1", "--current-replicas=9"]);
    assert_eq!(late.code, Some(1), "{late:?}");
    let before = kube.uid("pods", "shop", "db-0");
    lines(&kube.kubectl(&["rollout", "restart", "sts/db"]));
    assert_eq!(kube.objects("pods", Some("shop")).iter().filter(|pod| pod.starts_with("db-")).count(), 3);
    assert_ne!(kube.uid("pods", "shop", "db-0"), before, "same name, another pod");
    lines(&kube.kubectl(&["set", "image", "deploy/api", "main=example/api:2"]));
    lines(&kube.kubectl(&["rollout", "undo", "deploy/api"]));
    let image = "jsonpath={.spec.template.spec.containers[0].image}";
    assert_eq!(kube.kubectl(&["get", "deploy", "api", "-o", image]).stdout, "example/api:1");
    assert_eq!(count(&kube, &["get", "rs", "-l", "app=api"]), 2);
}

#[test]
fn deleting_an_owner_cascades_unless_orphaned() {
    let Some(kube) = kube::start() else { return };
    lines(&kube.kubectl(&["delete", "deploy", "web"]));
    assert_eq!(kube.deleted().len(), 14, "a deployment, its replica set, 12 pods");
    lines(&kube.kubectl(&["delete", "deploy", "api", "--cascade=foreground"]));
    lines(&kube.kubectl(&["delete", "deploy", "cart", "--cascade=orphan"]));
    assert_eq!(kube.objects("pods", Some("shop")).len(), 30 - 12 - 6);
    lines(&kube.kubectl(&["delete", "ns", "payments"]));
    assert!(kube.objects("pods", None).iter().all(|pod| !pod.starts_with("payments/")));
    let kept = kube.kubectl(&["delete", "ns", "kube-system"]);
    assert!(kept.stderr.contains("this namespace may not be deleted"), "{kept:?}");
    lines(&kube.kubectl(&["delete", "crd", "widgets.example.com"]));
    assert_eq!(kube.deleted().iter().filter(|gone| gone.starts_with("widgets.example.com ")).count(), 4);
}

#[test]
fn controllers_make_pods_again_when_told_to() {
    let Some(kube) = kube::start() else { return };
    let before = kube.objects("pods", Some("shop"));
    kube.set(&json!({"recreate": true, "linger": 2}));
    lines(&kube.kubectl(&["delete", "pod", "web-0"]));
    // Not lingering: kubectl may wait for ever when a name comes back between its GET and its watch.
    kube.set(&json!({"linger": 0}));
    lines(&kube.kubectl(&["delete", "pod", "db-0"]));
    let after = kube.objects("pods", Some("shop"));
    assert_eq!(after.len(), before.len());
    assert!(!after.contains(&"web-0".into()) && after.contains(&"web-12".into()), "{after:?}");
    assert!(after.contains(&"db-0".into()), "a stateful set reuses the name");
    let watched = kube.calls().iter().any(|call| call.query.contains_key("watch"));
    assert!(watched, "a pod that is slow to go is watched until it is gone");
}

#[test]
fn a_uid_precondition_holds() {
    let Some(kube) = kube::start() else { return };
    let options = |uid: &str| {
        let body = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}});
        std::fs::write(kube.home().join("options.json"), body.to_string()).unwrap();
        kube.kubectl(&["delete", "--raw", "/api/v1/namespaces/shop/pods/web-0", "-f", "options.json"])
    };
    let other = options("00000000-0000-0000-0000-000000000000");
    assert_eq!(other.code, Some(1), "{other:?}");
    assert!(kube.deleted().is_empty());
    let right = options(&kube.uid("pods", "shop", "web-0").unwrap());
    assert_eq!(right.code, Some(0), "{right:?}");
    assert_eq!(kube.deleted(), ["pods shop/web-0"]);
}

#[test]
fn manifests_are_applied_pruned_replaced_and_deleted() {
    let Some(kube) = kube::start() else { return };
    let manifest = |names: &[&str], value: &str| {
        let one = |name: &&str| {
            format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, labels: {{set: demo}}}}\ndata: {{k: {value}}}\n"
            )
        };
        let text: Vec<String> = names.iter().map(one).collect();
        std::fs::write(kube.home().join("set.yaml"), text.join("---\n")).unwrap();
    };
    manifest(&["one", "two"], "v");
    lines(&kube.kubectl(&["apply", "-f", "set.yaml"]));
    assert_eq!(kube.kubectl(&["diff", "-f", "set.yaml"]).code, Some(0));
    manifest(&["one"], "w");
    assert_eq!(kube.kubectl(&["diff", "-f", "set.yaml"]).code, Some(1));
    lines(&kube.kubectl(&["apply", "-f", "set.yaml", "--prune", "-l", "set=demo"]));
    assert_eq!(kube.deleted(), ["configmaps shop/two"]);
    lines(&kube.kubectl(&["replace", "--force", "-f", "set.yaml"]));
    lines(&kube.kubectl(&["delete", "-f", "set.yaml"]));
    assert_eq!(kube.deleted(), ["configmaps shop/two", "configmaps shop/one", "configmaps shop/one"]);
}

#[test]
fn selections_are_patched_one_by_one() {
    let Some(kube) = kube::start() else { return };
    lines(&kube.kubectl(&["label", "pods", "-l", "app=web", "canary=yes"]));
    assert_eq!(count(&kube, &["get", "pods", "-l", "canary=yes"]), 12);
    lines(&kube.kubectl(&["annotate", "pods", "--all", "-n", "payments", "seen=yes"]));
    lines(&kube.kubectl(&["cordon", "-l", "zone=a"]));
    lines(&kube.kubectl(&["taint", "nodes", "-l", "pool=db", "busy=yes:NoSchedule"]));
    lines(&kube.kubectl(&[
        "patch",
        "widget",
        "widget-1",
        "--type=json",
        "-p",
        r#"[{"op":"remove","path":"/spec/turns"}]"#,
    ]));
    let writes = kube.calls().iter().filter(|call| call.is_write()).count();
    assert_eq!(writes, 12 + 14 + 2 + 2 + 1);
}

#[test]
fn faults_reach_the_client() {
    let Some(kube) = kube::start() else { return };
    for (fault, said) in [
        (json!({"resource": "pods", "kind": "status", "code": 500}), "InternalError"),
        (json!({"resource": "pods", "kind": "status", "code": 403}), "Forbidden"),
        (json!({"resource": "pods", "kind": "garbage"}), "invalid character"),
        (json!({"resource": "pods", "kind": "truncated"}), "unexpected EOF"),
        (json!({"resource": "pods", "kind": "endless"}), "reading"),
        (json!({"resource": "pods", "kind": "slow", "seconds": 30}), "exceeded"),
    ] {
        kube.fault(&fault);
        let ran = kube.kubectl(&["get", "pods", "--request-timeout=1s"]);
        assert_eq!(ran.code, Some(1), "{fault}: {ran:?}");
        assert!(ran.stderr.contains(said), "{fault}: {ran:?}");
        kube.control(&json!({"op": "clear"}));
    }
    assert_eq!(count(&kube, &["get", "pods"]), 30);
}

#[test]
fn pods_can_appear_between_two_listings() {
    let Some(kube) = kube::start() else { return };
    let late = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "shop", "name": "web-late", "labels": {"app": "web"}}});
    kube.appear(&json!({"resource": "pods", "call": 1, "create": [late], "delete": [["shop", "web-0"]]}));
    assert_eq!(count(&kube, &["get", "pods", "-l", "app=web"]), 12);
    let after = kube.kubectl(&["get", "pods", "-l", "app=web", "-o", "name"]);
    assert!(after.stdout.contains("pod/web-late") && !after.stdout.contains("pod/web-0\n"), "{after:?}");
    kube.create_pod("shop", "web-later", &json!({"app": "web"}));
    assert_eq!(count(&kube, &["get", "pods", "-l", "app=web"]), 13);
}

#[test]
fn who_asks_is_on_record() {
    let Some(kube) = kube::start() else { return };
    kube.kubectl(&["--context", "west", "--as", "ops", "get", "pods"]);
    let call = kube.calls().pop().unwrap();
    assert_eq!(call.path, "/api/v1/namespaces/payments/pods");
    assert_eq!(call.impersonated.as_deref(), Some("ops"));
}
