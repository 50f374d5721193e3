"""The kinds that the stand-in serves, and the discovery and OpenAPI documents made from them."""

from dataclasses import dataclass

VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


@dataclass(frozen=True)
class Resource:
    """One kind; `subs` are its subresources with (group, version, kind) of what they take."""

    group: str
    version: str
    plural: str
    kind: str
    short: tuple = ()
    namespaced: bool = True
    subs: tuple = ()
    categories: tuple = ()

    @property
    def api_version(self):
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self):
        return self.kind.lower()

    @property
    def qualified(self):
        """`pods`, `deployments.apps`: the name in the server's own sentences."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


SCALE = ("scale", "autoscaling", "v1", "Scale")
ALL = ("all",)

BUILT_IN = [
    Resource("", "v1", "namespaces", "Namespace", ("ns",), False),
    Resource("", "v1", "nodes", "Node", ("no",), False),
    Resource("", "v1", "persistentvolumes", "PersistentVolume", ("pv",), False),
    Resource("", "v1", "pods", "Pod", ("po",), True, (("eviction", "policy", "v1", "Eviction"),), ALL),
    Resource("", "v1", "services", "Service", ("svc",), True, (), ALL),
    Resource("", "v1", "configmaps", "ConfigMap", ("cm",)),
    Resource("", "v1", "secrets", "Secret"),
    Resource("", "v1", "serviceaccounts", "ServiceAccount", ("sa",)),
    Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", ("pvc",)),
    Resource("", "v1", "replicationcontrollers", "ReplicationController", ("rc",), True, (SCALE,), ALL),
    Resource("", "v1", "endpoints", "Endpoints", ("ep",)),
    Resource("", "v1", "events", "Event", ("ev",)),
    Resource("apps", "v1", "deployments", "Deployment", ("deploy",), True, (SCALE,), ALL),
    Resource("apps", "v1", "replicasets", "ReplicaSet", ("rs",), True, (SCALE,), ALL),
    Resource("apps", "v1", "statefulsets", "StatefulSet", ("sts",), True, (SCALE,), ALL),
    Resource("apps", "v1", "daemonsets", "DaemonSet", ("ds",), True, (), ALL),
    Resource("apps", "v1", "controllerrevisions", "ControllerRevision"),
    Resource("batch", "v1", "jobs", "Job", (), True, (), ALL),
    Resource("batch", "v1", "cronjobs", "CronJob", ("cj",), True, (), ALL),
    Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", ("pdb",)),
    Resource("networking.k8s.io", "v1", "ingresses", "Ingress", ("ing",)),
    Resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", ("sc",), False),
    Resource(
        "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition",
        ("crd", "crds"), False,
    ),
]


def of_definition(crd):
    """The resource that a CustomResourceDefinition object adds."""
    spec, names = crd["spec"], crd["spec"]["names"]
    version = next(v["name"] for v in spec["versions"] if v.get("served", True))
    return Resource(
        spec["group"], version, names["plural"], names["kind"],
        tuple(names.get("shortNames", ())), spec.get("scope", "Namespaced") == "Namespaced",
    )


def _groups(resources):
    """{(group, version): [resource]} in a stable order."""
    found = {}
    for res in resources:
        found.setdefault((res.group, res.version), []).append(res)
    return found


def _aggregated_resource(res):
    def kind(group, version, name):
        return {"group": group, "version": version, "kind": name}

    return {
        "resource": res.plural,
        "responseKind": kind(res.group, res.version, res.kind),
        "scope": "Namespaced" if res.namespaced else "Cluster",
        "singularResource": res.singular,
        "shortNames": list(res.short),
        "categories": list(res.categories),
        "verbs": VERBS,
        "subresources": [
            {
                "subresource": name,
                "responseKind": kind(group, version, sub_kind),
                "verbs": ["create"] if name == "eviction" else ["get", "patch", "update"],
            }
            for name, group, version, sub_kind in res.subs
        ],
    }


def aggregated(resources, core, version="v2"):
    """The answer to /api (core) or /apis with aggregated discovery."""
    items = {}
    for (group, ver), members in _groups(resources).items():
        if (group == "") == core:
            entry = {"version": ver, "freshness": "Current",
                     "resources": [_aggregated_resource(res) for res in members]}
            items.setdefault(group, []).append(entry)
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": [{"metadata": {"name": g, "creationTimestamp": None}, "versions": v} for g, v in items.items()],
    }


def api_groups(resources):
    """The answer to /apis as servers before 1.26 gave it."""
    groups = []
    for group, version in _groups(resources):
        if group:
            pref = {"groupVersion": f"{group}/{version}", "version": version}
            groups.append({"name": group, "versions": [pref], "preferredVersion": pref})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_resources(resources, group, version):
    """The answer to /api/v1 or /apis/GROUP/VERSION, or None when nothing is served there."""
    members = _groups(resources).get((group, version))
    if members is None:
        return None
    rows = []
    for res in members:
        rows.append({
            "name": res.plural, "singularName": res.singular, "namespaced": res.namespaced, "kind": res.kind,
            "verbs": VERBS, "shortNames": list(res.short), "categories": list(res.categories),
        })
        for name, sub_group, sub_version, sub_kind in res.subs:
            rows.append({
                "name": f"{res.plural}/{name}", "singularName": "", "namespaced": res.namespaced,
                "group": sub_group, "version": sub_version, "kind": sub_kind,
                "verbs": ["create"] if name == "eviction" else ["get", "patch", "update"],
            })
    gv = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": gv, "resources": rows}


def openapi_index(resources):
    """/openapi/v3: one document a group and version."""
    paths = {}
    for group, version in _groups(resources):
        where = f"apis/{group}/{version}" if group else f"api/{version}"
        paths[where] = {"serverRelativeURL": f"/openapi/v3/{where}?hash=standin"}
    return {"paths": paths}


def openapi_document(resources, group, version):
    """The least that makes kubectl trust the server with field validation and dry runs.

    No schema is given: kubectl then merges known kinds by the Go types it carries and custom
    kinds as JSON, as it does against servers without OpenAPI v3.
    """
    members = _groups(resources).get((group, version))
    if members is None:
        return None
    base = f"/apis/{group}/{version}" if group else f"/api/{version}"
    asked = [{"name": n, "in": "query", "schema": {"type": "string"}} for n in ("dryRun", "fieldValidation")]
    paths = {}
    for res in members:
        where = f"{base}/namespaces/{{namespace}}" if res.namespaced else base
        gvk = {"group": res.group, "version": res.version, "kind": res.kind}
        paths[f"{where}/{res.plural}/{{name}}"] = {
            verb: {"x-kubernetes-group-version-kind": gvk, "parameters": asked, "responses": {}}
            for verb in ("get", "put", "patch", "delete")
        }
    info = {"title": "stand-in", "version": "v1.32.4"}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}
