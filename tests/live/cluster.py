"""A real cluster to be scanned: the example estate in an API server that writes an audit log."""

from __future__ import annotations

import functools
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from auditor.analysis.gpu.naming import REFERENCES
from auditor.analysis.namespaces import OTHER_POLICIES
from auditor.evidence.blocks import BlockReader
from auditor.evidence.layout import BODIES
from auditor.evidence.writing import FolderSink
from auditor.platforms.kubernetes import GROUPS, PREFIX
from collectors.http.clock import system_clock
from collectors.kubernetes.live.address import parse_address
from collectors.kubernetes.live.collector import LiveCollector
from collectors.kubernetes.live.pages import PagesCollector
from collectors.kubernetes.resources import plural
from tests.e2e.command import ESTATE, Ran, auditor
from tests.engines.apiserver import ApiServer, Binaries, running
from tests.engines.client import Client, Request
from tests.engines.kubectl import Kubectl

EPOCH = {"SOURCE_DATE_EPOCH": "1750000000"}
SECONDS = 30.0
ERROR = re.compile("no matches for kind|Error from server|error when creating")
AUDIT = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n"
ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/auditor"
SHARING = "gpu-operator/gpu-sharing-time-slicing"
"""What the device plugin of the estate mounts."""
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server with the estate in it; two kubeconfigs: an administrator's, and ours."""

    server: ApiServer
    client: Client
    log: Path
    admin: Path
    least: Path

    def requests(self) -> Counter[tuple[str, str]]:
        """What our service account has asked for: (verb, path or resource), by the audit log."""
        found: Counter[tuple[str, str]] = Counter()
        for line in self.log.read_text().splitlines():
            event = json.loads(line)
            who = event["user"]["username"]
            if event["stage"] == "ResponseComplete" and who.endswith(":auditor"):
                asked = event.get("objectRef", {}).get("resource") or event["requestURI"]
                found[event["verb"], asked] += 1
        return found

    def config_maps(self) -> set[str]:
        """The ConfigMaps that our service account has asked for, by namespace and name."""
        events = map(json.loads, self.log.read_text().splitlines())
        asked = [
            event["objectRef"]
            for event in events
            if event["user"]["username"].endswith(":auditor")
            and event.get("objectRef", {}).get("resource") == "configmaps"
        ]
        return {f"{each.get('namespace')}/{each.get('name')}" for each in asked}


def started(stack: ExitStack, binaries: Binaries, folder: Path, kubectl: Kubectl) -> Cluster:
    """Start a server, fill it, and make an account with the role that the command prints."""
    policy, log = folder / "audit-policy.yaml", folder / "audit.log"
    policy.write_text(AUDIT)
    options = [f"--audit-policy-file={policy}", f"--audit-log-path={log}"]
    server = stack.enter_context(running(binaries, folder / "server", options=options))
    client = stack.enter_context(server.client())
    admin = write_kubeconfig(folder / "admin.json", server, server.token)
    _fill(client, admin, kubectl)
    role = auditor("permissions", "k8s", "--config-map", SHARING)
    assert role.code == 0, role.err
    _apply(kubectl, admin, "-", stdin=role.out.encode())
    least = write_kubeconfig(folder / "least.json", server, _token(client))
    return Cluster(server, client, log, admin, least)


RBAC = "/apis/rbac.authorization.k8s.io/v1"
MADE = (
    *("/api/v1/nodes", "/api/v1/pods", "/api/v1/serviceaccounts", "/api/v1/configmaps"),
    *("/apis/apps/v1/daemonsets", f"{RBAC}/clusterroles", f"{RBAC}/clusterrolebindings"),
    *(f"{RBAC}/roles", f"{RBAC}/rolebindings", "/api/v1/services", DEFINITIONS),
    *("/apis/networking.k8s.io/v1/networkpolicies", "/apis/node.k8s.io/v1/runtimeclasses"),
)
"""What tests make in a server that they share; namespaces stay, nobody takes those away here."""
ITS_OWN = "/api/v1/namespaces/default/services/kubernetes"
"""What the server itself makes, sooner or later."""


@contextmanager
def emptied(server: ApiServer) -> Iterator[ApiServer]:
    """Give a server to one test after the other, and take away what each has made."""
    with server.client() as client:
        before, groups = _objects(client), _groups(client)
        try:
            yield server
        finally:
            for path in sorted(_objects(client) - before):
                client.send(Request("DELETE", f"{path}?gracePeriodSeconds=0"))
        wait_for(lambda: _objects(client) <= before, "something is left of a test")
        wait_for(lambda: _groups(client) <= groups, "a kind of a test is served still")


def _objects(client: Client) -> set[str]:
    """The paths of all objects of these kinds."""
    found = set()
    for path in MADE:
        head, _, resource = path.rpartition("/")
        items: Any = client.get(path).body["items"]
        for meta in (each["metadata"] for each in items):
            inside = f"/namespaces/{meta['namespace']}" if "namespace" in meta else ""
            found.add(f"{head}{inside}/{resource}/{meta['name']}")
    return found - {ITS_OWN}


def _groups(client: Client) -> set[str]:
    """The groups of kinds that are served."""
    groups: Any = client.get("/apis").body["groups"]
    return {each["name"] for each in groups}


def write_kubeconfig(path: Path, server: ApiServer, token: str, **cluster: object) -> Path:
    """A kubeconfig with one context, ``test``."""
    at = {"server": server.url, "certificate-authority": str(server.authority), **cluster}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "c", "cluster": at}],
        "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": token}}],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config))
    return path


def _token(client: Client) -> str:
    path = "/api/v1/namespaces/auditor/serviceaccounts/auditor/token"
    reply = client.post(path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"})
    status = reply.body["status"]
    assert isinstance(status, Mapping), reply
    return str(status["token"])


def _fill(client: Client, admin: Path, kubectl: Kubectl) -> None:
    """Create the kinds that the estate and the table of pod templates name, then the estate.

    Its namespaces come first, as kubectl takes files by their names.

    One object of the estate asks for an API version that no server has any more: its fault.
    """
    defined = [client.post(DEFINITIONS, each) for each in definitions()]
    named = [each for each in estate() if each["kind"] == "Namespace"]
    defined += [client.post("/api/v1/namespaces", each) for each in named]
    assert {reply.status for reply in defined} == {201}
    wait_for_kinds(client)
    deadline = time.monotonic() + SECONDS
    while True:
        done = _apply(kubectl, admin, "-R", "-f", str(ESTATE), "--validate=false", check=False)
        errors = [line for line in done.splitlines() if ERROR.search(line)]
        if len(errors) == 1 and "autoscaling/v2beta2" in errors[0]:
            return
        assert time.monotonic() < deadline, done


def wait_for_kinds(client: Client) -> None:
    """Until each kind that was defined is served."""
    items: Any = client.get(DEFINITIONS).body["items"]
    for name in [each["metadata"]["name"] for each in items]:
        wait_for(functools.partial(_served, client, name), f"{name} is not served")


def _served(client: Client, definition: str) -> bool:
    found: Any = client.get(f"{DEFINITIONS}/{definition}").body["status"]["conditions"] or ()
    return any(each["type"] == "Established" and each["status"] == "True" for each in found)


def _apply(
    kubectl: Kubectl, admin: Path, *what: str, stdin: bytes = b"", check: bool = True
) -> str:
    named = what if "-f" in what else ("-f", *what)
    done = kubectl.run("apply", f"--kubeconfig={admin}", *named, stdin=stdin)
    assert done.returncode == 0 or not check, done.stderr
    return done.stderr.decode()


def estate() -> Iterator[dict[str, Any]]:
    """The objects of the example estate."""
    for path in ESTATE.rglob("*.yaml"):
        yield from filter(None, yaml.safe_load_all(path.read_text()))


def definitions() -> Iterator[dict[str, object]]:
    """A definition of each custom kind, in the version that the estate uses."""
    table = yaml.safe_load((ESTATE.parents[1] / "policies/tables/pod-templates.yaml").read_text())
    versions = {(row["group"], row["kind"]): "v1" for row in table}
    of_the_cluster = {(row["group"], row["kind"]) for row in table if row.get("scope") == "cluster"}
    for name, of_all in OTHER_POLICIES.items():
        kind, _, group = name.removeprefix(PREFIX).partition(".")
        versions[group, kind] = "v1"
        if of_all:
            of_the_cluster.add((group, kind))
    for value in estate():
        group, _, version = value["apiVersion"].rpartition("/")
        versions[group, value["kind"]] = version
    for (group, kind), version in sorted(versions.items()):
        if group not in GROUPS:
            scope = "Cluster" if (group, kind) in of_the_cluster else "Namespaced"
            yield definition(group, kind, version, scope)


def definition(group: str, kind: str, version: str, scope: str = "Namespaced") -> dict[str, object]:
    """A definition that accepts anything; in a group that is kept for Kubernetes, approved."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": version, "served": True, "storage": True}
    names = {"kind": kind, "plural": plural(kind), "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural(kind)}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"},
        },
        "spec": {
            "group": group,
            "scope": scope,
            "names": names,
            "versions": [{**served, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def collector(kubeconfig: Path, target: str = "k8s://") -> LiveCollector:
    """The collector of a target, in this process."""
    return LiveCollector(
        parse_address(target), str(kubeconfig), system_clock(), references=REFERENCES
    )


def read(live: LiveCollector, kinds: frozenset[str], folder: Path) -> PagesCollector:
    """Read a cluster into a folder, and what judges it from there."""
    sink = FolderSink(folder, 0, folder)
    entry = live.collect(kinds, sink, lambda *_: None)
    return PagesCollector(entry, BlockReader(folder / BODIES), sink.close())


def rules_of(client: Client) -> list[dict[str, Any]]:
    """The rules of our role."""
    rules = client.get(ROLE).body["rules"]
    assert isinstance(rules, list)
    return rules


def limit_to(
    client: Client, rules: Sequence[Mapping[str, Any]], refused: Mapping[str, Any] | None
) -> None:
    """Give our role these rules, and wait until the server goes by them.

    ``refused`` is the rule that was taken away, None when all are back. The server takes a role up
    as a whole: what has changed of it tells.
    """
    before = rules_of(client)
    body = {**client.get(ROLE).body, "rules": list(rules)}
    assert client.send(Request("PUT", ROLE, body)).status == 200
    deadline = time.monotonic() + SECONDS
    asked = [refused] if refused is not None else [rule for rule in rules if rule not in before]
    while not all(_allowed(client, rule) is (refused is None) for rule in asked):
        assert time.monotonic() < deadline, "the server does not go by the role"
        time.sleep(0.02)


def wait_for(done: Callable[[], bool], why: str) -> None:
    """Ask again until it is so."""
    deadline = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


def _allowed(client: Client, rule: Mapping[str, Any]) -> bool:
    group, resource, verb = (rule[name][0] for name in ("apiGroups", "resources", "verbs"))
    name = rule.get("resourceNames", [""])[0]
    status = client.post(REVIEWS, _review(group, resource, verb, name)).body["status"]
    assert isinstance(status, Mapping)
    return status["allowed"] is True


def _review(group: str, resource: str, verb: str, name: str) -> dict[str, object]:
    attributes = {"group": group, "resource": resource, "verb": verb, "name": name}
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": "system:serviceaccount:auditor:auditor",
            "groups": ["system:serviceaccounts", "system:authenticated"],
            "resourceAttributes": attributes,
        },
    }


def ran(cluster: Cluster, *arguments: str | Path, kubeconfig: Path | None = None) -> Ran:
    env = {**EPOCH, "KUBECONFIG": str(kubeconfig or cluster.least)}
    return auditor(*arguments, env=env)


def results(done: Ran) -> dict[str, Any]:
    assert done.code in {0, 1, 3}, done.err
    document: dict[str, Any] = json.loads(done.out)
    return document


def unknown(document: Mapping[str, Any]) -> set[str]:
    return {rule for rule, count in document["counts"].items() if count["unknown"]}
