"""What goes wrong on demand, and what happens between one request and the next.

A fault: {"resource": "pods" | "*", "verb": "list", "kind": KIND, …, "skip": 0, "times": N}.
Kinds: slow {seconds}, status {code}, endless, garbage, truncated. Verbs: list, get, watch,
create, update, patch, delete, deletecollection, evict, discovery.
An appearance: {"resource": "pods", "call": K, "create": [objects], "delete": [[namespace, name]…]}:
done when the K-th listing of that resource is answered (its last page), just before the client
reads it, so that whatever the client does next meets the changed world.
"""

import threading

REASONS = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 410: "Expired",
           429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}


class Faults:
    """The faults and appearances that are switched on, and how many listings were answered."""

    def __init__(self):
        self.lock = threading.Lock()
        self.clear()

    def clear(self):
        self.faults, self.appearances, self.answered = [], [], {}

    def take(self, verb, plural):
        """The fault that strikes this request, or None; counts it."""
        with self.lock:
            for fault in self.faults:
                if fault.get("verb", "list") != verb or fault.get("resource", "*") not in ("*", plural):
                    continue
                if fault.get("skip", 0) > 0:
                    fault["skip"] -= 1
                elif fault.get("times", 1) > 0:
                    if "times" in fault:
                        fault["times"] -= 1
                    return fault
        return None

    def appear(self, entry):
        """Plans an appearance; its `call` counts from now."""
        with self.lock:
            call = entry.get("call", 1) + self.answered.get(entry["resource"], 0)
            self.appearances.append(entry | {"call": call})

    def due(self, plural):
        """Counts an answered listing and returns the appearances whose moment it is."""
        with self.lock:
            self.answered[plural] = count = self.answered.get(plural, 0) + 1
            now = [a for a in self.appearances if a["resource"] == plural and count == a["call"]]
            self.appearances = [a for a in self.appearances if a not in now]
            return now
