"""What an API server prints of itself: refused, absent, malformed, and whose server it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.runs import Run
from tests.faults.clusters import collector, on
from tests.faults.server import Asked, Handler, Reply, page, serving, status
from tests.live.cluster import read

FLAGZ = """apiserver flagz
Warning: This endpoint is not meant to be machine parseable
audit-log-maxage=7
audit-log-path: /var/log/audit.log
audit-policy-file /etc/kubernetes/audit.yaml
token-auth-file=
"""
METRICS = """# HELP aggregator_x A counter that nobody asks for.
aggregator_x 3
# HELP apiserver_audit_event_total [ALPHA] Counter of audit events generated.
# TYPE apiserver_audit_event_total counter
apiserver_audit_event_total 12
apiserver_audit_error_total{plugin="buffered"} 2
apiserver_storage_objects{resource="canary-token"} 9
"""
FLAGS_KIND = "k8s/Flags.component.k8s.io"
METRICS_KIND = "k8s/Metrics.apiserver.k8s.io"
POLICY = "k8s-audit-policy-missing"
AGE = "k8s-audit-log-age-short"
NONE = "k8s-audit-events-none"
LOST = "k8s-audit-events-lost"
TEXT = "text/plain; version=0.0.4"
REFUSED = status(403, 'forbidden: User "u" cannot get path "/flagz"')
ABSENT = status(404, "the server could not find the requested resource")


def text(body: str, media: str = TEXT) -> Reply:
    return Reply(body.encode(), media=media)


def cluster(flagz: Reply = ABSENT, metrics: Reply = ABSENT) -> Handler:
    system = page([{"metadata": {"name": "kube-system", "uid": "the-cluster"}}], "Namespace")
    names = on("/api/v1/namespaces", system)
    handlers = (names, on("/flagz", flagz), on("/metrics", metrics))

    def handle(asked: Asked) -> Reply | None:
        if asked.path in {"/flagz", "/metrics"}:
            assert (asked.method, asked.query) == ("GET", {})
            assert asked.headers["accept"] == "text/plain"
        return next((found for each in handlers if (found := each(asked)) is not None), None)

    return handle


def scanned(folder: Path, handler: Handler, profile: str = "audit-logging") -> dict[str, Any]:
    """The results of a scan, with what was kept under ``kept``."""
    run = Run(profile=profile, list_all=True)
    with serving(handler) as server:
        pages = read(collector(folder, server), run.wanted("k8s://fake"), folder)
    document: dict[str, Any] = json.loads(run.results(pages))
    kept = {each.kind: pages.bodies.body(each) for each in pages.records if each.sha256}
    return {**document, "kept": kept}


def verdicts(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for each in document["findings"]:
        found.setdefault(each["rule"], []).append((each["resource"]["name"], each["verdict"]))
    return found


def test_a_server_that_tells_of_itself(tmp_path: Path) -> None:
    document = scanned(tmp_path, cluster(text(FLAGZ), text(METRICS)))
    found = verdicts(document)
    assert found[POLICY] == [("kube-apiserver", "pass")]
    assert found[AGE] == [("kube-apiserver", "fail")]
    assert found[NONE] == [("kube-apiserver", "pass")]
    assert found[LOST] == [("kube-apiserver", "fail")]
    assert [gap["scope"] for gap in document["gaps"]] == []
    (aged,) = (each for each in document["findings"] if each["rule"] == AGE)
    assert aged["resource"]["kind"] == FLAGS_KIND
    assert {"path": "/flags/audit-log-maxage/0", "value": 7} in aged["observed"]
    assert document["kept"][FLAGS_KIND] == FLAGZ.encode()
    assert b"event_total 12" in document["kept"][METRICS_KIND]
    assert b"canary" not in document["kept"][METRICS_KIND], "only what counts audit events is kept"


def test_its_counters_alone(tmp_path: Path) -> None:
    document = scanned(tmp_path, cluster(metrics=text(METRICS)))
    found = verdicts(document)
    assert found[POLICY] == [("kube-system", "pass")], "events are written, so there is a policy"
    assert found[NONE] == [("kube-system", "pass")]
    assert found[AGE] == [("kube-system", "unknown")], "for how long no counter tells"


def test_a_server_that_has_written_nothing(tmp_path: Path) -> None:
    silent = METRICS.replace("total 12", "total 0")
    found = verdicts(scanned(tmp_path, cluster(text(FLAGZ), text(silent))))
    assert found[NONE] == [("kube-apiserver", "fail")]
    assert found[POLICY] == [("kube-apiserver", "pass")], "it has one, and it comes to nothing"
    other = tmp_path / "other"
    other.mkdir()
    found = verdicts(scanned(other, cluster(metrics=text(silent))))
    assert found[POLICY] == [("kube-system", "unknown")]


def test_what_is_not_there_is_no_gap(tmp_path: Path) -> None:
    """Kubernetes has /flagz since 1.32, and switched on since 1.36."""
    document = scanned(tmp_path, cluster())
    found = verdicts(document)
    assert document["gaps"] == []
    assert found[POLICY] == [("kube-system", "unknown")]
    assert found[NONE] == [("kube-system", "not-applicable")]


MALFORMED = {
    "a page": (text("<html>login</html>", "text/html"), "the answer is text/html, not plain text"),
    "json": (Reply(b"{}"), "the answer is application/json, not plain text"),
    "no type": (Reply(b"x", media=""), "the answer is nothing that says what it is"),
    "no flags": (text("apiserver flagz\n"), "it has no flags"),
    "of another": (text("kubelet flagz\na=b\n"), "no component printed its flags in it"),
    "words": (text("it works!\n"), "the answer is not what an API server prints there"),
    "nothing": (text(""), "the answer is not what an API server prints there"),
    "bytes": (Reply(b"apiserver flagz\n\x00\xff=\xfe", media=TEXT), "is not what an API server"),
    "too large": (text("apiserver flagz\n" + "a" * (2 << 20)), "an answer of more than"),
    "an error": (status(500, "broken"), "HTTP 500 4 times: broken"),
}


@pytest.mark.parametrize(("answer", "said"), MALFORMED.values(), ids=MALFORMED)
def test_flags_that_are_none(tmp_path: Path, answer: Reply, said: str) -> None:
    """What rests on them is undecided, the counters are not."""
    document = scanned(tmp_path, cluster(answer, text(METRICS)))
    (gap,) = document["gaps"]
    assert gap["scope"] == FLAGS_KIND
    assert said in gap["detail"]
    assert AGE in gap["rules"]
    found = verdicts(document)
    assert found[AGE] == [("kube-system", "unknown")]
    assert found[NONE] == [("kube-system", "pass")]


COUNTERS = {
    "refused": (REFUSED, "denied"),
    "none on audits": (text("# HELP a b\na 1\n"), "malformed"),
    "no count of events": (text('apiserver_audit_level_total{level="None"} 3\n'), "malformed"),
    "a page": (text("<html>", "text/html"), "malformed"),
    "endless": (text("apiserver_audit_event_total 1\n" * (1 << 16)), "truncated"),
}


@pytest.mark.parametrize(("answer", "cause"), COUNTERS.values(), ids=COUNTERS)
def test_counters_that_are_none(tmp_path: Path, answer: Reply, cause: str) -> None:
    """Rules on counters are undecided, with the cause; those on flags are not."""
    document = scanned(tmp_path, cluster(text(FLAGZ), answer))
    (gap,) = document["gaps"]
    assert (gap["scope"], gap["cause"]) == (METRICS_KIND, cause)
    assert set(gap["rules"]) == {NONE, LOST}
    found = verdicts(document)
    assert found[AGE] == [("kube-apiserver", "fail")]
    assert {verdict for rule in (NONE, LOST) for _, verdict in found[rule]} == {"unknown"}


def test_flags_that_are_refused(tmp_path: Path) -> None:
    document = scanned(tmp_path, cluster(REFUSED, text(METRICS)))
    (gap,) = document["gaps"]
    assert (gap["scope"], gap["cause"]) == (FLAGS_KIND, "denied")
    assert "auditor permissions k8s prints the role" in gap["hint"]
    assert verdicts(document)[AGE] == [("kube-system", "unknown")]


def test_a_profile_without_rules_on_them_does_not_ask(tmp_path: Path) -> None:
    def handle(asked: Asked) -> None:
        assert asked.path not in {"/flagz", "/metrics"}

    assert scanned(tmp_path, handle, "ai-platform")["gaps"] == []


def test_secrets_in_flags_are_not_kept(tmp_path: Path) -> None:
    line = "etcd-servers=https://root:hunter2hunter2@etcd:2379\n"
    document = scanned(tmp_path, cluster(text(FLAGZ + line)))
    assert b"hunter2" not in document["kept"][FLAGS_KIND]
    assert b"audit-log-maxage=7" in document["kept"][FLAGS_KIND]
