"""Lines of findings: merged in any order and any shards, they are the same findings."""

from __future__ import annotations

import json
from io import BufferedReader, BytesIO
from itertools import chain, pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.lines import LineWriter
from auditor.engine.lines_about import LinesAbout
from auditor.engine.merge import MOST_FINGERPRINTS, Merger, blinded, in_order
from auditor.engine.outcome import Outcome, Seen
from auditor.model.enums import Severity, Verdict
from auditor.model.fact import Fact, Origin, Spot
from auditor.model.resource import Owner, Resource, Target
from auditor.model.results_finding import Finding
from auditor.platforms import PLATFORMS
from tests.sweeps import examples
from tests.unit.engine.making import active

RULES = (
    active("true", name="r-high"),
    active("true", name="r-low", severity=Severity.LOW, controls=["f:1"]),
    active("true", name="r-needy", needs=["k8s/Other"], severity=Severity.CRITICAL),
)
TARGET = Target("t", "files")
WRITER = LineWriter(RULES, PLATFORMS.counting())
NASTY = ("a", "b\ttab", "c\x1funit", 'd"quote', "e\nline", "ü", "\ud800", "", '"covers":0')


def resource(name: str = "x", **fields: Any) -> Resource:
    values: dict[str, Any] = {
        "kind": "k8s/Pod",
        "api_version": "v1",
        "namespace": "ml",
        "uid": f"a.yaml#k8s/Pod/ml/{name}",
        "source": "a.yaml",
        "document": 0,
        "line": 3,
        "body": b"{}",
    }
    return Resource(name=name, **{**values, **fields})


def outcome(rule: int = 0, verdict: Verdict = Verdict.FAIL, **fields: Any) -> Outcome:
    values: dict[str, Any] = {"element": "", "at": (), "message": "bad", "observed": ()}
    return Outcome(rule, verdict, **{**values, **fields})


def lines(subject: Resource, *outcomes: Outcome, line: int = 7, covers: int = 1) -> list[bytes]:
    return LinesAbout(WRITER, subject, TARGET, lambda _: line, "e" * 64).lines(outcomes, covers)


def merge(*shards: list[bytes], list_all: bool = True) -> tuple[list[dict[str, Any]], Merger]:
    merger = Merger(needy=frozenset({"r-needy"}), list_all=list_all)
    blocks = list(merger.merge([sorted(shard) for shard in shards]))
    assert all(text.endswith(b"}\n") and text.count(b"\n") == 1 for text in chain(*blocks))
    found = [json.loads(text) for text in chain(*blocks)]
    return found, merger


def place(finding: dict[str, Any]) -> tuple[str, int]:
    return finding["resource"]["file"], finding["resource"]["line"]


FINDINGS = st.builds(
    lambda name, file, rule, verdict, element, message: lines(
        resource(name, source=file, uid=f"{file}#k8s/Pod/ml/{name}"),
        outcome(rule, verdict, element=element, key=element, message=message),
    )[0],
    st.sampled_from(NASTY),
    st.sampled_from(("a.yaml", "b\t.yaml", "ü.yaml")),
    st.integers(0, 2),
    st.sampled_from(Verdict),
    st.sampled_from(NASTY),
    st.sampled_from(("m", "n\t\x1f")),
)


@given(st.lists(FINDINGS, max_size=12), st.randoms(use_true_random=False), st.booleans())
@examples(150)
def test_shards_and_order_change_nothing(found: list[bytes], random: Any, everything: Any) -> None:
    expected, whole = merge(found, list_all=everything)
    shuffled = random.sample(found, len(found))
    cuts = sorted(random.randint(0, len(found)) for _ in range(3))
    shards = [shuffled[one:two] for one, two in pairwise([0, *cuts, len(found)])]
    again, merger = merge(*shards, list_all=everything)
    assert again == expected
    assert merger.merged == whole.merged
    assert whole.merged.total == len(expected)
    prints = [(item["fingerprint"], item["verdict"]) for item in expected]
    assert len(set(prints)) == len(prints), "one finding has one line"


@given(st.lists(FINDINGS, max_size=12), st.randoms(use_true_random=False))
@examples(80)
def test_covers_add_up(found: list[bytes], random: Any) -> None:
    merged, _ = merge(found)
    assert sum(item["covers"] for item in merged) == len(found)
    twice, _ = merge(found, random.sample(found, len(found)))
    assert [item["covers"] for item in twice] == [2 * item["covers"] for item in merged]


def test_order_of_findings() -> None:
    """Fail before unknown, critical before low, then rule and resource."""
    found = [
        line
        for rule in range(3)
        for verdict in Verdict
        for name in "ba"
        for line in lines(resource(name), outcome(rule, verdict))
    ]
    merged, _ = merge(found)
    told = [(item["verdict"], item["severity"], item["resource"]["name"]) for item in merged]
    assert told[:8] == [
        ("fail", "critical", "a"),
        ("fail", "critical", "b"),
        ("fail", "high", "a"),
        ("fail", "high", "b"),
        ("fail", "low", "a"),
        ("fail", "low", "b"),
        ("unknown", "critical", "a"),
        ("unknown", "critical", "b"),
    ]
    verdicts = list(dict.fromkeys(verdict for verdict, _, _ in told))
    assert verdicts == ["fail", "unknown", "manual", "pass", "not-applicable"]


def test_one_finding_for_all_of_one_owner() -> None:
    """The first place is shown; the others are counted."""
    owner = Owner("apps/v1", "ReplicaSet", "ml", "web-5d9", "u")
    labels = (("pod-template-hash", "5d9"),)
    pods = [
        resource(f"web-5d9-{number}", controller=owner, labels=labels, source=f"{number}.yaml")
        for number in (2, 1, 3)
    ]
    merged, _ = merge(*(lines(pod, outcome()) for pod in pods))
    (found,) = merged
    assert found["covers"] == 3
    assert found["resource"]["kind"] == "k8s/Deployment"
    assert found["resource"]["name"] == "web"
    assert place(found) == ("1.yaml", 7)


def test_what_only_pods_have_differs() -> None:
    owner = Owner("apps/v1", "Deployment", "ml", "web", "u", templated=True)
    itself = resource("web", kind="k8s/Deployment", source="z.yaml", uid="u2")
    pods = [resource(f"web-{name}", controller=owner, source=name, uid=name) for name in "ab"]
    both = outcome(element="container c", key="c")
    alone = outcome(element="container proxy", key="proxy")
    merged, _ = merge(lines(itself, both), *(lines(pod, both, alone) for pod in pods))
    told = {item["element"]: (item["covers"], item.get("differs")) for item in merged}
    assert told == {"container c": (3, None), "container proxy": (2, True)}


def test_the_owner_itself_is_shown_before_its_pods() -> None:
    owner = Owner("apps/v1", "ReplicaSet", "ml", "web-5d9", "u")
    labels = (("pod-template-hash", "5d9"),)
    pod = resource("web-5d9-1", controller=owner, labels=labels, source="a.yaml", uid="u1")
    itself = resource("web", kind="k8s/Deployment", source="z.yaml", uid="u2")
    merged, _ = merge(lines(pod, outcome()), lines(itself, outcome()))
    (found,) = merged
    assert found["covers"] == 2
    assert place(found) == ("z.yaml", 7)


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        pytest.param({"message": "other"}, True, id="message"),
        pytest.param({"observed": (Seen(("image",), '"a:2"'),)}, True, id="observed value"),
        pytest.param({"verdict": Verdict.PASS}, True, id="verdict"),
        pytest.param({"element": "container b"}, True, id="what people call the element"),
        pytest.param({"key": "/spec/containers/b"}, False, id="element"),
        pytest.param({"at": ("spec", "containers", 7)}, True, id="where the element stands"),
        pytest.param({"causes": ("1a2b",)}, True, id="causes"),
        pytest.param({"rule": 1}, False, id="rule"),
    ],
)
def test_what_is_in_a_fingerprint(changed: dict[str, Any], same: bool) -> None:  # noqa: FBT001 - a table
    def fingerprint(made: Outcome) -> str:
        return merge(lines(resource(), made))[0][0]["fingerprint"]

    values = {"key": "/spec/containers/a", **changed}
    assert (
        fingerprint(outcome(key="/spec/containers/a")) == fingerprint(outcome(**values))
    ) is same


def test_places_are_not_in_a_fingerprint() -> None:
    one = merge(lines(resource(line=3, uid="u1"), outcome(), line=7))[0][0]
    two = merge(lines(resource(line=9, uid="u1", source="b.yaml"), outcome(), line=70))[0][0]
    assert one["fingerprint"] == two["fingerprint"]
    assert (place(one), place(two)) == (("a.yaml", 7), ("b.yaml", 70))


def test_taking_verdicts_back() -> None:
    found = [
        line
        for rule in (0, 2)
        for verdict in Verdict
        for line in lines(
            resource(f"n-{verdict.value}"),
            outcome(rule, verdict, observed=(Seen(("a",), '"covers\\":1"'),)),
            covers=2,
        )
    ]
    merged, _ = merge(blinded(found, {"r-needy": "k8s/Other was not read (denied: no)"}))
    needy = [item for item in merged if item["rule"] == "r-needy"]
    assert {item["verdict"] for item in needy} == {"unknown"}
    assert {item["message"] for item in needy} == {
        "not decided: k8s/Other was not read (denied: no)"
    }
    assert len(needy) == len(Verdict)
    before, _ = merge(found)
    for items in (before, merged):
        items[:] = [item for item in items if item["rule"] == "r-high"]
    assert merged == before, "the other rule keeps its verdicts"
    assert {item["covers"] for item in needy} == {2}
    assert {item["observed"][0]["value"] for item in needy} == {'covers":1'}


def test_a_needy_rule_lists_its_passes_only_when_asked() -> None:
    found = lines(resource(), outcome(2, Verdict.PASS), outcome(2, Verdict.FAIL))
    listed, merger = merge(found, list_all=False)
    assert [item["verdict"] for item in listed] == ["fail"]
    assert merger.merged.tallies == {("fail", "critical"): 1}


def test_a_control_lists_a_bounded_number_of_fingerprints() -> None:
    found = [line for number in range(300) for line in lines(resource(f"n{number}"), outcome())]
    listed, merger = merge(found)
    assert len(listed) == 300
    prints = merger.merged.deciding["r-high", "fail"]
    assert prints == [item["fingerprint"] for item in listed[:MOST_FINGERPRINTS]]


@given(st.lists(st.lists(st.binary(max_size=2), max_size=30), max_size=6), st.integers(1, 40))
def test_sorted_runs_come_in_order(runs: list[list[bytes]], block: int) -> None:
    ordered = [sorted(run) for run in runs]
    everything = sorted(line for run in runs for line in run)
    assert list(chain(*in_order(ordered, block))) == everything


@given(
    st.lists(st.lists(st.binary(max_size=3), max_size=30), max_size=6),
    st.integers(1, 60),
)
def test_sorted_files_come_in_order(runs: list[list[bytes]], most: int) -> None:
    ordered = [sorted(line.replace(b"\n", b"") + b"\n" for line in run) for run in runs]
    files = [BufferedReader(BytesIO(b"".join(run))) for run in ordered]
    assert list(chain(*in_order(files, most=most))) == sorted(chain(*ordered))


def test_of_files_with_long_lines_few_are_held() -> None:
    line = b"x" * 999 + b"\n"
    files = [BufferedReader(BytesIO(line * 100)) for _ in range(4)]
    blocks = list(in_order(files, most=8_000))
    assert max(map(len, blocks)) <= 4 * 3
    assert sum(map(len, blocks)) == 400


def origin(name: str, **fields: Any) -> Origin:
    values: dict[str, Any] = {
        "target": "t",
        "target_uid": "files",
        "kind": "k8s/Pod",
        "namespace": "ml",
        "uid": "",
        "source": f"{name}.yaml",
        "document": 0,
        "line": 0,
        "digest": "e" * 64,
    }
    return Origin(name=name, **{**values, **fields})


def test_a_fact_says_of_which_resource_a_value_was_read() -> None:
    subject, first, second = origin("a"), origin("b"), origin("c", line=9, digest="f" * 64)
    fact = Fact(
        *("k8s/Thing", ("k",), b"{}", subject, (first, second)),
        elsewhere=(("/own", Spot(0, "/spec")), ("/far", Spot(2, "/spec/x")), ("/sum", None)),
    )
    seen = tuple(Seen((name,), "1") for name in ("own", "far", "sum"))
    merged, _ = merge(WRITER.fact_lines(fact, [outcome(observed=seen)]))
    found = msgspec.convert(merged[0], Finding, strict=True)
    assert [each.of for each in found.observed] == [msgspec.UNSET, 1, msgspec.UNSET]
    assert found.related[found.observed[1].of].name == "c"
    assert [each.location for each in found.related] == ["b.yaml", "c.yaml:9"]
    assert found.observed[2].fact == "k8s/Thing"
    assert found.evidence == (f"sha256:{'e' * 64}", f"sha256:{'f' * 64}")
