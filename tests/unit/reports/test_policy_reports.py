"""Reports that a cluster holds: whose report a finding is in, its name, what has no room."""

from __future__ import annotations

import base64
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.enums import Decision, GapCause
from auditor.model.finding import GapReport, Report, RuleInfo
from auditor.model.resource import Gap
from auditor.model.results import GateResult
from auditor.model.results_finding import Finding, Waiver
from reports import policy_reports
from tests.contract.reports import VERDICTS, Many, finding, reference, report

NAME = re.compile("[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
MARK = Waiver("W-1", "ml", "moves", "ciso", "2027-01-01")
RENDERS = {"openreports": policy_reports.render_open, "policyreport": policy_reports.render_older}


def items(what: Report, name: str = "openreports") -> list[Any]:
    found = json.loads(b"".join(RENDERS[name](what)))
    assert (found["apiVersion"], found["kind"]) == ("v1", "List")
    kept: list[Any] = found["items"]
    return kept


def places(what: Report) -> dict[tuple[str, str], list[str]]:
    """The messages of results by target and namespace."""
    return {
        (each["metadata"]["annotations"].get("auditor/target", ""), namespace(each)): [
            result["message"] for result in each["results"]
        ]
        for each in items(what)[1:]
    }


def namespace(item: Any) -> str:
    found: str = item["metadata"].get("namespace", "")
    assert (item["kind"] == "Report") == bool(found)
    return found


def test_a_report_a_namespace_and_one_for_the_rest() -> None:
    seen = (
        finding(0, resource=reference("a", namespace="ml")),
        finding(1, resource=reference("b", namespace="web")),
        finding(2, resource=reference("c", namespace="", kind="k8s/Node")),
        finding(3, resource=reference("d", namespace="", kind="docker/Container")),
        finding(4, resource=reference("e", namespace="ml", target="k8s://x")),
        finding(5, resource=reference("f", namespace="ml")),
    )
    gaps = (
        GapReport(Gap("t", "k8s/Pod", GapCause.DENIED, "403", "", 0, "web"), ()),
        GapReport(Gap("t", "k8s/Node", GapCause.DENIED, "403", ""), ()),
        GapReport(Gap("k8s://x", "k8s/Pod", GapCause.DENIED, "no", "", 0, "empty"), ()),
    )
    assert places(report(Many(seen), gaps=gaps)) == {
        ("t", "ml"): ["message 0", "message 5"],
        ("t", "web"): ["not read: k8s/Pod of t, namespace web: denied: 403", "message 1"],
        ("t", ""): ["not read: k8s/Node of t: denied: 403", "message 2", "message 3"],
        ("k8s://x", "ml"): ["message 4"],
        ("k8s://x", "empty"): ["not read: k8s/Pod of k8s://x, namespace empty: denied: no"],
    }


@pytest.mark.parametrize("odd", ["ML", "-a", "a.b", "a" * 64, "a/b", "a\n", "é", "{{ x }}"])
def test_what_can_be_no_namespace(odd: str) -> None:
    """A template that was not rendered, or a hostile name: the cluster would refuse the report."""
    found = places(report(Many((finding(resource=reference("a", namespace=odd)),)), gaps=()))
    assert found == {("t", ""): ["message 0"]}


def test_names_are_theirs_and_stay() -> None:
    seen = Many((finding(0), finding(1, resource=reference("a", target="k8s://x", namespace="ml"))))
    first, second = (
        [(each["metadata"]["name"], namespace(each)) for each in items(report(seen, run_id=run))]
        for run in ("0" * 32, "1" * 32)
    )
    assert first == second
    assert len(set(first)) == len(first) == 5
    assert all(NAME.fullmatch(name) for name, _ in first)
    other = items(report(seen, profile="other"))
    assert not {each["metadata"]["name"] for each in other} & {name for name, _ in first}


RESULTS = {
    "fail": "fail",
    "unknown": "error",
    "manual": "warn",
    "not-applicable": "skip",
    "pass": "pass",
}


@pytest.mark.parametrize(("verdict", "result"), RESULTS.items())
def test_verdicts(verdict: str, result: str) -> None:
    item = items(report(Many((finding(verdict=verdict),)), gaps=()))[1]
    (found,) = item["results"]
    assert (found["result"], found["severity"], found["policy"]) == (result, "high", "rule-one")
    assert found["scored"] is (verdict != "manual")
    assert item["summary"] == Counter({result: 1}) + Counter() | dict.fromkeys(
        set(RESULTS.values()) - {result}, 0
    )


def test_a_result() -> None:
    one = finding(related=(reference("other", file="b.yaml"),), waiver=MARK, new=True)
    ((found,), *_) = [each["results"] for each in items(report(Many((one,)), gaps=()))[1:]]
    assert found["result"] == "skip"
    assert found["resources"] == [{"kind": "Pod", "namespace": "ml", "name": "pod-0"}]
    assert found["timestamp"] == {"seconds": 1795392000, "nanos": 0}
    about = found["properties"]
    assert about["waiver"].startswith("accepted by ml, approved by ciso, until 2027-01-01: moves")
    assert (about["observed"], about["file"], about["new"]) == ("/spec/x = 0", "a.yaml:3", "yes")
    assert (about["related"], about["fingerprint"]) == ("Pod ml/other in b.yaml", one.fingerprint)


def test_what_fails_says_what_to_do() -> None:
    info = RuleInfo("rule-one", "Rule one", "high", "Drop `ALL`.\n\n    a: b\n")
    seen = Many((finding(0), finding(1, verdict="unknown")))
    *_, item = items(report(seen, gaps=(), rules={"rule-one": info}))
    assert [each["properties"].get("fix") for each in item["results"]] == ["Drop `ALL`.", None]


@pytest.mark.parametrize("decision", Decision)
def test_the_gate_is_the_first(decision: Decision) -> None:
    gate = GateResult("high", decision, ("because",), 1)
    run = items(report(Many(()), gate=gate))[0]
    (found,) = run["results"]
    assert run["kind"] == "ClusterReport"
    expected = {Decision.PASS: "pass", Decision.FAIL: "fail", Decision.INCOMPLETE: "error"}
    assert (found["policy"], found["result"]) == ("auditor-gate", expected[decision])
    assert found["message"].splitlines()[0].endswith("because")
    assert "k8s://x: unreachable" in found["message"].splitlines()


def test_the_two_differ_in_names_alone() -> None:
    what = report(Many((finding(),)))
    newer, older = items(what), items(what, "policyreport")
    assert {each["apiVersion"] for each in newer} == {"openreports.io/v1alpha1"}
    assert {each["apiVersion"] for each in older} == {"wgpolicyk8s.io/v1alpha2"}
    for one, other in zip(newer, older, strict=True):
        assert (one.pop("source"), other["kind"]) == (
            "auditor",
            one["kind"].replace("R", "PolicyR"),
        )
        same = {"apiVersion", "kind"}
        assert {key: one[key] for key in one.keys() - same} == {
            key: other[key] for key in other.keys() - same
        }


def large(number: int, **more: Any) -> Finding:
    return finding(number, message=f"{number} {'x' * 2000}", **more)


def test_what_has_no_room_is_counted() -> None:
    """The worst first; the summary counts all, and how many are left out is said twice."""
    seen = tuple(large(n, verdict="fail" if n < 900 else "pass") for n in range(1000))
    gaps = tuple(
        GapReport(Gap("t", f"{n}.yaml", GapCause.MALFORMED, "y" * 2000, "", 0, "ml"), ())
        for n in range(400)
    )
    _, item = items(report(Many(seen), gaps=gaps))
    assert len(json.dumps(item)) < 1_572_864
    *found, last = item["results"]
    kinds = Counter(each["policy"] for each in found)
    assert 200 < kinds["rule-one"] < 900
    assert 200 < kinds["auditor-not-read"] < 400, "what was not read has half of the room"
    left = 1400 - len(found)
    assert item["metadata"]["annotations"]["auditor/left-out"] == str(left)
    assert (last["policy"], last["result"]) == ("auditor-left-out", "skip")
    assert last["message"].startswith(f"{left} results are left out, the mildest")
    assert item["summary"] == {"pass": 100, "fail": 900, "warn": 0, "error": 400, "skip": 0}
    numbers = [int(each["message"].split()[0]) for each in found if each["policy"] == "rule-one"]
    assert numbers == [*range(len(numbers))]


def noise(number: int) -> str:
    """A text that does not become shorter when it is compressed, as names and digests do."""
    return base64.b64encode(random.Random(number).randbytes(1500)).decode()


@pytest.mark.parametrize(("more", "fewest", "most"), [(str, 1, 1), (noise, 2, 5)])
def test_more_namespaces_than_have_room_at_once(
    more: Callable[[int], str], fewest: int, most: int
) -> None:
    """Findings are read again for those; each is told once, and in its order.

    What is held is compressed, so that most have room.
    """

    class Read(Many):
        times_read = 0

        def __iter__(self) -> Iterator[Finding]:
            Read.times_read += 1
            return super().__iter__()

    seen = [
        finding(
            number,
            message=f"{number} {more(number)}{'x' * 500}",
            resource=reference("a", namespace=f"ns-{number % 40}"),
        )
        for number in range(8_000)
    ]
    found = places(report(Read(tuple(seen)), gaps=()))
    assert len(found) == 40
    told = Counter(message for messages in found.values() for message in messages)
    assert told == Counter(each.message for each in seen)
    for messages in found.values():
        assert messages == sorted(messages, key=lambda said: int(said.split()[0]))
    assert fewest <= Read.times_read <= most


PLACED = st.tuples(st.sampled_from(["a", "b", "", "C"]), st.sampled_from(VERDICTS))


@given(st.lists(PLACED, max_size=20))
def test_summaries_count_results(placed: list[tuple[str, str]]) -> None:
    seen = [
        finding(number, verdict=verdict, resource=reference("x", namespace=name))
        for number, (name, verdict) in enumerate(placed)
    ]
    found = items(report(Many(tuple(seen))))
    for item in found:
        results = Counter(each["result"] for each in item["results"])
        assert item["summary"] == {name: results[name] for name in item["summary"]}
    total = sum((Counter(item["summary"]) for item in found), Counter[str]())
    assert total.total() == len(seen) + 2 + 1
