"""Answers in the form that was asked for: lists, tables, single objects."""

from datetime import datetime, timezone

from .resources import BUILT_IN
from .workloads import present


def wants_table(accept):
    return "as=Table" in accept


def _age(obj):
    made = datetime.strptime(obj["metadata"]["creationTimestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    seconds = int((datetime.now(timezone.utc) - made).total_seconds())
    return f"{seconds // 86400}d" if seconds >= 86400 else f"{max(seconds, 0)}s"


def _pod(obj):
    states = obj["status"].get("containerStatuses", [])
    shown = "Terminating" if obj["metadata"].get("deletionTimestamp") else obj["status"].get("phase", "")
    return [f"{sum(s['ready'] for s in states)}/{len(states)}", shown, 0]


def _node(obj):
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in obj["status"]["conditions"])
    off = ",SchedulingDisabled" if obj.get("spec", {}).get("unschedulable") else ""
    return [("Ready" if ready else "NotReady") + off, "<none>"]


def _replicas(obj):
    return [f"{obj['status'].get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}"]


def _budget(obj):
    spec = obj["spec"]
    return [str(spec.get("minAvailable", "N/A")), str(spec.get("maxUnavailable", "N/A")),
            obj["status"]["disruptionsAllowed"]]


_COLUMNS = {
    "pods": (["Ready", "Status", "Restarts"], _pod),
    "nodes": (["Status", "Roles"], _node),
    "deployments": (["Ready"], _replicas),
    "replicasets": (["Ready"], _replicas),
    "statefulsets": (["Ready"], _replicas),
    "poddisruptionbudgets": (["Min Available", "Max Unavailable", "Allowed Disruptions"], _budget),
    "namespaces": (["Status"], lambda obj: [obj["status"]["phase"]]),
}


def table(store, res, objects, meta):
    """A meta.k8s.io/v1 Table of the objects."""
    names, cells = _COLUMNS.get(res.plural, ([], lambda obj: []))
    column = lambda name: {"name": name, "type": "string", "format": "name" if name == "Name" else "",
                           "description": "", "priority": 0}
    rows = []
    for obj in objects:
        shown = present(store, res, obj)
        part = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
        rows.append({"cells": [obj["metadata"]["name"], *cells(shown), _age(obj)], "object": part})
    head = [column(n) for n in ["Name", *names, "Age"]]
    return {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": head, "rows": rows}


def listing(store, res, objects, meta):
    """The plain list of the objects; items of the server's own kinds carry no kind, as in real answers."""
    bare = ("kind", "apiVersion") if res in BUILT_IN else ()
    items = [{k: v for k, v in present(store, res, o).items() if k not in bare} for o in objects]
    return {"kind": f"{res.kind}List", "apiVersion": res.api_version, "metadata": meta, "items": items}
