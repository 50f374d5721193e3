"""Reads the one protobuf body that matters here: DeleteOptions, which `kubectl drain` sends.

The field numbers are those of k8s.io/apimachinery (runtime.Unknown, meta/v1 DeleteOptions).
"""

_MAGIC = b"k8s\x00"


def delete_options(raw):
    """DeleteOptions as the JSON would be, or None when the body is something else."""
    if not raw.startswith(_MAGIC):
        return None
    unknown = _fields(raw[len(_MAGIC):])
    if _fields(unknown.get(1, [b""])[0]).get(2) != [b"DeleteOptions"]:
        return None
    found = _fields(unknown.get(2, [b""])[0])
    out = {"kind": "DeleteOptions", "apiVersion": "v1"}
    if 1 in found:
        out["gracePeriodSeconds"] = found[1][0]
    if 2 in found:
        held = _fields(found[2][0])
        names = {1: "uid", 2: "resourceVersion"}
        out["preconditions"] = {names[n]: held[n][0].decode() for n in names if n in held}
    if 3 in found:
        out["orphanDependents"] = bool(found[3][0])
    if 4 in found and found[4][0]:
        out["propagationPolicy"] = found[4][0].decode()
    if 5 in found:
        out["dryRun"] = [value.decode() for value in found[5]]
    return out


def _fields(raw):
    """{field number: [values]} of a message."""
    found, at = {}, 0
    while at < len(raw):
        key, at = _varint(raw, at)
        if key & 7 == 0:
            value, at = _varint(raw, at)
        elif key & 7 == 2:
            size, at = _varint(raw, at)
            value, at = raw[at:at + size], at + size
        else:
            raise ValueError(f"wire type {key & 7}")
        found.setdefault(key >> 3, []).append(value)
    return found


def _varint(raw, at):
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
