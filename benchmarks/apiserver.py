"""A server of list pages from files, fast enough not to be what is measured.

    python -m benchmarks.apiserver PODS [OWNERS]    prints its port, serves until its input ends

Without OWNERS it knows pods and namespaces only. Each page gets the token of the next; every pod
gets managed fields, as a real server sends them.
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.generate import TEAMS

MANAGED = json.dumps(
    [
        {
            "manager": manager,
            "operation": "Update",
            "apiVersion": "v1",
            "time": "2026-03-01T12:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:metadata": {"f:labels": {".": {}, "f:app": {}, "f:team": {}}},
                "f:spec": {f"f:field{number}": {} for number in range(30)},
            },
        }
        for manager in ("kube-controller-manager", "kubelet")
    ],
    separators=(",", ":"),
).encode()
_CORE = (("Pod", "pods", "Namespaced"), ("Namespace", "namespaces", "Cluster"))
_APPS = (
    ("ReplicaSet", "replicasets", "Namespaced"),
    ("Deployment", "deployments", "Namespaced"),
)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def discovery(group: str, kinds: tuple[tuple[str, str, str], ...]) -> bytes:
    """One group and nothing else."""
    resources = [
        {
            "resource": resource,
            "responseKind": {"kind": kind},
            "scope": scope,
            "verbs": ["list", "get"],
        }
        for kind, resource, scope in kinds
    ]
    version = {"version": "v1", "freshness": "Current", "resources": resources}
    found = {"metadata": {"name": group}, "versions": [version]}
    return _json({"kind": "APIGroupDiscoveryList", "items": [found] if kinds else []})


def namespaces() -> bytes:
    """Those of the pods."""
    items = [{"metadata": {"name": team, "uid": f"uid-{team}", "labels": {}}} for team in TEAMS]
    return _json({"kind": "NamespaceList", "apiVersion": "v1", "metadata": {}, "items": items})


def fixed(*, apps: bool) -> dict[str, bytes]:
    """Answers that are no pages."""
    return {
        "/version": _json({"gitVersion": "v1.37.0"}),
        "/api": discovery("", _CORE),
        "/apis": discovery("apps", _APPS if apps else ()),
        "/api/v1/namespaces/kube-system": _json({"metadata": {"uid": "bench"}}),
        "/api/v1/namespaces": namespaces(),
    }


def page(path: Path, number: int, last: int) -> bytes:
    """One page with its token, its pods as a server sends them."""
    text = path.read_bytes().replace(
        b'{"metadata":{"name":', b'{"metadata":{"managedFields":' + MANAGED + b',"name":'
    )
    token = b'"99","continue":"%d"' % (number + 1) if number < last else b'"99"'
    return text.replace(b'"99"', token, 1)


def main(folder: str, owners: str = "") -> None:
    """Serve until standard input ends."""
    answers = fixed(apps=bool(owners))
    paged = {"/api/v1/pods": sorted(Path(folder).glob("page-*.json"))}
    for _, resource, _ in _APPS if owners else ():
        paged[f"/apis/apps/v1/{resource}"] = sorted(Path(owners).glob(f"{resource}-*.json"))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def answer(self, body: bytes, code: int = 200) -> None:
            self.send_response(code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if pages := paged.get(parts.path):
                number = int(parse_qs(parts.query).get("continue", ["0"])[0])
                self.answer(page(pages[number], number, len(pages) - 1))
            elif parts.path in answers:
                self.answer(answers[parts.path])
            else:
                self.answer(b'{"kind":"Status","message":"not found"}', 404)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.answer(b'{"status":{"userInfo":{"username":"bench"}}}', 201)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
