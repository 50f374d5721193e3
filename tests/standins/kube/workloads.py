"""What the controllers of a cluster would do at once: pods for workloads, budgets, statuses."""

import copy
import hashlib
import json

from . import selectors

OWNERS = {"deployments", "replicasets", "statefulsets", "daemonsets", "jobs"}
REVISION = "deployment.kubernetes.io/revision"
HASH = "pod-template-hash"


def controller_uid(obj):
    """The uid of the controlling owner, or None."""
    for owner in obj["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            return owner["uid"]
    return None


def owned(store, uid, plural):
    """The objects of a resource that a controller owns, in the order they were made."""
    found = [o for o in store.all(store.resource(plural)) if controller_uid(o) == uid]
    return sorted(found, key=lambda o: o["metadata"].get("annotations", {}).get("stand-in/born", "").zfill(9))


def defaults(store, res, obj):
    """Fills in what the server and the scheduler would."""
    spec = obj.setdefault("spec", {}) if res.plural in OWNERS | {"pods", "nodes"} else obj.get("spec", {})
    if res.plural in ("deployments", "replicasets", "statefulsets"):
        spec.setdefault("replicas", 1)
    elif res.plural == "namespaces":
        obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]
        obj.setdefault("status", {"phase": "Active"})
    elif res.plural == "nodes":
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
        obj.setdefault("status", {"conditions": [ready]})
    elif res.plural == "customresourcedefinitions":
        obj["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
    elif res.plural == "pods":
        spec.setdefault("terminationGracePeriodSeconds", 30)
        spec.setdefault("containers", [{"name": "main", "image": "example/main:1"}])
        spec.setdefault("nodeName", _next_node(store))
        phase = (obj.get("status") or {}).get("phase", "Running")
        obj["status"] = pod_status(spec, phase)


def pod_status(spec, phase):
    """A pod's status: Ready when it runs."""
    ready = phase == "Running"
    return {
        "phase": phase,
        "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        "containerStatuses": [{"name": c["name"], "ready": ready, "restartCount": 0} for c in spec["containers"]],
    }


def _next_node(store):
    nodes = [n for n in store.all(store.resource("nodes")) if not (n.get("spec") or {}).get("unschedulable")]
    return nodes[store.born % len(nodes)]["metadata"]["name"] if nodes else ""


def reconcile(store, res, obj):
    """Brings what a workload owns in line with its spec."""
    if res.plural == "deployments":
        _reconcile_deployment(store, res, obj)
    elif res.plural in OWNERS:
        _reconcile_pods(store, res, obj)


def _pruned(value):
    """Without what is empty: `resources: {}` is what a server would have filled in."""
    if isinstance(value, dict):
        kept = {k: _pruned(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v not in (None, {}, [], "")}
    return [_pruned(v) for v in value] if isinstance(value, list) else value


def _template_hash(template):
    plain = _pruned(template)
    (plain.get("metadata", {}).get("labels") or {}).pop(HASH, None)
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:8]


def _reference(res, obj):
    meta = obj["metadata"]
    same = {"apiVersion": res.api_version, "kind": res.kind, "name": meta["name"], "uid": meta["uid"]}
    return [same | {"controller": True, "blockOwnerDeletion": True}]


def _reconcile_deployment(store, res, obj):
    sets, meta, spec = store.resource("replicasets"), obj["metadata"], obj["spec"]
    digest = _template_hash(spec["template"])
    mine = owned(store, meta["uid"], "replicasets")
    of_digest = lambda rs: rs["metadata"]["labels"].get(HASH) == digest
    for old in mine:
        if not of_digest(old) and old["spec"]["replicas"]:
            store.replace(sets, old, _with(old, {"spec": old["spec"] | {"replicas": 0}}))
    newest = max((int(rs["metadata"]["annotations"][REVISION]) for rs in mine), default=0)
    current = next(filter(of_digest, mine), None)
    revision = newest + 1
    if current is None:
        template = copy.deepcopy(spec["template"])
        labels = template.setdefault("metadata", {}).setdefault("labels", {})
        labels[HASH] = digest
        selector = copy.deepcopy(spec.get("selector") or {})
        selector.setdefault("matchLabels", {})[HASH] = digest
        since = {"creationTimestamp": meta["creationTimestamp"]} if store.loading else {}
        store.create(sets, meta["namespace"], {
            "metadata": since | {
                "name": f"{meta['name']}-{digest}", "labels": labels, "ownerReferences": _reference(res, obj),
                "annotations": {REVISION: str(revision)},
            },
            "spec": {"replicas": spec["replicas"], "selector": selector, "template": template},
        })
    else:
        at = int(current["metadata"]["annotations"][REVISION])
        revision = at if at == newest else revision
        noted = current["metadata"] | {"annotations": {REVISION: str(revision)}}
        scaled = current["spec"] | {"replicas": spec["replicas"]}
        after = store.replace(sets, current, _with(current, {"metadata": noted, "spec": scaled}))
        _reconcile_pods(store, sets, after)
    latest = store.get(res, meta["namespace"], meta["name"])
    notes = (latest["metadata"].get("annotations") or {}) | {REVISION: str(revision)}
    store.replace(res, latest, _with(latest, {"metadata": latest["metadata"] | {"annotations": notes}}))


def _with(obj, fields):
    return copy.deepcopy(obj) | copy.deepcopy(fields)


def _wanted(store, res, obj):
    """(number of pods, the node each is bound to or None)."""
    spec = obj["spec"]
    if res.plural == "daemonsets":
        nodes = [n["metadata"]["name"] for n in store.all(store.resource("nodes"))]
        return len(nodes), nodes
    number = spec.get("completions", 1) if res.plural == "jobs" else spec["replicas"]
    return number, [None] * number


def _reconcile_pods(store, res, obj):
    pods, meta = store.resource("pods"), obj["metadata"]
    template = obj["spec"].get("template") or {}
    digest = _template_hash(template)
    have = owned(store, meta["uid"], "pods")
    if res.plural in ("statefulsets", "daemonsets"):
        # A new template replaces every pod, as a finished rolling update would have.
        for pod in [p for p in have if p["metadata"]["annotations"]["stand-in/template"] != digest]:
            have.remove(pod)
            _drop(store, pods, pod)
    number, nodes = _wanted(store, res, obj)
    while len(have) > number:
        _drop(store, pods, have.pop())
    taken = {p["spec"]["nodeName"] for p in have}
    free = [n for n in nodes if n is None or n not in taken]
    for node in free[: number - len(have)]:
        _make_pod(store, res, obj, template, digest, node)


def _drop(store, pods, pod):
    """Deletes a pod without its controller making another."""
    keep, store.settings["recreate"] = store.settings["recreate"], False
    try:
        store._remove(pods, pod, orphan=False)
    finally:
        store.settings["recreate"] = keep


def _make_pod(store, res, obj, template, digest, node):
    meta, pods = obj["metadata"], store.resource("pods")
    base = meta["name"]
    if res.plural == "replicasets" and HASH in (meta.get("labels") or {}):
        base = base.rpartition("-")[0]
    names = {p["metadata"]["name"] for p in store.all(pods, meta["namespace"])}
    if res.plural != "statefulsets":
        # A deleted pod's name does not come back, unless it has an ordinal of its own.
        names |= {e[3]["metadata"]["name"] for e in store.events
                  if e[2] == "pods" and e[3]["metadata"].get("namespace") == meta["namespace"]}
    number = next(n for n in range(len(names) + 1) if f"{base}-{n}" not in names)
    head = copy.deepcopy(template.get("metadata") or {})
    notes = (head.get("annotations") or {}) | {"stand-in/born": str(store.born), "stand-in/template": digest}
    spec = copy.deepcopy(template.get("spec") or {})
    if node is not None:
        spec["nodeName"] = node
    status = {"phase": "Succeeded" if res.plural == "jobs" else store.settings["phase"]}
    since = {"creationTimestamp": meta["creationTimestamp"]} if store.loading else {}
    store.create(pods, meta["namespace"], {
        "metadata": since | {
            "name": f"{base}-{number}", "labels": head.get("labels") or {}, "annotations": notes,
            "ownerReferences": _reference(res, obj),
        },
        "spec": spec, "status": status,
    })


def healthy(pod):
    """Whether a pod counts towards a budget."""
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
    return ready and not pod["metadata"].get("deletionTimestamp")


def budget_status(store, budget):
    """A PodDisruptionBudget's status from the pods that are there now."""
    spec, matches = budget["spec"], selectors.by_spec(budget["spec"].get("selector"))
    members = [p for p in store.all(store.resource("pods"), budget["metadata"]["namespace"]) if matches(p)]
    owners = {controller_uid(p) for p in members} - {None}
    expected = sum(1 for p in members if controller_uid(p) is None)
    for uid in owners:
        found = store.by_uid(uid)
        expected += found[1]["spec"].get("replicas", 1) if found else 0

    def share(value):
        return -(-expected * int(value[:-1]) // 100) if isinstance(value, str) else int(value)

    desired = share(spec["minAvailable"]) if "minAvailable" in spec else expected - share(spec.get("maxUnavailable", 1))
    now = sum(map(healthy, members))
    return {
        "currentHealthy": now, "desiredHealthy": max(desired, 0), "expectedPods": expected,
        "disruptionsAllowed": max(now - max(desired, 0), 0) if expected else 0,
        "observedGeneration": budget["metadata"].get("generation", 1),
    }


def present(store, res, obj):
    """The object as it is shown: with the status that controllers keep up to date."""
    if res.plural == "poddisruptionbudgets":
        return obj | {"status": budget_status(store, obj)}
    if res.plural in ("deployments", "replicasets", "statefulsets"):
        uids = {obj["metadata"]["uid"]}
        if res.plural == "deployments":
            uids = {rs["metadata"]["uid"] for rs in owned(store, obj["metadata"]["uid"], "replicasets")}
        count = sum(controller_uid(p) in uids for p in store.all(store.resource("pods"), obj["metadata"]["namespace"]))
        shown = {f: count for f in ("replicas", "readyReplicas", "availableReplicas", "updatedReplicas") if count}
        return obj | {"status": shown | {"observedGeneration": obj["metadata"].get("generation", 1)}}
    return obj
