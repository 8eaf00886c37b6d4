"""A server of list pages from files, fast enough not to be what is measured.

    python -m benchmarks.apiserver PODS [OWNERS]    prints its port, serves until its input ends

Of what every server has besides pods, namespaces and, with OWNERS, what owns the pods, its lists
are empty. Each page gets the token of the next; every pod gets managed fields, as a real server
sends them.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterable
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
_GROUPS = {
    "v1": {
        "Pod": "pods",
        "Namespace": "namespaces",
        "Node": "nodes",
        "PersistentVolume": "persistentvolumes",
        "PersistentVolumeClaim": "persistentvolumeclaims",
        "Service": "services",
        "LimitRange": "limitranges",
        "ReplicationController": "replicationcontrollers",
        "ResourceQuota": "resourcequotas",
        "ServiceAccount": "serviceaccounts",
    },
    "apps/v1": {
        "ReplicaSet": "replicasets",
        "Deployment": "deployments",
        "DaemonSet": "daemonsets",
        "StatefulSet": "statefulsets",
    },
    "batch/v1": {"CronJob": "cronjobs", "Job": "jobs"},
    "networking.k8s.io/v1": {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"},
    "rbac.authorization.k8s.io/v1": {
        "ClusterRole": "clusterroles",
        "ClusterRoleBinding": "clusterrolebindings",
        "Role": "roles",
        "RoleBinding": "rolebindings",
    },
}
"""What every server has: kinds by group and version, and what their lists are called."""
_OF_THE_CLUSTER = frozenset(
    {"Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding"}
)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def discovery(groups: Iterable[str]) -> bytes:
    """Groups with their kinds, and nothing else."""
    found = []
    for api_version in groups:
        group, _, version = api_version.rpartition("/")
        resources = [
            {
                "resource": resource,
                "responseKind": {"kind": kind},
                "scope": "Cluster" if kind in _OF_THE_CLUSTER else "Namespaced",
                "verbs": ["list", "get"],
            }
            for kind, resource in _GROUPS[api_version].items()
        ]
        served = {"version": version, "freshness": "Current", "resources": resources}
        found.append({"metadata": {"name": group}, "versions": [served]})
    return _json({"kind": "APIGroupDiscoveryList", "items": found})


def namespaces() -> bytes:
    """Those of the pods."""
    items = [{"metadata": {"name": team, "uid": f"uid-{team}", "labels": {}}} for team in TEAMS]
    return _json({"kind": "NamespaceList", "apiVersion": "v1", "metadata": {}, "items": items})


def fixed() -> dict[str, bytes]:
    """Answers that are no pages."""
    answers = {
        "/version": _json({"gitVersion": "v1.37.0"}),
        "/api": discovery(["v1"]),
        "/apis": discovery(name for name in _GROUPS if name != "v1"),
        "/api/v1/namespaces/kube-system": _json({"metadata": {"uid": "bench"}}),
    }
    for api_version, kinds in _GROUPS.items():
        for kind, resource in kinds.items():
            empty = {"kind": f"{kind}List", "apiVersion": api_version, "metadata": {}, "items": []}
            answers[f"{root(api_version)}/{resource}"] = _json(empty)
    return {**answers, "/api/v1/namespaces": namespaces()}


def root(api_version: str) -> str:
    """Where the lists of a group and version are."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def page(path: Path, number: int, last: int) -> bytes:
    """One page with its token, its pods as a server sends them."""
    text = path.read_bytes().replace(
        b'{"metadata":{"name":', b'{"metadata":{"managedFields":' + MANAGED + b',"name":'
    )
    token = b'"99","continue":"%d"' % (number + 1) if number < last else b'"99"'
    return text.replace(b'"99"', token, 1)


def main(folder: str, owners: str = "") -> None:
    """Serve until standard input ends."""
    answers = fixed()
    paged = {"/api/v1/pods": sorted(Path(folder).glob("page-*.json"))}
    for resource in ("replicasets", "deployments") if owners else ():
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
