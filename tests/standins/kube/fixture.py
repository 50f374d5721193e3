"""Loads a fixture: a small world in JSON, written short.

{"namespaces": [NAME…],
 "nodes": [{"name", "labels", "age"}…],
 "workloads": [{"kind", "namespace", "name", "replicas", "labels", "age"}…],  controllers and their pods
 "pods": [{"namespace", "name", "labels", "node", "phase", "age"}…],          pods that nobody owns
 "budgets": [{"namespace", "name", "minAvailable" | "maxUnavailable", "labels"}…],
 "objects": [whole objects…]}

Ages are days. The pods of a Deployment or StatefulSet are NAME-0, NAME-1…; those that replace
them get the next numbers, except in a StatefulSet, where the name comes back with a new uid.
"""

from .store import timestamp

DAY = 86400


def load(store, world):
    """Adds a fixture's objects to the store."""
    with store.writing():
        store.loading = True
        try:
            for obj in _objects(world):
                res = store.of_kind(obj)
                store.create(res, obj["metadata"].get("namespace"), obj)
        finally:
            store.loading = False


def _objects(world):
    """All objects of a fixture, in an order in which they can be made."""
    for name in world.get("namespaces", ()):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": _meta({"name": name})}
    for node in world.get("nodes", ()):
        yield {"apiVersion": "v1", "kind": "Node", "metadata": _meta(node), "spec": {}}
    for work in world.get("workloads", ()):
        yield workload(work)
    for short in world.get("pods", ()):
        yield pod(short)
    for short in world.get("budgets", ()):
        rule = {k: short[k] for k in ("minAvailable", "maxUnavailable") if k in short}
        spec = rule | {"selector": {"matchLabels": short["labels"]}}
        meta = _meta({k: v for k, v in short.items() if k != "labels"})
        yield {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": spec}
    yield from world.get("objects", ())


def _meta(short):
    meta = {k: short[k] for k in ("name", "namespace", "labels", "annotations") if k in short}
    return meta | ({"creationTimestamp": timestamp(short["age"] * DAY)} if "age" in short else {})


def pod(short):
    """A bare pod from its short form."""
    containers = [{"name": "main", "image": short.get("image", "example/main:1")}]
    spec = {"containers": containers} | ({"nodeName": short["node"]} if "node" in short else {})
    status = {"phase": short["phase"]} if "phase" in short else {}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": _meta(short), "spec": spec, "status": status}


def workload(short):
    """A controller from its short form."""
    labels = short.get("labels") or {"app": short["name"]}
    containers = [{"name": "main", "image": short.get("image", f"example/{short['name']}:1")}]
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}}
    if short["kind"] == "Job":
        spec["completions"] = short.get("replicas", 1)
    elif short["kind"] != "DaemonSet":
        spec["replicas"] = short.get("replicas", 1)
    version = "batch/v1" if short["kind"] == "Job" else "apps/v1"
    return {"apiVersion": version, "kind": short["kind"], "metadata": _meta(short | {"labels": labels}), "spec": spec}
