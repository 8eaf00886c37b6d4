"""What changed is new, what did not change is known, wherever in its list it stands now.

Elements of every kind are inserted, removed, swapped, renamed and changed, in any order. The oracle
says of a state which element has which faults, from how it was made; a finding is new when its
element was not there before, or had not this fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.parts import named
from auditor.analysis.rows import rows_from_table
from auditor.analysis.workloads import Workloads
from auditor.engine.kinds import Plans
from auditor.engine.lines import LineWriter
from auditor.engine.merge import Merger
from auditor.evidence.compare import changes
from auditor.model.resource import Resource, Target
from auditor.model.results_finding import FindingState, FindingSummary
from auditor.platforms import PLATFORMS
from auditor.policy.compiled import ActiveRule
from auditor.runner.baseline import BaselineComparison
from auditor.runner.settings import Known, State
from collectors.kubernetes.manifests.blocks import Memory
from collectors.kubernetes.manifests.reading import ManifestReading
from collectors.kubernetes.objects import Maker
from tests.unit.engine.making import active

ROOT = Path(__file__).parents[3]
TABLE = yaml.safe_load((ROOT / "policies/tables/pod-templates.yaml").read_text())
WORKLOADS = Workloads(rows_from_table(TABLE))
TARGET = Target("estate", "files")


class Item(msgspec.Struct, frozen=True):
    """An element: its name, where its kind has one, and how it is faulty; "" is not."""

    name: str
    faults: tuple[str, ...]
    version: int = 0


Make = Callable[[Item], object]


class Kind(msgspec.Struct, frozen=True):
    """A list of elements: of what object, by what rule, and what tells an element there.

    ``told``: by its ``name``, by ``what`` it is, or not at all (``whole``: one finding of them all,
    with a fault for what each of them is; ``bag``: with a fault for each fault).
    """

    head: Mapping[str, Any]
    place: tuple[str, ...]
    make: Make
    rule: ActiveRule
    told: str = "name"


def _pod(item: Item) -> dict[str, object]:
    return {"spec": {"containers": [_container(Item("main", item.faults, item.version))]}}


def _container(item: Item) -> dict[str, object]:
    capabilities = {"add": list(item.faults)}
    image = f"r.io/a:{item.version}"
    return {"name": item.name, "image": image, "securityContext": {"capabilities": capabilities}}


def _rule(each: str, check: str, *kinds: str, message: str = "bad") -> ActiveRule:
    return active(check, kinds=kinds, each=each, message=message)


CONTAINERS = _rule(
    "object.spec.?containers.orValue([])",
    'item.?securityContext.?capabilities.?add.orValue([]).all(c, c in ["FINE"])',
    "k8s/PodTemplate",
    "k8s/PodTemplatePatch",
    message="{item.name} runs {item.image}",
)
SPEC = ("spec",)
KINDS = {
    "containers": Kind(
        {"apiVersion": "v1", "kind": "Pod"}, (*SPEC, "containers"), _container, CONTAINERS
    ),
    "rules of a role": Kind(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role"},
        ("rules",),
        lambda item: {"verbs": ["get", *item.faults], "resources": [item.name]},
        _rule("object.rules", "item.verbs.all(v, v == 'get')", "k8s/Role"),
        "what",
    ),
    "subjects": Kind(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding"},
        ("subjects",),
        lambda item: {"kind": "User", "name": item.name, "bad": list(item.faults)},
        _rule("object.subjects", "item.bad.all(b, b == '')", "k8s/RoleBinding"),
    ),
    "accounts by namespace": Kind(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding"},
        ("subjects",),
        lambda item: {
            "kind": "ServiceAccount",
            "name": "default",
            "namespace": item.name,
            "bad": list(item.faults),
        },
        _rule("object.subjects", "!item.bad.exists(b, b != '')", "k8s/RoleBinding"),
    ),
    "volumes": Kind(
        {"apiVersion": "v1", "kind": "Pod"},
        (*SPEC, "volumes"),
        lambda item: {"name": item.name, "hostPath": {"path": "/".join(item.faults)}},
        _rule("object.spec.volumes", 'item.hostPath.path == ""', "k8s/PodTemplate"),
        "together",
    ),
    "worker groups": Kind(
        {"apiVersion": "ray.io/v1", "kind": "RayCluster"},
        (*SPEC, "workerGroupSpecs"),
        lambda item: {"groupName": item.name, "template": _pod(item)},
        CONTAINERS,
    ),
    "templates of a workflow": Kind(
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"},
        (*SPEC, "templates"),
        lambda item: {"name": item.name, "container": _container(item)},
        CONTAINERS,
    ),
    "jobs of a set": Kind(
        {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet"},
        (*SPEC, "replicatedJobs"),
        lambda item: {"name": item.name, "template": {"spec": {"template": _pod(item)}}},
        CONTAINERS,
    ),
    "objects in an object": Kind(
        {"apiVersion": "work.open-cluster-management.io/v1", "kind": "ManifestWork"},
        (*SPEC, "workload", "manifests"),
        lambda item: {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": item.name, "namespace": "b"},
            **_pod(item),
        },
        CONTAINERS,
    ),
    "found by shape": Kind(
        {"apiVersion": "new.example.io/v1", "kind": "Thing"},
        (*SPEC, "sets"),
        lambda item: {"name": item.name, "podTemplate": _pod(item)},
        CONTAINERS,
    ),
    "found by shape, without names": Kind(
        {"apiVersion": "new.example.io/v1", "kind": "Thing"},
        (*SPEC, "sets"),
        lambda item: {"label": item.name, "podTemplate": _pod(item)},
        CONTAINERS,
        "what",
    ),
    "texts": Kind(
        {"apiVersion": "v1", "kind": "Service"},
        (*SPEC, "externalIPs"),
        lambda item: "+".join((item.name, *item.faults)),
        _rule("object.spec.externalIPs", "!item.contains('+')", "k8s/Service"),
        "what",
    ),
    "nested": Kind(
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"},
        (*SPEC, "ingress"),
        lambda item: {
            "from": [{"to": each} for each in item.faults],
            "ports": [{"port": item.name}],
        },
        active(
            "object.spec.?ingress.orValue([]).all(r, r.from.all(p, p.to == ''))",
            kinds=["k8s/NetworkPolicy"],
        ),
        "whole",
    ),
    "variables": Kind(
        {"apiVersion": "v1", "kind": "Pod"},
        (*SPEC, "env"),
        lambda item: {"name": item.name, "value": "+".join(item.faults)},
        active("!object.spec.?env.orValue([]).exists(e, e.value != '')", kinds=["k8s/PodTemplate"]),
        "bag",
    ),
    "variables that a message lists": Kind(
        {"apiVersion": "v1", "kind": "Pod"},
        (*SPEC, "env"),
        lambda item: {"name": item.name, "value": "+".join(item.faults)},
        active(
            "!object.spec.?env.orValue([]).exists(e, e.value != '')",
            kinds=["k8s/PodTemplate"],
            message="sets {object.spec.env.filter(e, e.value != '').map(e, e.name).join(', ')}",
        ),
        "bag",
    ),
    "keys of a map": Kind(
        {"apiVersion": "v1", "kind": "ConfigMap"},
        ("data",),
        lambda item: {item.name: "+".join(item.faults)},
        active(
            "!object.?data.orValue({}).exists(k, object.data[k] != '')", kinds=["k8s/ConfigMap"]
        ),
        "bag",
    ),
}


def _object(kind: Kind, items: Sequence[Item]) -> dict[str, Any]:
    made: Any = [kind.make(item) for item in items]
    if kind.place == ("data",):
        made = {key: value for each in made for key, value in each.items()}
    for field in reversed(kind.place):
        made = {field: made}
    metadata = {"name": "x", "namespace": "a"}
    return {**kind.head, "metadata": metadata, **made}


def _findings(kind: Kind, items: Sequence[Item]) -> list[bytes]:
    """The findings of one object, as a run has them."""
    plans = Plans([kind.rule], list_all=False, memo=True)
    writer = LineWriter([kind.rule], PLATFORMS.counted_with)
    body = _object(kind, items)
    resource = Maker("a.yaml").make(body, msgspec.json.encode(body), 0, 1, clean=True)
    lines: list[bytes] = []
    for subject in (resource, *named(resource, WORKLOADS.derive(resource))):
        assert isinstance(subject, Resource)
        plan = plans.get(subject.kind)
        if plan is not None:
            for judgement in plan.judge(subject.body, clean=subject.clean):
                lines += writer.lines(subject, TARGET, judgement.outcomes, lambda _: 0, "0" * 64)
    merger = Merger(needy=frozenset(), list_all=False)
    return [line for block in merger.merge([sorted(lines)]) for line in block]


def _briefs(lines: Sequence[bytes]) -> dict[str, FindingSummary]:
    found = [msgspec.json.decode(line, type=FindingSummary) for line in lines]
    assert {each.verdict for each in found} <= {"fail"}, found
    by_print = {each.fingerprint: each for each in found}
    assert len(by_print) == len(found)
    return by_print


def _quiet(lines: Sequence[bytes]) -> dict[str, FindingSummary]:
    found = _briefs(lines)
    return {name: msgspec.structs.replace(each, message="") for name, each in found.items()}


def _new(before: Sequence[bytes], after: Sequence[bytes]) -> list[bytes]:
    """What a baseline of one state says is new in another."""
    known = {
        name: State(each.verdict, each.severity, each.causes)
        for name, each in _briefs(before).items()
    }
    comparison = BaselineComparison(Known("run", "sha256:0", known))
    amended = [comparison.amend(line, _state(line)) for line in after]
    new = [line for line, _ in amended if b'"new":true' in line]
    assert new == [line for line, counted in amended if counted], "the gate counts what is new"
    return new


_state = msgspec.json.Decoder(FindingState).decode


def _faults(kind: Kind, items: Sequence[Item]) -> dict[object, frozenset[object]]:
    """Which findings there are, told apart as they should be, and the faults of each."""
    bad = [item for item in items if item.faults]
    match kind.told:
        case "name":
            return {item.name: frozenset(item.faults) for item in bad}
        case "together":
            return {item.name: frozenset([item.faults]) for item in bad}
        case "what":
            twins: Counter[object] = Counter()
            found: dict[object, frozenset[object]] = {}
            for item in bad:
                what = (item.name, frozenset(item.faults))
                twins[what] += 1
                found[what, twins[what]] = frozenset(item.faults)
            return found
        case "whole":
            whole = {(item.name, frozenset(item.faults)) for item in bad}
            return {"": frozenset(whole)} if whole else {}
        case _:
            bag = {(item.name, item.faults) for item in bad}
            return {"": frozenset(bag)} if bag else {}


NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta"])
FAULTS = st.sampled_from([(), ("A",), ("B",), ("A", "B"), ("A", "B", "C")])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "remove", "swap", "rename", "change", "release"]),
        st.integers(0, 5),
        NAMES,
        FAULTS,
    ),
    max_size=6,
)


def _stepped(items: Sequence[Item], step: tuple[str, int, str, tuple[str, ...]]) -> list[Item]:
    what, number, name, faults = step
    changed = list(items)
    index = number % len(changed) if changed else 0
    free = name not in {item.name for item in changed}
    match what:
        case "insert" if free:
            changed.insert(index, Item(name, faults))
        case "remove" if changed:
            del changed[index]
        case "swap" if changed:
            changed[index], changed[-1] = changed[-1], changed[index]
        case "rename" if changed and free:
            changed[index] = msgspec.structs.replace(changed[index], name=name)
        case "change" if changed:
            changed[index] = msgspec.structs.replace(changed[index], faults=faults)
        case "release" if changed:
            changed[index] = msgspec.structs.replace(changed[index], version=number)
        case _:
            pass
    return changed


def _agrees(kind: Kind, before: Sequence[Item], after: Sequence[Item]) -> None:
    first, second = _findings(kind, before), _findings(kind, after)
    then, now = _faults(kind, before), _faults(kind, after)
    assert len(second) == len(now), (before, after)
    fresh = [each for each, faults in now.items() if not faults <= then.get(each, frozenset())]
    told = _new(first, second)
    assert len(told) == len(fresh), (before, after, told)
    # what is new to a baseline is new or changed to diff
    changed = {
        each.after.fingerprint
        for each in changes(_briefs(first), _briefs(second))
        if each.after is not None
    }
    assert set(_briefs(told)) <= changed
    if then == now:  # a message may still name another version of an image
        told_of = changes(_quiet(first), _quiet(second))
        assert not list(told_of), (before, after)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
@given(
    start=st.lists(st.tuples(NAMES, FAULTS), max_size=3, unique_by=lambda pair: pair[0]),
    steps=STEPS,
)
def test_what_changed_is_new(
    kind: Kind,
    start: list[tuple[str, tuple[str, ...]]],
    steps: list[tuple[str, int, str, tuple[str, ...]]],
) -> None:
    before = [Item(name, faults) for name, faults in start]
    after = before
    for step in steps:
        after = _stepped(after, step)
    _agrees(kind, before, after)
    _agrees(kind, after, before)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_each_step_alone(kind: Kind) -> None:
    """For every kind: each of them passed for known, or told all others as new."""
    a, b, fine = Item("alpha", ("A",)), Item("beta", ("B",)), Item("gamma", ())
    _agrees(kind, [a, b], [Item("delta", ("C",)), a, b])  # one before the others
    _agrees(kind, [a, b], [b])
    _agrees(kind, [a, b], [b, a])
    _agrees(kind, [a], [Item("delta", ("A",))])  # another in its place
    _agrees(kind, [a], [Item("alpha", ("A", "B"))])  # one fault more
    _agrees(kind, [fine, a], [Item("gamma", ("A",)), a])


def _written(items: Sequence[Item], *, listed: bool) -> bytes:
    """Pods that have a key twice, once for each fault: one a document, or all in a list."""
    pods = []
    for item in items:
        twice = "".join(f"      {key}: {n}\n" for key in item.faults for n in (1, 2))
        pods.append(
            f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {item.name}, namespace: a}}\n"
            f"spec:\n  containers:\n  - name: main\n    image: r.io/a:{item.version}\n"
            f"    limits:\n{twice or '      C: 1'}\n"
        )
    if not listed:
        return "---\n".join(pods).encode()
    each = ["- " + pod.rstrip().replace("\n", "\n  ") for pod in pods]
    return "\n".join(("apiVersion: v1\nkind: List\nitems:", *each, "")).encode()


def _keys_twice(items: Sequence[Item], *, listed: bool) -> list[bytes]:
    """The findings of a file of such pods, as a run has them."""
    rule = active("object.same", kinds=["files/DuplicateKey"], message="{object.path}")
    plans = Plans([rule], list_all=False, memo=True)
    writer = LineWriter([rule], PLATFORMS.counted_with)
    reading = ManifestReading("estate", "a.yaml", _written(items, listed=listed), Memory())
    lines: list[bytes] = []
    for found in reading.resources():
        plan = plans.get(found.kind)
        if plan is not None:
            for judgement in plan.judge(found.body):
                lines += writer.lines(found, TARGET, judgement.outcomes, lambda _: 0, "0" * 64)
    assert not reading.gaps()
    merger = Merger(needy=frozenset(), list_all=False)
    return [line for block in merger.merge([sorted(lines)]) for line in block]


@pytest.mark.parametrize("listed", [False, True])
@given(
    start=st.lists(st.tuples(NAMES, FAULTS), max_size=3, unique_by=lambda pair: pair[0]),
    steps=STEPS,
)
def test_keys_that_are_there_twice(
    *,
    listed: bool,
    start: list[tuple[str, tuple[str, ...]]],
    steps: list[tuple[str, int, str, tuple[str, ...]]],
) -> None:
    """They are told by their object, wherever in the file or the list that stands."""
    before = [Item(name, faults) for name, faults in start]
    after = before
    for step in steps:
        after = _stepped(after, step)
    first, second = (_keys_twice(items, listed=listed) for items in (before, after))
    then, now = (
        {(item.name, key) for item in items for key in item.faults} for items in (before, after)
    )
    assert (len(first), len(second)) == (len(then), len(now))
    assert len(_new(first, second)) == len(now - then)
    assert len(_new(second, first)) == len(then - now)


def test_true_twins_are_counted() -> None:
    kind = KINDS["rules of a role"]
    twin = Item("alpha", ("A",))
    _agrees(kind, [twin], [twin, twin])
    _agrees(kind, [twin, twin], [twin])
    _agrees(KINDS["found by shape, without names"], [twin, twin], [twin, twin, twin])


def test_order_and_version_say_nothing() -> None:
    kind = KINDS["found by shape, without names"]
    assert not _new(
        _findings(kind, [Item("alpha", ("A", "B"), 1)]),
        _findings(kind, [Item("alpha", ("B", "A"), 2)]),
    )
