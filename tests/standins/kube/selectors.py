"""Label and field selectors, as the server reads them."""

import re

_REQUIREMENT = re.compile(
    r"\s*(?:"
    r"(?P<set>[^\s!=,()]+)\s+(?P<op>in|notin)\s*\((?P<values>[^)]*)\)"
    r"|(?P<eq>[^\s!=,()]+)\s*(?P<cmp>==|!=|=)\s*(?P<value>[^\s,()]*)"
    r"|(?P<not>!)\s*(?P<absent>[^\s!=,()]+)"
    r"|(?P<present>[^\s!=,()]+)"
    r")\s*(?:,|$)"
)


class BadSelector(ValueError):
    """The selector does not parse; the server answers 400."""


def _requirement(match):
    part = match.groupdict()
    if part["set"]:
        values = {v.strip() for v in part["values"].split(",")}
        inside = part["op"] == "in"
        # `notin` and `!=` also take what lacks the label.
        return lambda labels: (labels.get(part["set"]) in values) == inside
    if part["eq"]:
        equal = part["cmp"] != "!="
        return lambda labels: (labels.get(part["eq"]) == part["value"]) == equal
    if part["not"]:
        return lambda labels: part["absent"] not in labels
    return lambda labels: part["present"] in labels


def by_labels(text):
    """Returns a test of an object for a `labelSelector` parameter; blank selects all."""
    wanted, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _REQUIREMENT.match(text, at)
        if match is None:
            raise BadSelector(f"unable to parse requirement: {text[at:]!r}")
        wanted.append(_requirement(match))
        at = match.end()
    return lambda obj: all(test(obj["metadata"].get("labels") or {}) for test in wanted)


def by_spec(selector):
    """Returns a test of an object for a LabelSelector in a spec; None selects nothing."""
    if selector is None:
        return lambda obj: False
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for rule in selector.get("matchExpressions") or []:
        form = {"In": "{k} in ({v})", "NotIn": "{k} notin ({v})", "Exists": "{k}", "DoesNotExist": "!{k}"}
        parts.append(form[rule["operator"]].format(k=rule["key"], v=",".join(rule.get("values") or [])))
    return by_labels(",".join(parts))


_ALWAYS = {"metadata.name", "metadata.namespace"}
_FIELDS = {
    "pods": {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
             "status.phase", "status.podIP"},
    "nodes": {"spec.unschedulable"},
    "namespaces": {"status.phase"},
    "secrets": {"type"},
    "jobs": {"status.successful"},
    "replicasets": {"status.replicas"},
    "events": {"reason", "type", "involvedObject.name", "involvedObject.kind", "involvedObject.namespace",
               "involvedObject.uid"},
}


def _field(obj, path):
    for key in path.split("."):
        obj = (obj or {}).get(key)
    if isinstance(obj, bool):
        return str(obj).lower()
    return "" if obj is None else str(obj)


def by_fields(text, plural):
    """Returns a test of an object for a `fieldSelector`; a field the kind lacks is refused."""
    wanted = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        match = re.fullmatch(r"([^=!]+?)(==|!=|=)(.*)", part)
        if match is None:
            raise BadSelector(f"invalid selector: {part!r}; can't understand {part!r}")
        path, sign, value = match.groups()
        if path not in _ALWAYS and path not in _FIELDS.get(plural, ()):
            raise BadSelector(f"field label not supported: {path}")
        default = "false" if path == "spec.unschedulable" else ""
        wanted.append(lambda obj, p=path, s=sign, v=value, d=default: ((_field(obj, p) or d) == v) == (s != "!="))
    return lambda obj: all(test(obj) for test in wanted)
