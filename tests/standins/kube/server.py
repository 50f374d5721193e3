"""The wire: HTTP, the request log, watches, faults as the client sees them, and the controls.

The log holds two JSON lines a request: {"id", "phase": "request", method, path, query, body, …}
written and flushed BEFORE anything is done, then {"id", "phase": "done", status, effects}, before
the client can read the answer (a stream has its second line when it ends).
"""

import itertools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from . import control, protobuf
from .api import Api, Request, not_found, place, verb
from .faults import REASONS, Faults
from .store import ApiError, Store


class Standin(ThreadingHTTPServer):
    """The server with its store, faults and log."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port, log_path):
        super().__init__(("127.0.0.1", port), Handler)
        self.store, self.faults = Store(), Faults()
        self.api = Api(self.store, self.faults)
        self.log_file = open(log_path, "a", encoding="utf-8") if log_path else None
        self.log_lock, self.ids = threading.Lock(), itertools.count(1)

    def log(self, entry):
        if self.log_file:
            with self.log_lock:
                self.log_file.write(json.dumps(entry) + "\n")
                self.log_file.flush()

    def handle_error(self, request, client_address):
        """A client that goes away is no fault of the server's."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    number = None

    def log_message(self, *args):
        """Says nothing: the log is a file."""

    def handle_any(self):
        url = urlsplit(self.path)
        raw = self._body()
        body = self._read(raw)
        if url.path.startswith("/_control"):
            code, out = control.handle(self.server, self.command, url.path, dict(parse_qsl(url.query)), body)
            return self._send(code, out)
        accept, kind = self.headers.get("Accept", ""), self.headers.get("Content-Type", "")
        request = Request(self.command, unquote(url.path), dict(parse_qsl(url.query, keep_blank_values=True)), accept, kind, body)
        self.number = number = next(self.server.ids)
        self.server.log({
            "id": number, "phase": "request", "method": request.method, "path": request.path, "query": request.query,
            "body": body, "content_type": kind, "accept": accept, "agent": self.headers.get("User-Agent", ""),
            "as": self.headers.get("Impersonate-User"),
        })
        status = self._serve(request)
        if self.number is not None:
            self._done(status)
        return None

    def _done(self, status, effects=()):
        """Writes the second line, once."""
        self.server.log({"id": self.number, "phase": "done", "status": status, "effects": list(effects)})
        self.number = None

    def _body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        raw = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            raw += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return raw

    @staticmethod
    def _read(raw):
        """The body as a value: JSON, DeleteOptions, or text that nothing understands."""
        try:
            return protobuf.delete_options(raw) or (json.loads(raw) if raw else None)
        except (ValueError, IndexError):
            return raw.decode("utf-8", "replace")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def _serve(self, request):
        """Answers, and returns the status."""
        try:
            if request.method == "GET":
                document = self.server.api.document(request)
                if document is not None:
                    self._strike(self.server.faults.take("discovery", "*"))
                    return self._send(200, document, self._discovery_type(document))
            at = place(self.server.store, request.path)
            struck = self._strike(self.server.faults.take(verb(request, at), at.res.plural))
            if struck is not None:
                return struck
            answer = self.server.api.answer(request, at)
            if answer.watch is not None:
                return self._watch(request, answer.watch)
            return self._send(answer.code, answer.body, effects=answer.effects)
        except ApiError as fault:
            return self._send(fault.code, fault.status)
        except (BrokenPipeError, ConnectionResetError):
            return 0

    @staticmethod
    def _discovery_type(document):
        kind, group = document.get("kind"), document.get("apiVersion", "")
        if kind == "APIGroupDiscoveryList":
            return f"application/json;g=apidiscovery.k8s.io;v={group.split('/')[1]};as=APIGroupDiscoveryList"
        return "application/json"

    def _send(self, code, body, kind="application/json", effects=()):
        if self.number is not None:
            self._done(code, effects)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
        self.wfile.flush()
        return code

    # -- faults ---------------------------------------------------------------------------------

    def _strike(self, fault):
        """Does a fault; returns the status when that was the whole answer."""
        if fault is None:
            return None
        kind = fault["kind"]
        if kind == "slow":
            time.sleep(fault["seconds"])
            return None
        if kind == "status":
            code = fault["code"]
            message = fault.get("message", "the stand-in was told to refuse")
            raise ApiError(code, REASONS.get(code, "Unknown"), message)
        if kind == "garbage":
            return self._send(200, b"\x00\xff<html>not what you asked for")
        if kind == "truncated":
            return self._cut_short()
        return self._endless()

    def _head(self, *headers):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def _cut_short(self):
        self._head(("Content-Length", "100000"))
        self.wfile.write(b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"web-0"')
        self.wfile.flush()
        self.close_connection = True
        return 200

    def _endless(self):
        self._head(("Transfer-Encoding", "chunked"))
        self._chunk(b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[')
        for number in itertools.count():
            meta = {"name": f"endless-{number}", "namespace": "shop", "uid": f"endless-{number}"}
            self._chunk(json.dumps({"metadata": meta}).encode() + b",")
            time.sleep(0.01)
        return 200

    def _chunk(self, raw):
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
        self.wfile.flush()

    # -- watches --------------------------------------------------------------------------------

    def _watch(self, request, watch):
        """Streams events until the client goes, or its time is up."""
        store, at, test = self.server.store, watch["at"], watch["test"]
        until = time.monotonic() + min(int(request.query.get("timeoutSeconds", 300)), 300)
        self._head(("Transfer-Encoding", "chunked"))
        self.wfile.flush()
        asked = int(request.query.get("resourceVersion") or 0)
        with store.lock:
            seen = asked or store.version
            first = [] if asked else [(0, "ADDED", "", o) for o in store.all(at.res, at.namespace) if test(o)]
        while time.monotonic() < until:
            for _, event, _, obj in first:
                self._chunk(json.dumps({"type": event, "object": obj}).encode() + b"\n")
            with store.lock:
                store.lock.wait_for(lambda: store.version > seen, timeout=1)
                first = [e for e in store.events if e[0] > seen and e[2] == at.res.qualified and test(e[3])]
                seen = max(seen, store.version)
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
        return 200
