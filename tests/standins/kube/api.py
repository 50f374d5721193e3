"""What each request means: a path, a verb and a body in, an answer out. No sockets here."""

import base64
import copy
import json
from dataclasses import dataclass, field

from . import patches, resources, selectors, tables, workloads
from .store import ApiError

YES = {"true", "1"}


@dataclass
class Request:
    """One request; `query` holds the last value of each parameter."""

    method: str
    path: str
    query: dict
    accept: str = ""
    content_type: str = ""
    body: object = None


@dataclass
class Place:
    """What a resource path points at."""

    res: resources.Resource
    namespace: str
    name: str = ""
    sub: str = ""


@dataclass
class Answer:
    """A status and a body; a watch carries where it starts instead."""

    code: int
    body: object
    watch: dict = None
    effects: list = field(default_factory=list)


def not_found():
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def place(store, path):
    """Reads a resource path; raises 404 when nothing is served there."""
    parts = [p for p in path.split("/") if p]
    if parts[:1] == ["api"] and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise not_found()
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    res = store.resource(rest[0], group, version)
    if res is None or len(rest) > 3:
        raise not_found()
    name, sub = (rest[1:] + ["", ""])[:2]
    if sub not in ("", "status", *(known[0] for known in res.subs)):
        raise not_found()
    return Place(res, namespace, name, sub)


def verb(request, at):
    """The verb as authorisation would name it; evictions have their own."""
    if at.sub == "eviction":
        return "evict"
    if request.method == "GET":
        if request.query.get("watch") in YES:
            return "watch"
        return "get" if at.name else "list"
    if request.method == "DELETE":
        return "delete" if at.name else "deletecollection"
    return {"POST": "create", "PUT": "update", "PATCH": "patch"}[request.method]


class Api:
    """Answers requests from a store."""

    def __init__(self, store, faults):
        self.store, self.faults = store, faults
        self.pages = {}

    # -- documents -----------------------------------------------------------------------------

    def document(self, request):
        """Discovery, version and OpenAPI; None when the path is a resource's."""
        found = self.store.resources()
        parts = [p for p in request.path.split("/") if p]
        if request.path in ("/api", "/apis"):
            return self._discovery(request, found)
        if parts[:1] == ["api"] and len(parts) == 2:
            return resources.api_resources(found, "", parts[1])
        if parts[:1] == ["apis"] and len(parts) == 3:
            return resources.api_resources(found, parts[1], parts[2])
        if request.path == "/version":
            version = self.store.settings["version"]
            major, minor = version.lstrip("v").split(".")[:2]
            return {"major": major, "minor": minor, "gitVersion": version, "platform": "linux/amd64"}
        if request.path == "/openapi/v3":
            return resources.openapi_index(found)
        if parts[:2] == ["openapi", "v3"]:
            where = parts[2:]
            group, version = ("", where[1]) if where[0] == "api" else (where[1], where[2])
            return resources.openapi_document(found, group, version)
        return None

    def _discovery(self, request, found):
        core = request.path == "/api"
        if "apidiscovery" in request.accept and not self.store.settings["plain_discovery"]:
            return resources.aggregated(found, core, "v2" if "v=v2;" in request.accept else "v2beta1")
        if core:
            return {"kind": "APIVersions", "versions": ["v1"]}
        return resources.api_groups(found)

    # -- resources -----------------------------------------------------------------------------

    def answer(self, request, at):
        """Does what a resource request asks; raises ApiError."""
        what = verb(request, at)
        if isinstance(request.body, str):
            raise ApiError(415, "UnsupportedMediaType", "the stand-in reads JSON, and DeleteOptions in protobuf")
        try:
            if what == "list":
                return self._list(request, at)
            if what == "watch":
                return Answer(200, None, watch={"at": at, "test": self._test(request, at)})
            if what == "get":
                with self.store.lock:
                    obj = self.store.get(at.res, at.namespace, at.name)
                    return Answer(200, self._shown(request, at, obj))
            return self._write(request, at, what)
        except selectors.BadSelector as fault:
            raise ApiError(400, "BadRequest", str(fault)) from fault
        except patches.BadPatch as fault:
            raise ApiError(422, "Invalid", str(fault)) from fault

    def _test(self, request, at):
        by_label = selectors.by_labels(request.query.get("labelSelector", ""))
        by_field = selectors.by_fields(request.query.get("fieldSelector", ""), at.res.plural)
        inside = lambda obj: not at.namespace or obj["metadata"].get("namespace") == at.namespace
        return lambda obj: inside(obj) and by_label(obj) and by_field(obj)

    def _list(self, request, at):
        with self.store.lock:
            token = request.query.get("continue")
            if token:
                rest, version = self._resume(token)
            else:
                test, version = self._test(request, at), self.store.version
                rest = [o for o in self.store.all(at.res, at.namespace) if test(o)]
            meta = {"resourceVersion": str(version)}
            limit = int(request.query.get("limit", 0))
            cap = self.store.settings["page"]
            size = (min(limit, cap) if cap else limit) or len(rest)
            page, rest = rest[:size], rest[size:]
            if rest:
                meta["continue"] = self._remember(rest, version)
            shape = tables.table if tables.wants_table(request.accept) else tables.listing
            body = copy.deepcopy(shape(self.store, at.res, page, meta))
            effects = [] if rest else self._appear(at.res)
        return Answer(200, body, effects=effects)

    def _remember(self, rest, version):
        token = base64.urlsafe_b64encode(json.dumps({"v": version, "page": len(self.pages)}).encode()).decode()
        self.pages[token] = (rest, version)
        return token

    def _resume(self, token):
        if token not in self.pages or self.faults.take("continue", "*"):
            raise ApiError(410, "Expired", "The provided continue parameter is too old to display a consistent list result.")
        return self.pages[token]

    def _appear(self, res):
        """Carries out the appearances that wait for this listing."""
        done = []
        for entry in self.faults.due(res.plural):
            with self.store.writing() as effects:
                for obj in entry.get("create", ()):
                    self.store.create(self.store.of_kind(obj), obj["metadata"].get("namespace"), obj)
                for namespace, name in entry.get("delete", ()):
                    target = self.store.get(res, namespace, name)
                    self.store.delete(res, target, {})
                done += effects
        return done

    def _shown(self, request, at, obj):
        if at.sub == "scale":
            return self._scale_of(at, obj)
        if tables.wants_table(request.accept):
            meta = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            return tables.table(self.store, at.res, [obj], meta)
        return workloads.present(self.store, at.res, obj)

    # -- writes --------------------------------------------------------------------------------

    def _write(self, request, at, what):
        body = request.body if isinstance(request.body, (dict, list)) else {}
        options = body if what in ("delete", "deletecollection") else {}
        if what == "evict":
            options = body.get("deleteOptions") or {}
        dry = request.query.get("dryRun") or options.get("dryRun")
        with self.store.writing(dry_run=bool(dry)) as effects:
            code, out = getattr(self, f"_{what}")(request, at, body, options)
            done = [] if dry else list(effects)
            return Answer(code, copy.deepcopy(out), effects=done)

    def _create(self, request, at, body, options):
        obj = self.store.create(at.res, at.namespace, body)
        return 201, self._shown(request, at, obj)

    def _update(self, request, at, body, options):
        old = self.store.get(at.res, at.namespace, at.name)
        if at.sub == "scale":
            body = self._scaled(old, body)
        return 200, self._shown(request, at, self.store.replace(at.res, old, body))

    def _patch(self, request, at, body, options):
        kind = request.content_type.split(";")[0].strip()
        applying = kind == "application/apply-patch+yaml"
        try:
            old = self.store.get(at.res, at.namespace, at.name)
        except ApiError:
            if not applying:
                raise
            return self._create(request, at, body | {"metadata": body["metadata"] | {"name": at.name}}, options)
        shown = copy.deepcopy(self._scale_of(at, old) if at.sub == "scale" else old)
        if kind == "application/json-patch+json":
            new = patches.json_patch(shown, body)
        elif kind == "application/merge-patch+json":
            new = patches.merge(shown, body)
        else:
            new = patches.strategic(shown, body)
        if at.sub == "scale":
            new = self._scaled(old, new)
        return 200, self._shown(request, at, self.store.replace(at.res, old, new))

    def _delete(self, request, at, body, options):
        obj = self.store.get(at.res, at.namespace, at.name)
        return 200, self.store.delete(at.res, obj, self._options(request, options))

    def _deletecollection(self, request, at, body, options):
        test = self._test(request, at)
        gone = [o for o in self.store.all(at.res, at.namespace) if test(o)]
        for obj in gone:
            self.store.delete(at.res, obj, self._options(request, options))
        return 200, tables.listing(self.store, at.res, gone, {})

    @staticmethod
    def _options(request, options):
        found = dict(options)
        for key in ("propagationPolicy", "gracePeriodSeconds", "orphanDependents"):
            if key in request.query:
                value = request.query[key]
                found.setdefault(key, int(value) if value.isdigit() else value)
        return found

    def _evict(self, request, at, body, options):
        pod = self.store.get(at.res, at.namespace, at.name)
        if workloads.healthy(pod):
            for budget in self.store.all(self.store.resource("poddisruptionbudgets"), at.namespace):
                if selectors.by_spec(budget["spec"].get("selector"))(pod):
                    self._hold(budget)
        self.store.delete(at.res, pod, options)
        return 201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}

    def _hold(self, budget):
        """Refuses when the budget has nothing left."""
        status = workloads.budget_status(self.store, budget)
        if status["disruptionsAllowed"] <= 0:
            name = budget["metadata"]["name"]
            cause = (f"The disruption budget {name} needs {status['desiredHealthy']} healthy pods and has "
                     f"{status['currentHealthy']} currently")
            details = {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
            message = "Cannot evict pod as it would violate the pod's disruption budget."
            raise ApiError(429, "TooManyRequests", message, details)

    @staticmethod
    def _scale_of(at, obj):
        meta = {k: obj["metadata"][k] for k in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")}
        count = obj["spec"].get("replicas", 0)
        return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": meta, "spec": {"replicas": count},
                "status": {"replicas": count}}

    @staticmethod
    def _scaled(old, scale):
        meta = dict(old["metadata"])
        given = (scale.get("metadata") or {}).get("resourceVersion")
        if given:
            meta["resourceVersion"] = given
        return old | {"metadata": meta, "spec": old["spec"] | {"replicas": scale["spec"].get("replicas", 0)}}
