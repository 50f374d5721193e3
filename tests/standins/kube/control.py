"""The controls that tests turn: /_control, which is never logged.

POST /_control {"op": …}:
  set         {"recreate", "page", "linger", "plain_discovery", "version", "phase"}
  fault       one fault of faults.py      appear   one appearance of faults.py
  clear       no faults, no appearances
  create      {"object": whole object}    pod      {"pod": short form of fixture.py}
  workload    {"workload": short form}    delete   {"resource", "namespace", "name"}
  load        {"fixture": world}          reset    an empty store
GET /_control/objects?resource=R[&namespace=N]: the objects.
"""

from . import fixture
from .store import ApiError


def handle(server, method, path, query, body):
    """Answers one control request with (code, body)."""
    try:
        if method == "GET" and path == "/_control/objects":
            return 200, _objects(server.store, query)
        if method == "POST" and path == "/_control":
            return 200, _turn(server, body)
        return 404, {"error": f"no control {method} {path}"}
    except ApiError as fault:
        return fault.code, fault.status
    except (KeyError, TypeError, ValueError) as fault:
        return 400, {"error": f"{type(fault).__name__}: {fault}"}


def _objects(store, query):
    with store.lock:
        res = store.resource(query["resource"])
        if res is None:
            raise ValueError(f"no resource {query['resource']}")
        return store.all(res, query.get("namespace"))


def _turn(server, body):
    store, faults = server.store, server.faults
    entry = dict(body)
    op = entry.pop("op")
    if op == "set":
        unknown = set(entry) - set(store.settings)
        if unknown:
            raise ValueError(f"no setting {sorted(unknown)}")
        store.settings.update(entry)
    elif op == "fault":
        with faults.lock:
            faults.faults.append(entry)
    elif op == "appear":
        faults.appear(entry)
    elif op == "clear":
        faults.clear()
    elif op == "reset":
        with store.lock:
            store.clear()
    elif op == "load":
        fixture.load(store, entry["fixture"])
    elif op == "delete":
        with store.writing():
            res = store.resource(entry["resource"])
            store.delete(res, store.get(res, entry.get("namespace"), entry["name"]), {})
    elif op in ("create", "pod", "workload"):
        made = {"create": lambda o: o, "pod": fixture.pod, "workload": fixture.workload}[op]
        obj = made(entry["object" if op == "create" else op])
        with store.writing():
            return store.create(store.of_kind(obj), obj["metadata"].get("namespace"), obj)
    else:
        raise ValueError(f"no op {op!r}")
    return {}
