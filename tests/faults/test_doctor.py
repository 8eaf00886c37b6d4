"""What doctor says beforehand is what the scan then finds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.e2e.command import Ran, auditor
from tests.faults import server as fake
from tests.faults.clusters import collector, on
from tests.faults.server import Asked, Handler, Reply, serving
from tests.live.cluster import read

KINDS = frozenset(
    {
        "k8s/Deployment",
        "k8s/Ingress",
        "k8s/NetworkPolicy",
        "k8s/Pod",
        "k8s/PodSecurityPolicy",
        "k8s/RayCluster.ray.io",
        "k8s/SparkApplication.sparkoperator.k8s.io",
    }
)
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
SYSTEM = "/api/v1/namespaces/kube-system"


def groups(
    *names: str, kind: str = "Ingress", verbs: tuple[str, ...] = ("list",), stale: bool = False
) -> Handler:
    """Discovery of groups with one kind each, or of stale ones, which have none."""
    kinds = () if stale else ((kind, "things", True),)
    value = json.loads(fake.apis(*((name, "v1", kinds) for name in names)).body)
    for item in value["items"]:
        if item["metadata"]["name"] not in names:
            continue
        for version in item["versions"]:
            version["freshness"] = "Stale" if stale else "Current"
            for resource in version["resources"]:
                resource["verbs"] = list(verbs)
    return on("/apis", fake.json_reply(value))


UNLISTED = {
    "metrics are down": (groups("metrics.k8s.io", stale=True), {}),
    "a group of somebody is down": (groups("a.example", "b.k8s.io", stale=True), {}),
    "a built-in group is down": (
        groups("networking.k8s.io", stale=True),
        {"k8s/Ingress": "unreachable", "k8s/NetworkPolicy": "unreachable"},
    ),
    "one without a dot": (groups("apps", stale=True), {"k8s/Deployment": "unreachable"}),
    "a kind of the past": (groups("policy", stale=True), {"k8s/PodSecurityPolicy": "unreachable"}),
    "Spark is down": (
        groups("sparkoperator.k8s.io", stale=True),
        {"k8s/SparkApplication.sparkoperator.k8s.io": "unreachable"},
    ),
    "Ray is down, and metrics": (
        groups("metrics.k8s.io", "ray.io", stale=True),
        {"k8s/RayCluster.ray.io": "unreachable"},
    ),
    "no list": (
        groups("networking.k8s.io", verbs=("create", "get")),
        {"k8s/Ingress": "unsupported", "k8s/NetworkPolicy": "unsupported"},
    ),
    "no verb": (
        groups("ray.io", kind="RayCluster", verbs=()),
        {"k8s/RayCluster.ray.io": "unsupported"},
    ),
}


@pytest.mark.parametrize(("handler", "expected"), UNLISTED.values(), ids=UNLISTED.keys())
def test_doctor_and_scan_agree(tmp_path: Path, handler: Handler, expected: dict[str, str]) -> None:
    """On what the server can't tell of, or can't list."""
    with serving(handler) as server:
        live = collector(tmp_path, server)
        told = live.examine(KINDS, tmp_path)
        gaps = read(live, KINDS, tmp_path / "read").entry.gaps
    foreseen = {(each.kind, each.cause, each.detail) for each in told.reads if not each.allowed}
    assert foreseen == {(gap.scope, gap.cause, gap.detail) for gap in gaps}
    assert {kind: cause.value for kind, cause, _ in foreseen} == expected
    assert all(gap.hint for gap in gaps)


def doctor(folder: Path, handler: Handler, *more: str) -> Ran:
    with serving(handler) as server:
        collector(folder, server)
        return auditor("doctor", "k8s://", *more, env={"KUBECONFIG": str(folder / "kubeconfig")})


def nothing(_: Asked) -> Reply | None:
    """A healthy server."""
    return None


def lines(done: Ran) -> Iterator[str]:
    yield from (line.strip() for line in done.out.splitlines())


def test_a_healthy_cluster(tmp_path: Path) -> None:
    done = doctor(tmp_path, nothing)
    assert (done.code, done.err) == (0, "")
    assert "cluster   the-cluster" in lines(done)


def test_what_a_server_can_not_tell_of_is_blind(tmp_path: Path) -> None:
    done = doctor(tmp_path, groups("networking.k8s.io", stale=True))
    assert done.code == 3
    said = "missing   the server can't tell what networking.k8s.io/v1 has: "
    (line,) = (line for line in lines(done) if line.endswith("would miss k8s/NetworkPolicy"))
    assert line.startswith(said)
    assert "k8s-default-deny-ingress-missing" in lines(done)
    assert "kubectl get apiservices" in done.out
    found = json.loads(doctor(tmp_path, groups("networking.k8s.io", stale=True), "--json").out)
    assert {each["cause"] for each in found["blind"]} == {"unreachable"}


def test_what_can_not_be_listed_is_blind(tmp_path: Path) -> None:
    done = doctor(tmp_path, groups("networking.k8s.io", kind="NetworkPolicy", verbs=("get",)))
    assert done.code == 3
    assert "things.networking.k8s.io can't be listed" in done.out
    assert "k8s-default-deny-ingress-missing" in lines(done)


def test_a_cluster_that_can_not_be_told_from_others(tmp_path: Path) -> None:
    refused = on(SYSTEM, fake.status(403, "no"))
    reviewed = on(REVIEWS, fake.json_reply({"status": {"allowed": False}}, 201))
    done = doctor(tmp_path, lambda asked: refused(asked) or reviewed(asked))
    assert done.code == 3
    assert "cluster   unknown: get namespaces in kube-system is refused" in lines(done)
    assert "without its uid it can't be told from others of the same authority" in lines(done)
    assert "auditor permissions k8s prints the role that a scan needs" in lines(done)
    gone = doctor(tmp_path, on(SYSTEM, fake.status(404, "gone")))
    assert gone.code == 0
    assert "cluster   unknown: there is no namespace kube-system" in lines(gone)


def test_what_is_never_read_names_its_rules(tmp_path: Path) -> None:
    done = doctor(tmp_path, nothing)
    told = list(lines(done))
    (never,) = (number for number, line in enumerate(told) if "never     k8s/ConfigMap" in line)
    assert told[never].endswith(": 3 rules without a say on it")
    named = " ".join(told[never + 1 : never + 4])
    assert "k8s-secret-in-config-map" in named
    assert "gpu-time-slicing-configured" not in named, "what it needs is read by its name"
    found = json.loads(doctor(tmp_path, nothing, "--json").out)
    rules = {each["kind"]: each["rules"] for each in found["excluded"]}
    assert rules["k8s/ConfigMap"] == [
        "k8s-console-opened-by-config-map",
        "k8s-model-code-trusted-by-configuration",
        "k8s-secret-in-config-map",
    ]
    assert "k8s-service-account-token-permanent" in rules["k8s/Secret"]


CLOCKS = {
    "ahead": (timedelta(hours=2), "ahead of ours: tokens and certificates may seem expired"),
    "behind": (timedelta(hours=-2), "behind ours: tokens and certificates may seem expired"),
    "a little ahead": (timedelta(seconds=20), "agrees with ours"),
    "a little behind": (timedelta(seconds=-20), "agrees with ours"),
    "not told": (None, "the server does not tell"),
}


@pytest.mark.parametrize(("skew", "says"), CLOCKS.values(), ids=CLOCKS.keys())
def test_clocks(tmp_path: Path, skew: timedelta | None, says: str) -> None:
    date = "" if skew is None else format_datetime(datetime.now(UTC) + skew, usegmt=True)
    version = fake.json_reply({"gitVersion": "v1.37.0"}, headers={"Date": date} if date else {})
    done = doctor(tmp_path, on("/version", version))
    assert done.code == 0
    (line,) = (line for line in lines(done) if line.startswith("clock "))
    assert line.endswith(says)
    if skew is not None and abs(skew) > timedelta(minutes=1):
        seconds = int(line.split()[1])
        assert abs(seconds - 7200) < 60


@pytest.mark.parametrize("date", ["yesterday", "Thu, 99 Foo 2026 99:99:99 GMT", "0"])
def test_a_date_that_is_none(tmp_path: Path, date: str) -> None:
    version = fake.json_reply({"gitVersion": "v1.37.0"}, headers={"Date": date})
    assert "the server does not tell" in doctor(tmp_path, on("/version", version)).out


def test_a_namespace_that_does_not_exist(tmp_path: Path) -> None:
    """It is missing, and not empty."""
    with serving(fake.healthy) as server:
        kubeconfig = collector(tmp_path, server).kubeconfig
        ran = auditor("doctor", "k8s://?namespace=ml,typo", "--kubeconfig", kubeconfig)
    assert ran.code == 3
    assert "there is no namespace typo" in ran.out
    assert "there is no namespace ml" not in ran.out
    assert "kubectl get namespaces lists those that are there" in ran.out
