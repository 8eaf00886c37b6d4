"""Whose cluster a saved component is of: by its name, by its node, or by being the only one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.auditing.exports import METRICS
from auditor.analysis.auditing.logging import AuditLogging
from auditor.analysis.controlplane.components import NODE, ControlPlanes
from auditor.analysis.controlplane.pairing import Place, Saved, owner, owners, unshown
from auditor.analysis.protocol import JoiningAnalysis, Site
from auditor.model.fact import Fact
from auditor.model.resource import Resource, Target
from auditor.platforms.kubernetes import COMPONENT_FLAGS, NODE_COMPONENTS
from auditor.runner.rows import joined
from tests.unit.analysis.controlplane.planes import pod, process, read_yaml, system
from tests.unit.analysis.joining import SITE, rows_of
from tests.unit.analysis.test_selections import resource

SCHEDULER = "kube-scheduler"
API = "kube-apiserver"
ROLE = "node-role.kubernetes.io/control-plane"


def place(target: str, *nodes: str, control: Sequence[str] = ()) -> Place:
    return Place(target, frozenset(nodes), frozenset(control))


PROD = place("k8s://prod?namespace=a", "cp1", "gpu-7")
EDGE = place("k8s://admin@edge", "edge-1", "cp2")
CLOUD = place("k8s://arn:aws:eks:eu:1:cluster%2Fml", "cp2")


@pytest.mark.parametrize(
    ("saved", "whose"),
    [
        pytest.param(Saved(API, "prod"), 0, id="the name of its context"),
        pytest.param(Saved(API, "edge"), 1, id="the cluster of its context"),
        pytest.param(Saved(API, "admin@edge"), 1, id="all of its context"),
        pytest.param(Saved(API, "ml"), 2, id="what is last in it"),
        pytest.param(Saved(API, "gpu-7"), 0, id="a node of it"),
        pytest.param(Saved(API, "cp2"), None, id="a node of two"),
        pytest.param(Saved(API, "x", node="cp1"), 0, id="where a probe ran"),
        pytest.param(Saved(API, "prod", node="edge-1"), 1, id="its node counts before its name"),
        pytest.param(Saved(API, "prod", node="other"), None, id="a node of none"),
        pytest.param(Saved(API, "other"), None, id="nothing"),
        pytest.param(Saved(API, ""), None, id="no name"),
    ],
)
def test_whose_a_file_is(saved: Saved, whose: int | None) -> None:
    assert owner(saved, (PROD, EDGE, CLOUD)) == whose


def test_two_contexts_of_one_name() -> None:
    assert owner(Saved(API, "edge"), (EDGE, place("k8s://viewer@edge"))) is None
    assert owner(Saved(API, "a"), (place("k8s://"),)) is None


def test_the_only_ones() -> None:
    other, probe = Saved(API, "other"), Saved(API, "x", node="strange")
    assert owners([other], [PROD, EDGE], [True, False]) == [0]
    assert owners([other], [PROD, EDGE], [True, True]) == [None]
    assert owners([other, Saved(API, "edge")], [PROD, EDGE], [True, True]) == [0, 1]
    assert owners([other, other], [PROD], [True]) == [None, None]
    assert owners([probe], [PROD], [True]) == [None], "its node is of another cluster"
    assert owners([other], [PROD], [False]) == [None]


NAMES = st.sampled_from(["prod", "edge", "cp1", "cp2", "other"])
FILES = st.lists(st.builds(Saved, st.just(API), NAMES, st.sampled_from(["", "", "cp1", "cp2"])))
PLACES = st.lists(
    st.tuples(
        st.builds(place, st.sampled_from(["k8s://prod", "k8s://a@edge", "k8s://x"]), NAMES),
        st.booleans(),
    ),
    max_size=4,
)


@given(FILES, PLACES, st.randoms(use_true_random=False))
def test_no_order_decides(
    files: list[Saved], clusters: list[tuple[Place, bool]], chance: Any
) -> None:
    """A file is of one cluster at most, and of that whatever came first."""
    whose = owners(files, [each for each, _ in clusters], [lacks for _, lacks in clusters])
    before = [clusters[at] if at is not None else None for at in whose]
    order, moved = list(range(len(files))), list(clusters)
    chance.shuffle(order)
    chance.shuffle(moved)
    again = owners(
        [files[at] for at in order], [each for each, _ in moved], [lacks for _, lacks in moved]
    )
    after = [moved[at] if at is not None else None for at in again]
    assert [after[order.index(at)] for at in range(len(files))] == before


def test_on_which_nodes_a_component_is_not_shown() -> None:
    three = place("k8s://prod", "cp1", "cp2", "gpu", control=("cp1", "cp2"))
    assert unshown(three, []) is None
    assert unshown(three, [Saved(API, "x", "cp1")]) == {"cp2"}
    assert unshown(three, [Saved(API, "x", "cp1"), Saved(API, "cp2")]) == frozenset()
    assert unshown(three, [Saved(API, "prod")]) == frozenset()
    assert unshown(place("k8s://prod", "cp1"), [Saved(API, "x", "cp1")]) == frozenset()


def cluster(name: str) -> Site:
    return Site(Target(f"k8s://{name}", f"{name}-uid", version="v1.36.2"), "e" * 64, lambda *_: 0)


def node(name: str, *, control: bool = True) -> Resource:
    found = resource(NODE, name, "", metadata={"name": name})
    return msgspec.structs.replace(found, labels=((ROLE, ""),) if control else ())


def flagz(name: str, component: str) -> Resource:
    flags = {"audit-log-path": ["/a"], "profiling": ["false"]}
    return resource(COMPONENT_FLAGS, name, "", component=component, flags=flags)


def probe(name: str, *components: str) -> Resource:
    seen = [process(each, flags={"profiling": ["false"]}) for each in components]
    return resource(NODE_COMPONENTS, name, "", node=name, components=seen)


def run(analysis: JoiningAnalysis, *sites: tuple[Site, Iterable[Resource]]) -> list[Fact]:
    lines = sorted(line for site, resources in sites for line in rows_of(analysis, resources, site))
    (found,) = (list(each.derive(groups)) for each, groups in joined((analysis,), lines))
    return [each for each in found if isinstance(each, Fact)]


def missing(*sites: tuple[Site, Iterable[Resource]]) -> set[tuple[str, str, str]]:
    """Which cluster does not show which component, and why."""
    facts = run(ControlPlanes(read_yaml), *sites)
    bodies = [(each.subject.target, msgspec.json.decode(each.body)) for each in facts]
    return {
        (target, body["component"], body["why"]) for target, body in bodies if not body["found"]
    }


def test_each_cluster_has_its_own_flags() -> None:
    """Of three components, of two clusters, one is named after neither."""
    files = [flagz("a", SCHEDULER), flagz("b", SCHEDULER), flagz("c", "kube-controller-manager")]
    found = missing(
        (cluster("a"), [system(), pod()]), (cluster("b"), [system(), pod()]), (SITE, files)
    )
    assert {(target, name) for target, name, _ in found} == {
        (f"k8s://{name}", component)
        for name in "ab"
        for component in ("kube-controller-manager", "etcd")
    }


def test_a_probe_shows_what_runs_on_its_node() -> None:
    live = [system(), node("cp1"), node("cp2"), node("gpu-7", control=False)]
    everything = (API, SCHEDULER, "kube-controller-manager", "etcd")
    found = missing((cluster("a"), live), (SITE, [probe("cp1", *everything)]))
    assert {why for *_, why in found} == {"no mirror pod of it is shown on cp2"}
    assert {name for _, name, _ in found} == set(everything)
    both = [probe("cp1", *everything), probe("cp2", *everything[:3])]
    found = missing((cluster("a"), live), (SITE, both))
    assert found == {("k8s://a", "etcd", "no mirror pod of it is shown on cp2")}
    strange = [probe("cp9", *everything)]
    assert len(missing((cluster("a"), live), (SITE, strange))) == 4
    twice = missing((cluster("a"), live), (cluster("b"), live), (SITE, both))
    assert len(twice) == 8, "two clusters have a node of that name"


def logging(*sites: tuple[Site, Iterable[Resource]]) -> dict[tuple[str, str], dict[str, Any]]:
    facts = run(AuditLogging(read_yaml), *sites)
    return {
        (each.subject.target, each.subject.name): msgspec.json.decode(each.body) for each in facts
    }


def test_audit_logging_of_two_clusters() -> None:
    counters = {"event_total": 7, "error_total": 0, "requests_rejected_total": 0}
    files = [
        flagz("a", API),
        resource(METRICS, "b", "", **counters),
        resource(METRICS, "c", "", **counters),
    ]
    found = logging((cluster("a"), [system()]), (cluster("b"), [system()]), (SITE, files))
    assert set(found) == {("t", "a"), ("k8s://b", "kube-system"), ("t", "c")}
    assert found["t", "a"]["log"] == "/a"
    assert found["k8s://b", "kube-system"]["events"] == 7
    ambiguous = [flagz("x", API), flagz("y", API)]
    found = logging((cluster("a"), [system()]), (cluster("b"), [system()]), (SITE, ambiguous))
    assert [found[f"k8s://{name}", "kube-system"]["known"] for name in "ab"] == [False, False]


def test_a_probe_tells_of_the_log_as_well() -> None:
    found = logging((cluster("a"), [system(), node("cp1")]), (SITE, [probe("cp1", API)]))
    assert set(found) == {("t", "cp1")}
    found = logging(
        (cluster("a"), [system(), node("cp1"), node("cp2")]), (SITE, [probe("cp1", API)])
    )
    assert found["k8s://a", "kube-system"]["known"] is False, "nobody has seen that of cp2"


def test_counters_of_a_cluster_that_shows_its_server() -> None:
    counters = {"event_total": 7, "error_total": 0, "requests_rejected_total": 0}
    files = [resource(METRICS, "a", "", **counters)]
    found = logging((cluster("a"), [system(), pod()]), (cluster("b"), [system()]), (SITE, files))
    assert found["k8s://a", "kube-apiserver-cp1"]["events"] == 7
    assert found["k8s://b", "kube-system"]["known"] is False
    twice = [*files, resource(METRICS, "kube-apiserver", "", **counters)]
    found = logging((cluster("a"), [system()]), (SITE, [*twice, *twice[:1]]))
    assert found["k8s://a", "kube-system"]["known"] is False, "two files of one name"
