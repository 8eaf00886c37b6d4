"""Whatever a server does instead of answering: a gap with its own cause, and never a pass."""

from __future__ import annotations

import gzip
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from auditor.errors import CollectionError
from auditor.evidence.blocks import read_block
from auditor.model.enums import Answered
from collectors.kubernetes.live.address import parse_address
from collectors.kubernetes.live.client import Clock, Patience
from collectors.kubernetes.live.collector import LiveCollector
from tests.e2e.runs import Run
from tests.faults import server as fake
from tests.faults.server import Asked, Handler, Reply, Server, healthy, page, pod, serving, status
from tests.live.cluster import read

KINDS = frozenset({"k8s/Pod", "k8s/Namespace"})
PODS = "/api/v1/pods"
QUICK = Patience(connect=2.0, read=0.4, total=6.0, attempts=4, size=1 << 20, pages=40)


@dataclass(frozen=True, slots=True)
class Waits:
    """A clock that does not wait: it goes on by what was asked, and remembers it."""

    slept: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        start = datetime(2026, 11, 23, tzinfo=UTC)

        def passed() -> float:
            return sum(self.slept)

        return Clock(lambda: start + timedelta(seconds=passed()), passed, self.slept.append)


def collector(
    folder: Path, server: Server, *, waits: Waits | None = None, **cluster: object
) -> LiveCollector:
    config = {
        "current-context": "fake",
        "clusters": [{"name": "c", "cluster": {"server": server.url, **cluster}}],
        "contexts": [{"name": "fake", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "canary-token"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    clock = (waits or Waits()).clock()
    return LiveCollector(parse_address("k8s://"), str(path), clock, QUICK)


def scanned(folder: Path, handler: Handler) -> dict[str, Any]:
    """The results of a scan of a server, with what the records say under ``records``."""
    with serving(handler) as server:
        pages = read(collector(folder, server), KINDS, folder)
        document: dict[str, Any] = json.loads(Run().results(pages))
    return {**document, "records": pages.records}


def on(path: str, *replies: Reply | Callable[[Asked], Reply]) -> Handler:
    """Answer the requests for a path one after the other, the last one for ever."""
    seen: list[Asked] = []

    def handle(asked: Asked) -> Reply | None:
        if asked.path != path:
            return None
        seen.append(asked)
        reply = replies[min(len(seen), len(replies)) - 1]
        return reply(asked) if callable(reply) else reply

    return handle


def endless(asked: Asked) -> Reply:
    number = int(asked.query.get("continue", "0")) + 1
    return page([pod(f"p{number}")], **{"continue": str(number)})


REVIEW = "/apis/authentication.k8s.io/{}/selfsubjectreviews"
GOOD = page([pod("good"), pod("bad", privileged=True)])
FIRST = page([pod("bad", privileged=True)], **{"continue": "more"})
AGAIN = page([pod("good")], **{"continue": "more"})
BOMB = gzip.compress(b" " * (64 << 20))
GZIP = {"content-encoding": "gzip"}
TORN = json.dumps({"kind": "PodList", "items": [pod("x")]}).encode()[:-9]


@dataclass(frozen=True, slots=True)
class Fault:
    """What the server does to a list of pods; ``kept`` says whether the first page was fine."""

    handler: Handler
    cause: str
    says: str
    kept: bool = False


FAULTS = {
    "html of a proxy": Fault(
        on(PODS, Reply(b"<html>log in", media="text/html")), "malformed", "text/html, not JSON"
    ),
    "nothing that says what it is": Fault(
        on(PODS, Reply(b"{}", media="")), "malformed", "not JSON"
    ),
    "half a page": Fault(
        on(PODS, Reply(GOOD.body[:40], length=len(GOOD.body), then="close")),
        "truncated",
        "before its announced length",
    ),
    "a length too short": Fault(
        on(PODS, Reply(GOOD.body, length=30, then="close")), "malformed", "the answer is no list"
    ),
    "torn JSON": Fault(on(PODS, Reply(TORN)), "malformed", "the answer is no list"),
    "hangs before the head": Fault(
        on(PODS, Reply(raw=b"", then="hang")), "timeout", "stopped answering"
    ),
    "hangs after the head": Fault(
        on(PODS, Reply(b"{", length=99, then="hang")), "timeout", "stopped answering"
    ),
    "reset in the middle": Fault(
        on(PODS, Reply(GOOD.body[:40], length=99_999, then="reset")), "truncated", "ended in the"
    ),
    "no HTTP": Fault(on(PODS, Reply(raw=b"SSH-2.0-x\r\n", then="close")), "malformed", "no HTTP"),
    "no answer at all": Fault(on(PODS, Reply(raw=b"", then="close")), "truncated", "ended in"),
    "the same token again": Fault(
        on(PODS, FIRST, AGAIN), "truncated", "the same page again and again", kept=True
    ),
    "pages without end": Fault(on(PODS, endless), "truncated", "more than 40 pages"),
    "too large a page": Fault(
        on(PODS, Reply(b" " * (2 << 20))), "truncated", "more than 1,048,576 bytes"
    ),
    "a bomb in gzip": Fault(
        on(PODS, Reply(BOMB, headers=GZIP)), "truncated", "more than 1,048,576 bytes"
    ),
    "gzip that is none": Fault(
        on(PODS, Reply(b"plain", headers=GZIP)), "malformed", "can't be decompressed"
    ),
    "busy for ever": Fault(on(PODS, status(429, "slow down")), "unreachable", "HTTP 429 4 times"),
    "broken for ever": Fault(
        on(PODS, status(500, "etcd")), "unreachable", "HTTP 500 4 times: etcd"
    ),
    "refused": Fault(on(PODS, status(403, "pods is forbidden")), "denied", "pods is forbidden"),
    "gone": Fault(on(PODS, status(404, "no such")), "unsupported", "HTTP 404"),
    "unauthorised in the middle": Fault(
        on(PODS, FIRST, status(401, "Unauthorized")), "denied", "HTTP 401", kept=True
    ),
    "expired, without a way on": Fault(
        on(PODS, FIRST, status(410, "too old")), "truncated", "HTTP 410: too old", kept=True
    ),
    "a redirect": Fault(
        on(PODS, Reply(code=302, headers={"location": "http://127.0.0.1:1/"})), "malformed", "302"
    ),
    "a list of something else": Fault(
        on(PODS, page([], kind="Secret")), "malformed", "asked for a PodList"
    ),
    "a status as if it were fine": Fault(
        on(PODS, Reply(status(500, "x").body)), "malformed", "the answer is Status"
    ),
    "items that are none": Fault(
        on(PODS, fake.json_reply({"kind": "PodList", "apiVersion": "v1", "items": 7})),
        "malformed",
        "the answer is no list",
    ),
    "items that are null": Fault(
        on(PODS, fake.json_reply({"kind": "PodList", "apiVersion": "v1", "items": None})),
        "malformed",
        "the answer is no list",
    ),
    "fewer than there are": Fault(
        on(PODS, page([pod("bad", privileged=True)], remainingItemCount=500)),
        "truncated",
        "500 more are left",
    ),
    "pods of another version": Fault(
        on(PODS, fake.page_of("x.io/v1", [pod("bad")], "Pod")), "malformed", "is PodList x.io/v1"
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_a_gap_with_its_cause(tmp_path: Path, fault: Fault) -> None:
    document = scanned(tmp_path, fault.handler)
    (gap,) = document["gaps"]
    assert (gap["scope"], gap["cause"]) == ("k8s/Pod", fault.cause), gap
    assert fault.says in gap["detail"]
    assert "k8s-container-privileged" in gap["rules"]
    count = document["counts"]["k8s-container-privileged"]
    assert (count["fail"], count["unknown"]) == (int(fault.kept), 1)
    assert document["gate"]["decision"] == ("fail" if fault.kept else "incomplete")
    (target,) = document["targets"]
    assert target["state"] == "partial"
    assert document["coverage"]["resources"]["k8s/Namespace"]["seen"] == 1, "others were read"


def test_an_empty_list_is_no_gap(tmp_path: Path) -> None:
    document = scanned(tmp_path, on(PODS, page([])))
    assert document["gaps"] == []
    assert "k8s/Pod" not in document["coverage"]["resources"]


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    """As it says: by seconds, by a date, and by our own measure when it does not say."""
    later = {"retry-after": "Mon, 23 Nov 2026 00:00:10 GMT"}
    replies = (
        Reply(code=429, headers={"retry-after": "3"}),
        Reply(code=503, headers=later),
        Reply(code=502),
        GOOD,
    )
    waits = Waits()
    patience = Patience(attempts=5)
    with serving(on(PODS, *replies)) as server:
        live = collector(tmp_path, server, waits=waits)
        patient = LiveCollector(live.address, live.kubeconfig, live.clock, patience)
        pages = read(patient, KINDS, tmp_path)
    assert pages.entry.gaps == ()
    assert waits.slept[:2] == [3.0, 7.0]
    assert len(waits.slept) == 3
    assert [record.count for record in pages.records if record.kind == "k8s/Pod"] == [2]


def test_a_server_that_asks_for_too_long_a_wait(tmp_path: Path) -> None:
    document = scanned(tmp_path, on(PODS, Reply(code=429, headers={"retry-after": "86400"})))
    (gap,) = document["gaps"]
    assert (gap["cause"], gap["detail"][:17]) == ("unreachable", "HTTP 429 1 times:")


def test_an_expired_list_goes_on_as_the_server_offers(tmp_path: Path) -> None:
    expired = status(410, "too old", **{"continue": "on"})
    document = scanned(tmp_path, on(PODS, FIRST, expired, page([pod("last", privileged=True)])))
    assert document["gaps"] == []
    assert document["counts"]["k8s-container-privileged"]["fail"] == 2
    told = [record.detail for record in document["records"] if record.kind == "k8s/Pod"]
    assert told[0] == ""
    assert "what follows is of a later moment" in told[1]
    assert document["targets"][0]["notes"] == [f"k8s/Pod: {told[1]}"]


def test_a_page_that_is_too_large_is_asked_for_in_parts(tmp_path: Path) -> None:
    def handle(asked: Asked) -> Reply:
        start, limit = int(asked.query.get("continue", "0")), int(asked.query["limit"])
        more = {"continue": str(start + limit)} if start + limit < 30 else {}
        pods = [pod(f"p{number}") for number in range(start, min(30, start + limit))]
        padded = [{**each, "status": {"x": "y" * 100_000}} for each in pods]
        return page(padded, **more)

    document = scanned(tmp_path, on(PODS, handle))
    assert document["gaps"] == []
    assert document["coverage"]["resources"]["k8s/Pod"]["seen"] == 30


ODD = {
    "no metadata": {"spec": {"containers": []}},
    "metadata of another type": {"metadata": "x"},
    "name of another type": {"metadata": {"name": 7}},
    "labels of another type": {"metadata": {"name": "x", "labels": [1]}},
    "spec of another type": {"metadata": {"name": "x"}, "spec": "x"},
    "containers of another type": {"metadata": {"name": "x"}, "spec": {"containers": {"a": 1}}},
    "no object": 7,
    "a list": [[]],
    "null": None,
    "deep": json.loads('{"metadata":{"name":"x"},"spec":' + '{"a":' * 200 + "1" + "}" * 201),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_an_odd_object_takes_nothing_from_others(tmp_path: Path, odd: Any) -> None:
    document = scanned(tmp_path, on(PODS, page([pod("bad", privileged=True), odd, pod("good")])))
    failing = {item["resource"]["name"] for item in document["findings"]}
    assert "bad" in failing
    count = document["counts"]["k8s-container-privileged"]
    assert count["fail"] == 1
    assert count["pass"] == 1, "the odd one is no pass"
    assert {gap["scope"] for gap in document["gaps"]} <= {"k8s/Pod"}


def test_the_cluster_must_stay_the_same(tmp_path: Path) -> None:
    system = "/api/v1/namespaces/kube-system"
    one, two = (fake.json_reply({"metadata": {"uid": uid}}) for uid in ("one", "two"))
    document = scanned(tmp_path, on(system, one, two))
    (gap,) = document["gaps"]
    assert gap["scope"] == "k8s://fake"
    assert "one v1.37.0 tester at the start, two v1.37.0 tester at the end" in gap["detail"]
    assert all(control["state"] != "satisfied" for control in document["controls"])


def test_a_custom_kind_can_not_pose_as_a_built_in_one(tmp_path: Path) -> None:
    posing = ("evil.example", "v1", (("Pod", "pods", True), ("Namespace", "namespaces", True)))
    handler = on("/apis", fake.discovery(posing))
    document = scanned(tmp_path, handler)
    assert document["gaps"] == []
    assert {record.request.partition("?")[0] for record in document["records"]} == {
        "GET /api",
        "GET /apis",
        "GET /api/v1/pods",
        "GET /api/v1/namespaces",
    }


def test_a_group_that_the_server_knows_nothing_of(tmp_path: Path) -> None:
    stale = fake.discovery(("ray.io", "v1", ()))
    value = json.loads(stale.body)
    value["items"][0]["versions"][0]["freshness"] = "Stale"
    with serving(on("/apis", fake.json_reply(value))) as server:
        kinds = frozenset({"k8s/RayCluster.ray.io", "k8s/JobSet.jobset.x-k8s.io", "k8s/Pod"})
        pages = read(collector(tmp_path, server), kinds, tmp_path)
    (gap,) = pages.entry.gaps
    assert (gap.scope, gap.cause.value) == ("k8s/RayCluster.ray.io", "unreachable")
    assert "ray.io/v1" in gap.detail


ODD_RESOURCES = ("secrets", "..", "pods?watch=1", "namespaces/a/status", "a b", "pöds", "pods#", "")


@pytest.mark.parametrize("resource", ODD_RESOURCES)
def test_a_resource_by_a_name_that_may_not_be_asked_for(tmp_path: Path, resource: str) -> None:
    """It is a gap of that kind, and the others are read."""
    core = ("", "v1", (("Pod", resource, True), ("Namespace", "namespaces", False)))
    with serving(on("/api", fake.discovery(core))) as server:
        pages = read(collector(tmp_path, server), KINDS, tmp_path)
        listed = {asked.path for asked in server.asked if "limit" in asked.query}
    (gap,) = pages.entry.gaps
    assert (gap.scope, gap.cause.value) == ("k8s/Pod", "malformed")
    assert listed == {"/api/v1/namespaces"}


RENEWED = {"the plugin has another": (2, ""), "it has the same": (1, "HTTP 401")}


@pytest.mark.parametrize(("tokens", "says"), RENEWED.values(), ids=RENEWED.keys())
def test_a_token_that_ends_meanwhile_is_renewed_once(
    tmp_path: Path, tokens: int, says: str
) -> None:
    """An exec plugin is asked again; a server that takes nothing is a gap about credentials."""
    accepted = ["Bearer one"]
    api = "client.authentication.k8s.io/v1"

    def handle(asked: Asked) -> Reply | None:
        if asked.path == PODS:
            accepted[:] = ["Bearer two"]
        good = asked.headers.get("authorization") in accepted or not asked.path.startswith(
            "/api/v1"
        )
        return None if good else status(401, "Unauthorized")

    script = tmp_path / "plugin"
    kept = tmp_path / "asked"
    word = "two" if tokens == 2 else "one"
    script.write_text(
        f"#!/bin/sh\ntoken=one; [ -e {kept} ] && token={word}; echo x >> {kept}\n"
        f"""echo '{{"apiVersion":"{api}","status":{{"token":"'$token'"}}}}'\n"""
    )
    script.chmod(0o700)
    with serving(handle) as server:
        live = collector(tmp_path, server)
        path = tmp_path / "kubeconfig"
        value = json.loads(path.read_text())
        value["users"][0]["user"] = {"exec": {"apiVersion": api, "command": str(script)}}
        path.write_text(json.dumps(value))
        pages = read(live, frozenset({"k8s/Pod"}), tmp_path)
    assert kept.read_text().count("x") == 2
    if not says:
        assert pages.entry.gaps == ()
        return
    (gap,) = [each for each in pages.entry.gaps if each.scope == "k8s/Pod"]
    assert (gap.cause.value, gap.hint[:27]) == ("denied", "the server does not know us")
    assert says in gap.detail


def test_old_discovery_is_understood(tmp_path: Path) -> None:
    """Before 1.26 a server answers with lists of groups and of resources."""
    groups = {
        "kind": "APIGroupList",
        "groups": [
            {
                "name": "apps",
                "versions": [{"groupVersion": "apps/v1beta1"}, {"groupVersion": "apps/v1"}],
                "preferredVersion": {"groupVersion": "apps/v1"},
            }
        ],
    }
    verbs = ["list"]
    pods = {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": verbs}
    exec_ = {"name": "pods/exec", "kind": "PodExecOptions", "namespaced": True, "verbs": ["get"]}
    deployments = {"name": "deployments", "kind": "Deployment", "namespaced": True, "verbs": verbs}
    answers = {
        "/api": fake.json_reply({"kind": "APIVersions", "versions": ["v1"]}),
        "/api/v1": fake.json_reply({"kind": "APIResourceList", "resources": [pods, exec_]}),
        "/apis": fake.json_reply(groups),
        "/apis/apps/v1": fake.json_reply({"kind": "APIResourceList", "resources": [deployments]}),
        "/apis/apps/v1beta1": fake.json_reply(
            {"kind": "APIResourceList", "resources": [deployments]}
        ),
        "/apis/apps/v1/deployments": fake.page_of("apps/v1", [], "Deployment"),
    }
    with serving(lambda asked: answers.get(asked.path)) as server:
        kinds = frozenset({"k8s/Pod", "k8s/Deployment"})
        pages = read(collector(tmp_path, server), kinds, tmp_path)
    assert pages.entry.gaps == ()
    assert [record.request.partition("?")[0] for record in pages.records] == [
        "GET /api",
        "GET /api/v1",
        "GET /apis",
        "GET /apis/apps/v1",
        "GET /apis/apps/v1beta1",
        "GET /apis/apps/v1/deployments",
        "GET /api/v1/pods",
    ]


WHOLE = {
    "no JSON at all": (on("/version", Reply(b"<html>", media="text/html")), "text/html, not JSON"),
    "a version of another type": (on("/version", Reply(b"[]")), "Expected `object`"),
    "no discovery": (on("/api", status(403, "no")), "HTTP 403: no"),
    "odd discovery": (on("/apis", Reply(b'{"kind":3}')), "what the server serves"),
    "unauthorised": (lambda _: status(401, "Unauthorized"), "HTTP 401: Unauthorized"),
}


@pytest.mark.parametrize(("handler", "says"), WHOLE.values(), ids=WHOLE.keys())
def test_a_server_that_is_none(tmp_path: Path, handler: Handler, says: str) -> None:
    with serving(handler) as server, pytest.raises(CollectionError, match=r"^k8s://fake: ") as told:
        read(collector(tmp_path, server), KINDS, tmp_path)
    assert says in told.value.message


def test_http_to_a_server_of_https(tmp_path: Path) -> None:
    """What a server in Go says then."""
    said = Reply(b"Client sent an HTTP request to an HTTPS server.\n", 400, "text/plain")
    with serving(lambda _: said) as server, pytest.raises(CollectionError) as told:
        read(collector(tmp_path, server), KINDS, tmp_path)
    assert "https://" in told.value.hint


def test_nobody_listens(tmp_path: Path) -> None:
    with serving(healthy) as server:
        live = collector(tmp_path, server)
    with pytest.raises(CollectionError, match=r"no connection: Connection refused"):
        read(live, KINDS, tmp_path)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


LAST_YEAR = datetime(2025, 1, 1, tzinfo=UTC)
CERTIFICATES = {
    "expired": (("127.0.0.1",), LAST_YEAR, True, "certificate has expired"),
    "of another host": (("elsewhere.example",), None, True, "IP address mismatch"),
    "of another authority": (("127.0.0.1",), None, False, "unable to get local issuer"),
}


@pytest.mark.parametrize(
    ("names", "ends", "known", "says"), CERTIFICATES.values(), ids=CERTIFICATES.keys()
)
def test_a_certificate_that_is_not_trusted(
    tmp_path: Path,
    authority: trustme.CA,
    names: tuple[str, ...],
    ends: datetime | None,
    known: bool,  # noqa: FBT001 - a table
    says: str,
) -> None:
    certificate = authority.issue_cert(*names, not_after=ends)
    trusted = authority if known else trustme.CA()
    path = tmp_path / "ca.pem"
    trusted.cert_pem.write_to_path(str(path))
    with serving(healthy, tls(certificate)) as server:
        live = collector(tmp_path, server, **{"certificate-authority": str(path)})
        with pytest.raises(CollectionError, match="TLS: ") as told:
            read(live, KINDS, tmp_path)
    assert says in told.value.message
    assert "certificate-authority-data" in told.value.hint
    assert server.asked == [], "not even the token was sent"


def test_trusted_tls_and_the_digest_of_its_authority(tmp_path: Path, authority: trustme.CA) -> None:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    with serving(healthy, tls(authority.issue_cert("127.0.0.1"))) as server:
        live = collector(tmp_path, server, **{"certificate-authority": str(path)})
        pages = read(live, KINDS, tmp_path)
    assert pages.entry.gaps == ()
    assert len(pages.entry.authority) == 64
    assert pages.entry.uid == "the-cluster"


def test_a_proxy_is_told_who_we_are(tmp_path: Path) -> None:
    """Its credentials are for it alone, and NO_PROXY is not about it."""
    with serving(healthy) as server:
        proxy = server.url.replace("//", "//bob:p%40w@")
        live = collector(tmp_path, server, **{"proxy-url": proxy})
        path = tmp_path / "kubeconfig"
        path.write_text(path.read_text().replace(f'"{server.url}"', '"http://c.invalid"'))
        pages = read(live, KINDS, tmp_path)
    assert pages.entry.gaps == ()
    told = {asked.headers.get("proxy-authorization") for asked in server.asked}
    assert told == {"Basic Ym9iOnBAdw=="}


ODD_BODIES = (b'{"metadata":{"uid":"\xff"}}', b'{"x":' + b"[" * 100_000, b"[]", b"")


@pytest.mark.parametrize("body", ODD_BODIES)
@pytest.mark.parametrize("path", ["/api/v1/namespaces/kube-system", REVIEW.format("v1")])
def test_odd_answers_about_who_and_where_we_are(tmp_path: Path, path: str, body: bytes) -> None:
    """The rest is read; what they would have told is not known."""
    with serving(on(path, Reply(body))) as server:
        pages = read(collector(tmp_path, server), KINDS, tmp_path)
    assert pages.entry.gaps == ()
    known = pages.entry.uid.partition(":")[0]
    assert known == ("the-cluster" if "review" in path else "server")
    assert pages.entry.principal.name == ("" if "review" in path else "tester")


def test_nothing_secret_is_kept(tmp_path: Path) -> None:
    """Neither our token, nor what objects carry; managed fields and applied copies go as well."""
    secret = "AKIA" + "Z7" * 8
    found = pod("bad", privileged=True)
    found["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    found["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": '{"password": "canary-applied"}',
        "kept": "yes",
    }
    found["spec"]["containers"][0]["env"] = [
        {"name": "DB_PASSWORD", "value": "canary-by-name"},
        {"name": "KEY", "value": secret},
    ]
    scanned(tmp_path, on(PODS, page([found])))
    kept = b"".join(map(read_block, (tmp_path / "bodies").iterdir()))
    records = b"".join(path.read_bytes() for path in (tmp_path / "evidence").rglob("*.jsonl"))
    assert b"/api/v1/pods" in records
    kept += records
    for gone in ("canary", secret, "managedFields", "last-applied"):
        assert gone.encode() not in kept, gone
    assert b'"kept":"yes"' in kept


def test_what_was_found_then_is_not_what_is_found_now(tmp_path: Path) -> None:
    """Whose a pod is depends on what else there is: no result of a page is remembered."""
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "later"}
    made = pod("bad", privileged=True)
    made["metadata"]["ownerReferences"] = [{**reference, "controller": True}]
    metadata = {"name": "web", "namespace": "ml", "uid": "later"}
    apps = ("apps", "v1", (("Deployment", "deployments", True),))
    answers = {"/apis": fake.discovery(apps), PODS: page([made])}
    kinds = KINDS | {"k8s/Deployment"}
    found = []
    for number, deployments in enumerate(([], [{"metadata": metadata}])):
        listed = fake.page_of("apps/v1", deployments, "Deployment")
        path = "/apis/apps/v1/deployments"
        with serving(_of({**answers, path: listed})) as server:
            pages = read(collector(tmp_path, server), kinds, tmp_path / str(number))
            document = json.loads(Run(cache=tmp_path / "cache").results(pages))
        found += [
            (item["resource"]["kind"], item["resource"]["name"])
            for item in document["findings"]
            if item["rule"] == "k8s-container-privileged"
        ]
    assert found == [("k8s/Pod", "bad"), ("k8s/Deployment", "web")]


def _of(answers: dict[str, Reply]) -> Handler:
    return lambda asked: answers.get(asked.path)


def test_ten_thousand_namespaces(tmp_path: Path) -> None:
    def handle(asked: Asked) -> Reply:
        start, limit = int(asked.query.get("continue", "0")), int(asked.query["limit"])
        names = range(start, min(10_000, start + limit))
        items = [{"metadata": {"name": f"n{number:05}", "uid": str(number)}} for number in names]
        more = {"continue": str(start + limit)} if start + limit < 10_000 else {}
        return page(items, "Namespace", **more)

    document = scanned(tmp_path, on("/api/v1/namespaces", handle))
    assert document["gaps"] == []
    assert document["coverage"]["resources"]["k8s/Namespace"]["seen"] == 10_000
    assert document["counts"]["k8s-pod-security-label-missing"]["fail"] == 10_000


def test_what_was_asked_of_the_server(tmp_path: Path) -> None:
    with serving(healthy) as server:
        pages = read(collector(tmp_path, server), KINDS, tmp_path)
    assert {asked.method for asked in server.asked} == {"GET", "POST"}
    posted = {asked.path for asked in server.asked if asked.method == "POST"}
    assert posted == {"/apis/authentication.k8s.io/v1/selfsubjectreviews"}
    assert {asked.headers["authorization"] for asked in server.asked} == {"Bearer canary-token"}
    assert all(record.answered is Answered.OK for record in pages.records)


ENCODED = "e30.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6YTpiIn0.c2ln"
WHO = {
    "since 1.28": ((), "canary-token", "tester", "authentication.k8s.io/v1"),
    "1.27": (("v1",), "canary-token", "tester", "authentication.k8s.io/v1beta1"),
    "1.26": (("v1", "v1beta1"), "canary-token", "tester", "authentication.k8s.io/v1alpha1"),
    "before": (
        ("v1", "v1beta1", "v1alpha1"),
        ENCODED,
        "system:serviceaccount:a:b",
        "our token's own claim; the server did not say: HTTP 404",
    ),
    "before, with a token that says nothing": (
        ("v1", "v1beta1", "v1alpha1"),
        "canary-token",
        "",
        "not told: HTTP 404",
    ),
}


@pytest.mark.parametrize(("missing", "token", "name", "via"), WHO.values(), ids=WHO.keys())
def test_who_we_are_on_old_servers(
    tmp_path: Path, missing: tuple[str, ...], token: str, name: str, via: str
) -> None:
    paths = {REVIEW.format(version) for version in missing}

    def handle(asked: Asked) -> Reply | None:
        return status(404, "not found") if asked.path in paths else None

    with serving(handle) as server:
        live = collector(tmp_path, server)
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(kubeconfig.read_text().replace("canary-token", token))
        who = live.examine(KINDS, tmp_path).principal
    assert who.name == name
    assert via in who.via


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the person who runs this is none of our business."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
