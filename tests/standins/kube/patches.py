"""The four patch types, as far as kubectl's own patches go."""

import copy

# The list fields that kubectl merges by a key, and by which; all other lists are replaced.
_KEYS = {
    "containers": "name", "initContainers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath",
    "imagePullSecrets": "name", "ports": ("containerPort", "port"), "ownerReferences": "uid", "conditions": "type",
}
_PLAIN_SETS = {"finalizers"}


class BadPatch(ValueError):
    """The patch does not apply; the server answers 422."""


def merge(target, patch):
    """RFC 7386: null removes, objects merge, all else replaces."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    out = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge(out.get(key), value)
    return out


def strategic(target, patch):
    """Merges maps, and lists of maps by their key; understands the `$` directives."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    if patch.get("$patch") == "replace":
        return {k: copy.deepcopy(v) for k, v in patch.items() if k != "$patch"}
    out = dict(target) if isinstance(target, dict) else {}
    if "$retainKeys" in patch:
        out = {k: v for k, v in out.items() if k in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.split("/", 1)[1]
            out[name] = [v for v in out.get(name) or [] if v not in value]
        elif key.startswith("$"):
            continue
        elif value is None:
            out.pop(key, None)
        elif isinstance(value, list):
            out[key] = _merge_list(key, out.get(key) or [], value)
        else:
            out[key] = strategic(out.get(key), value)
    return out


def _merge_list(field, old, new):
    if field in _PLAIN_SETS:
        return old + [v for v in new if v not in old]
    names = _KEYS.get(field)
    if names is None or not all(isinstance(v, dict) for v in old + new):
        return copy.deepcopy(new)
    if any(v.get("$patch") == "replace" for v in new):
        return [copy.deepcopy(v) for v in new if "$patch" not in v]
    names = (names,) if isinstance(names, str) else names
    id_of = lambda item: next((item[n] for n in names if n in item), None)
    out = list(old)
    for item in new:
        at = next((i for i, v in enumerate(out) if id_of(v) == id_of(item)), None)
        if item.get("$patch") == "delete":
            if at is not None:
                del out[at]
        elif at is None:
            out.append(strategic({}, item))
        else:
            out[at] = strategic(out[at], item)
    return out


def json_patch(target, operations):
    """RFC 6902."""
    doc = {"": copy.deepcopy(target)}
    for op in operations:
        path = _pointer(op["path"])
        kind = op["op"]
        if kind == "test":
            if _get(doc, path) != op.get("value"):
                raise BadPatch(f"testing path {op['path']} failed")
        elif kind == "remove":
            _remove(doc, path)
        elif kind in ("add", "replace"):
            if kind == "replace":
                _remove(doc, path)
            _add(doc, path, copy.deepcopy(op["value"]))
        elif kind in ("copy", "move"):
            value = copy.deepcopy(_get(doc, _pointer(op["from"])))
            if kind == "move":
                _remove(doc, _pointer(op["from"]))
            _add(doc, path, value)
        else:
            raise BadPatch(f"unexpected operation {kind!r}")
    return doc[""]


def _pointer(text):
    return [""] + [p.replace("~1", "/").replace("~0", "~") for p in text.split("/")[1:]]


def _step(doc, key):
    try:
        return doc[int(key)] if isinstance(doc, list) else doc[key]
    except (KeyError, IndexError, ValueError, TypeError) as fault:
        raise BadPatch(f"path does not exist: {key}") from fault


def _get(doc, path):
    for key in path:
        doc = _step(doc, key)
    return doc


def _remove(doc, path):
    parent = _get(doc, path[:-1])
    _step(parent, path[-1])
    del parent[int(path[-1]) if isinstance(parent, list) else path[-1]]


def _add(doc, path, value):
    parent = _get(doc, path[:-1])
    if isinstance(parent, list):
        parent.insert(len(parent) if path[-1] == "-" else int(path[-1]), value)
    else:
        parent[path[-1]] = value
