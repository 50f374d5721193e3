#!/usr/bin/env python3
"""Starts the stand-in for a Kubernetes API server and prints its port when it is ready.

    python3 tests/standins/kube_api.py --port 0 --log requests.jsonl --fixture kube/shop.json
"""

import argparse
import json
import os
import sys
import threading

sys.dont_write_bytecode = True

from kube import fixture  # noqa: E402
from kube.server import Standin  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--log", help="file that gets two JSON lines a request")
    parser.add_argument("--fixture", help="JSON file to load; see kube/fixture.py")
    parser.add_argument("--with-parent", action="store_true", help="end when stdin is closed")
    args = parser.parse_args()
    server = Standin(args.port, args.log)
    if args.fixture:
        with open(args.fixture, encoding="utf-8") as file:
            fixture.load(server.store, json.load(file))
    if args.with_parent:
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
    print(server.server_port, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
