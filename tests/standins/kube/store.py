"""The state: objects in memory, versions, events, and the laws of writing and deleting.

Objects are never changed in place: a write puts a new one. That makes a snapshot cheap, and a
dry run is the real thing between a snapshot and its restoration.
"""

import copy
import threading
import uuid
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from . import resources, workloads

KEPT_NAMESPACES = {"default", "kube-system", "kube-public"}


class ApiError(Exception):
    """An answer that is not a success: a Status with its HTTP code."""

    def __init__(self, code, reason, message, details=None):
        super().__init__(message)
        self.code = code
        self.status = {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "details": details or {}, "code": code,
        }


def timestamp(age=0):
    """The time `age` seconds ago, as the server writes it."""
    return (datetime.now(timezone.utc) - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """All objects by resource name and (namespace, name)."""

    def __init__(self):
        self.lock = threading.Condition(threading.RLock())
        self.settings = {"recreate": False, "page": 0, "linger": 0, "plain_discovery": False, "phase": "Running", "version": "v1.32.4"}
        self.clear()

    def clear(self):
        self.objects, self.events, self.effects = {}, [], []
        self.version, self.born, self.loading = 1000, 0, False

    # -- what there is ---------------------------------------------------------------------

    def resources(self):
        """The built-in kinds and those of the definitions in the store."""
        crds = self.objects.get("customresourcedefinitions.apiextensions.k8s.io", {})
        return resources.BUILT_IN + [resources.of_definition(crd) for crd in crds.values()]

    def resource(self, plural, group=None, version=None):
        """The resource of that name, or None."""
        for res in self.resources():
            if plural in (res.plural, res.qualified) and group in (None, res.group) and version in (None, res.version):
                return res
        return None

    def of_kind(self, obj):
        """The resource that an object's apiVersion and kind name."""
        for res in self.resources():
            if (res.api_version, res.kind) == (obj["apiVersion"], obj["kind"]):
                return res
        raise ApiError(404, "NotFound", f"no kind {obj['kind']} in {obj['apiVersion']}")

    def all(self, res, namespace=None):
        """The objects of a resource in key order, of one namespace or of all."""
        held = self.objects.get(res.qualified, {})
        return [held[key] for key in sorted(held) if not namespace or key[0] == namespace]

    def get(self, res, namespace, name):
        found = self.objects.get(res.qualified, {}).get((namespace or "", name))
        if found is None:
            message = f'{res.qualified} "{name}" not found'
            raise ApiError(404, "NotFound", message, {"name": name, "group": res.group, "kind": res.plural})
        return found

    def by_uid(self, uid):
        """(resource, object) of that uid, or None."""
        for res in self.resources():
            for obj in self.objects.get(res.qualified, {}).values():
                if obj["metadata"]["uid"] == uid:
                    return res, obj
        return None

    # -- one request at a time ---------------------------------------------------------------

    @contextmanager
    def writing(self, dry_run=False):
        """Holds the lock for one write; yields the list its effects are noted in."""
        with self.lock:
            before = ({k: dict(v) for k, v in self.objects.items()}, len(self.events), self.version, self.born)
            self.effects = effects = []
            done = False
            try:
                yield effects
                done = True
            finally:
                if dry_run or not done:
                    self.objects, events, self.version, self.born = before
                    del self.events[events:]
                    effects.clear()
                self.lock.notify_all()

    def put(self, res, obj, event):
        """Stores a new version of an object and tells the watchers."""
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        self.objects.setdefault(res.qualified, {})[key] = obj
        self._note(event, res, obj)
        return obj

    def _note(self, event, res, obj):
        self.events.append((self.version, event, res.qualified, obj))
        meta = obj["metadata"]
        effect = {"event": event, "resource": res.qualified, "namespace": meta.get("namespace", "")}
        self.effects.append(effect | {"name": meta["name"], "uid": meta["uid"]})

    # -- writes --------------------------------------------------------------------------------

    def create(self, res, namespace, obj):
        obj = copy.deepcopy(obj)
        meta = obj.setdefault("metadata", {})
        self.born += 1
        if not meta.get("name"):
            if not meta.get("generateName"):
                raise ApiError(422, "Invalid", f"{res.kind} is invalid: metadata.name: Required value")
            meta["name"] = f"{meta['generateName']}{self.born:05d}"
        meta.pop("namespace", None)
        if res.namespaced:
            meta["namespace"] = namespace or "default"
            self.get(resources.BUILT_IN[0], "", meta["namespace"])
        if (meta.get("namespace", ""), meta["name"]) in self.objects.get(res.qualified, {}):
            message = f'{res.qualified} "{meta["name"]}" already exists'
            raise ApiError(409, "AlreadyExists", message, {"name": meta["name"], "kind": res.plural})
        obj["apiVersion"], obj["kind"] = res.api_version, res.kind
        meta["uid"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"stand-in/{self.born}"))
        meta.setdefault("creationTimestamp", timestamp())
        meta["generation"] = 1
        workloads.defaults(self, res, obj)
        self.put(res, obj, "ADDED")
        workloads.reconcile(self, res, obj)
        return self.get(res, meta.get("namespace"), meta["name"])

    def replace(self, res, old, new):
        """Puts `new` in place of `old`, keeping what the server alone decides."""
        new = copy.deepcopy(new)
        was, meta = old["metadata"], new.setdefault("metadata", {})
        for field in ("resourceVersion", "uid"):
            if meta.get(field) and meta[field] != was[field]:
                self._conflict(res, was["name"], field, meta[field], was[field])
        if meta.get("name", was["name"]) != was["name"]:
            raise ApiError(400, "BadRequest", f"the name of the object ({meta['name']}) does not match the URL")
        for field in ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "resourceVersion"):
            meta.pop(field, None)
            if field in was:
                meta[field] = was[field]
        new["apiVersion"], new["kind"] = res.api_version, res.kind
        if "status" in old:
            new.setdefault("status", old["status"])
        changed = new.get("spec") != old.get("spec")
        meta["generation"] = was.get("generation", 1) + changed
        if new == old:
            return old
        self.put(res, new, "MODIFIED")
        if meta.get("deletionTimestamp") and not meta.get("finalizers"):
            self._remove(res, new, orphan=False)
        elif changed:
            workloads.reconcile(self, res, new)
        return new

    def _conflict(self, res, name, field, given, found):
        field = {"uid": "UID", "resourceVersion": "ResourceVersion"}[field]
        message = (
            f'Operation cannot be fulfilled on {res.qualified} "{name}": the object has been modified; please '
            f"apply your changes to the latest version and try again (Precondition failed: {field} in "
            f"precondition: {given}, {field} in object meta: {found})"
        )
        raise ApiError(409, "Conflict", message, {"name": name, "kind": res.plural})

    # -- deletes -------------------------------------------------------------------------------

    def delete(self, res, obj, options):
        """Deletes as DeleteOptions say; returns the answer's body."""
        meta = obj["metadata"]
        for field, value in (options.get("preconditions") or {}).items():
            if value is not None and meta[field] != value:
                self._conflict(res, meta["name"], field, value, meta[field])
        if res.plural == "namespaces" and meta["name"] in KEPT_NAMESPACES:
            message = f'namespaces "{meta["name"]}" is forbidden: this namespace may not be deleted'
            raise ApiError(403, "Forbidden", message, {"name": meta["name"], "kind": res.plural})
        orphan = options.get("propagationPolicy") == "Orphan" or options.get("orphanDependents") is True
        lingers = self.settings["linger"] and res.plural == "pods" and options.get("gracePeriodSeconds") != 0
        if meta.get("finalizers") or lingers:
            going = copy.deepcopy(obj)
            going["metadata"]["deletionTimestamp"] = timestamp()
            going["metadata"]["deletionGracePeriodSeconds"] = options.get("gracePeriodSeconds", 30)
            self.put(res, going, "MODIFIED")
            if not meta.get("finalizers"):
                threading.Timer(self.settings["linger"], self._expire, (res, meta["uid"])).start()
            return going
        self._remove(res, obj, orphan)
        if res.plural == "pods":
            return obj
        details = {"name": meta["name"], "group": res.group, "kind": res.plural, "uid": meta["uid"]}
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}

    def _expire(self, res, uid):
        with self.writing():
            found = self.by_uid(uid)
            if found is not None:
                self._remove(res, found[1], orphan=False)

    def _remove(self, res, obj, orphan):
        meta = obj["metadata"]
        if self.objects[res.qualified].pop((meta.get("namespace", ""), meta["name"]), None) is None:
            return
        self.version += 1
        gone = copy.deepcopy(obj)
        gone["metadata"]["resourceVersion"] = str(self.version)
        self._note("DELETED", res, gone)
        for dep_res, dep in self._dependents(res, obj):
            if orphan:
                self._disown(dep_res, dep, meta["uid"])
            else:
                self._remove(dep_res, dep, orphan=False)
        if self.settings["recreate"]:
            owner = self.by_uid(workloads.controller_uid(obj))
            if owner is not None:
                workloads.reconcile(self, *owner)

    def _dependents(self, res, obj):
        """What goes with an object: what it owns alone, holds (namespace, node) or defines (CRD)."""
        meta, found = obj["metadata"], []
        defined = resources.of_definition(obj).qualified if res.plural == "customresourcedefinitions" else None
        for other in self.resources() + ([resources.of_definition(obj)] if defined else []):
            for dep in self.all(other):
                owners = dep["metadata"].get("ownerReferences") or []
                owned = any(o["uid"] == meta["uid"] for o in owners)
                alone = not any(self.by_uid(o["uid"]) for o in owners if o["uid"] != meta["uid"])
                inside = res.plural == "namespaces" and dep["metadata"].get("namespace") == meta["name"]
                ran = res.plural == "nodes" and (dep.get("spec") or {}).get("nodeName") == meta["name"]
                if (owned and alone) or inside or ran or other.qualified == defined:
                    found.append((other, dep))
        return found

    def _disown(self, res, obj, uid):
        freed = copy.deepcopy(obj)
        kept = [o for o in freed["metadata"]["ownerReferences"] if o["uid"] != uid]
        freed["metadata"]["ownerReferences"] = kept
        self.put(res, freed, "MODIFIED")
