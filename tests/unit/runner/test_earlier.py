"""What a target came to before: taken for what has not changed in anything, and for nothing else.

A file that is taken stays as it is; one that is not is replaced by another.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.network.questions import Question
from auditor.cli.wires.derived import asking
from auditor.model.enums import GapCause
from auditor.model.resource import Evidence, Gap, Resource, Target
from auditor.platforms import Platforms
from auditor.policy import CacheFolder
from auditor.ports import Plan, Reading, Shard
from auditor.runner.earlier import Earlier
from auditor.runner.job import Context, Job, context_of
from auditor.runner.seen import Seen
from auditor.runner.settings import Chosen
from auditor.runner.state import TargetRun
from collectors.documents.collector import FilesCollector
from collectors.kubernetes.manifests.recogniser import MANIFESTS
from tests.e2e.passing import Passing, PassingReading
from tests.e2e.runs import Run, chosen, collector_of, preparation
from tests.sweeps import examples

SHARD = 1 << 10
NAMESPACES = ("ml", "web", "ops")
OBJECTS = {
    "pod": """\
apiVersion: v1
kind: Pod
metadata: {{name: "{name}", namespace: {namespace}, labels: {{app: a}}}}
spec: {{hostPID: true, serviceAccountName: runner, containers: [{{name: c, image: r.io/a}}]}}
""",
    "policy": """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: "{name}", namespace: {namespace}}}
spec: {{podSelector: {{matchLabels: {{app: a}}}}, policyTypes: [Ingress]}}
""",
    "limits": """\
apiVersion: v1
kind: LimitRange
metadata: {{name: "{name}", namespace: {namespace}}}
spec: {{limits: [{{type: Container, default: {{memory: 1Gi}}}}]}}
""",
    "service": """\
apiVersion: v1
kind: Service
metadata: {{name: "{name}", namespace: {namespace}}}
spec: {{selector: {{app: b}}, ports: [{{port: 80}}]}}
""",
    "binding": """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: "{name}", namespace: {namespace}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}}
subjects: [{{kind: ServiceAccount, name: runner, namespace: {namespace}}}]
""",
    "broken": "kind: [",
    "other": "a: 1\n",
}


def text(what: str, number: int) -> str:
    """An object of a kind; its name and namespace follow from a number."""
    return OBJECTS[what].format(name=f"{what}-{number}", namespace=NAMESPACES[number % 3])


def written(root: Path, files: int = 12) -> Path:
    """A tree with some of everything, in several shards."""
    root.mkdir(parents=True)
    for number in range(files):
        what = list(OBJECTS)[number % len(OBJECTS)]
        (root / f"{number:02d}.yaml").write_text(text(what, number))
    return root


def kept(cache: Path) -> Path:
    """The file of the only scope."""
    (found,) = cache.rglob("whole.bin")
    return found


def was_taken(cache: Path, scan: Callable[[], object]) -> bool:
    """Whether a scan took what was kept, and judged nothing."""
    before = kept(cache).stat().st_ino, kept(cache).stat().st_mtime_ns
    held = kept(cache).open("rb")  # so that its number is not given to another file
    with held:
        scan()
        return before == (kept(cache).stat().st_ino, kept(cache).stat().st_mtime_ns)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return written(tmp_path / "tree")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def results(root: Path, cache: Path | None, **options: object) -> bytes:
    run = replace(Run(cache=cache, shard_weight=SHARD), **options)
    return run.results(collector_of(root))


def test_a_second_scan_takes_it(tree: Path, cache: Path) -> None:
    expected = results(tree, None)
    assert results(tree, cache) == expected
    assert was_taken(cache, lambda: results(tree, cache))
    assert results(tree, cache) == expected
    assert was_taken(cache, lambda: results(tree, cache, memo=False))


@pytest.mark.process
def test_it_is_taken_whatever_the_workers(tree: Path, cache: Path) -> None:
    expected = results(tree, cache, workers=3)
    assert expected == results(tree, None)
    assert was_taken(cache, lambda: results(tree, cache, workers=3, memo=False))


def _changed(path: Path) -> None:
    path.write_text(path.read_text() + "# changed\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "one in the first shard": lambda root: _changed(root / "00.yaml"),
    "one in the last": lambda root: _changed(root / "11.yaml"),
    "one more": lambda root: (root / "zz.yaml").write_text(text("pod", 99)),
    "one less": lambda root: (root / "03.yaml").unlink(),
    "one of another name": lambda root: (root / "03.yaml").rename(root / "03b.yaml"),
    "two that change places": lambda root: (
        (root / "03.yaml").rename(root / "x.yaml"),
        (root / "04.yaml").rename(root / "03.yaml"),
        (root / "x.yaml").rename(root / "04.yaml"),
    ),
    "one that cannot be read": lambda root: (
        (root / "00.yaml").unlink(),
        (root / "00.yaml").symlink_to("nowhere"),
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_change_of_files(tree: Path, cache: Path, change: Callable[[Path], object]) -> None:
    results(tree, cache)
    change(tree)
    expected = results(tree, None)
    found: list[bytes] = []
    assert not was_taken(cache, lambda: found.append(results(tree, cache)))
    assert was_taken(cache, lambda: found.append(results(tree, cache)))
    assert found == [expected, expected]


STEPS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["remove", "again", *OBJECTS]), st.integers(0, 5)),
    max_size=3,
)


@given(st.lists(STEPS, min_size=1, max_size=4))
@examples(60, some=4)
def test_changes_by_chance(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[list[tuple[int, str, int]]]
) -> None:
    """With what earlier scans left there are the bytes that there are without."""
    root = written(tmp_path_factory.mktemp("chance") / "tree", 9)
    cache = root.parent / "cache"
    for steps in rounds:
        for number, what, other in steps:
            path = root / f"{number:02d}.yaml"
            if what == "remove":
                path.unlink(missing_ok=True)
            elif what == "again" and path.exists():
                path.write_text(path.read_text())
            elif what != "again":
                path.write_text(text(what, other))
        assert results(root, cache) == results(root, None)
    shutil.rmtree(root.parent)


@given(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=9), st.booleans())
@examples(60, some=4)
def test_damage_is_survived(
    tmp_path_factory: pytest.TempPathFactory, place: int, damage: bytes, cut: object
) -> None:
    root = tmp_path_factory.getbasetemp() / "damaged-whole"
    if not root.exists():
        written(root / "tree")
        results(root / "tree", root / "cache")
        (root / "expected").write_bytes(results(root / "tree", None))
    data = kept(root / "cache").read_bytes()
    start = place % len(data)
    spoiled = data[:start] + damage + (b"" if cut else data[start + len(damage) :])
    kept(root / "cache").write_bytes(spoiled)
    assert results(root / "tree", root / "cache") == (root / "expected").read_bytes()
    assert kept(root / "cache").read_bytes() == data


@dataclass(frozen=True, slots=True)
class Forgetful(Passing):
    """Reads as the real one; an object of one file takes more memory than there is."""

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        for each in self.inner.read(shard):
            yield each if isinstance(each, Gap) or each.source != "00.yaml" else Heavy(each)


class Heavy(PassingReading):
    """A reading that runs out of memory."""

    def resources(self) -> Iterator[Resource]:
        raise MemoryError
        yield


def test_what_may_go_right_another_time_is_not_kept(tree: Path, cache: Path) -> None:
    run = Run(cache=cache, shard_weight=SHARD)
    told = run.results(Forgetful(collector_of(tree)))
    assert b"not enough memory" in told
    assert list(cache.rglob("whole.bin")) == []
    assert b"not enough memory" not in run.results(collector_of(tree))


def test_a_target_of_many_is_another_than_one_alone(tree: Path, cache: Path) -> None:
    """What it hands on to what joins targets depends on there being others."""
    other = written(tree.parent / "other", 3)
    both = (collector_of(tree), collector_of(other, "other"))
    expected = Run(shard_weight=SHARD).results(*both)
    results(tree, cache)
    run = Run(cache=cache, shard_weight=SHARD)
    assert run.results(*both) == expected
    assert run.results(*both) == expected
    assert results(tree, cache) == results(tree, None)


class Asked(msgspec.Struct, frozen=True):
    """All that a target is asked with; a test changes one thing of it."""

    collector: FilesCollector
    chosen: Chosen
    context: Context
    gaps: tuple[Gap, ...] = ()
    list_all: bool = False
    alone: bool = True

    def earlier(self, root: Path) -> Earlier:
        folder = CacheFolder(root, ("results",))
        spool = root / "spool"
        job = Job(self.collector, self.chosen, spool, folder, self.list_all, memo=True)
        plan = Plan((Shard(0, ("00.yaml",), 1),), ())
        return Earlier(job, self.context, plan, self.gaps, alone=self.alone)


def _asked(tree: Path) -> Asked:
    context = context_of(preparation().ready, list_all=False, memo=True)
    return Asked(collector_of(tree), chosen(), context)


def _with_profile(asked: Asked, **fields: str) -> Asked:
    profile = msgspec.structs.replace(asked.context.profile, **fields)
    return msgspec.structs.replace(
        asked, context=msgspec.structs.replace(asked.context, profile=profile)
    )


def _with_gaps(asked: Asked, **fields: str) -> Asked:
    gap = Gap("tree", "a.yaml", GapCause.DENIED, "closed")
    return msgspec.structs.replace(asked, gaps=(msgspec.structs.replace(gap, **fields),))


def _with_target(asked: Asked, target: Target) -> Asked:
    collector = FilesCollector(target, asked.collector.root, (MANIFESTS,))
    return msgspec.structs.replace(asked, collector=collector)


def _with_chosen(asked: Asked, **fields: object) -> Asked:
    made = msgspec.structs.replace(asked.chosen, **fields)
    return msgspec.structs.replace(asked, chosen=made)


def _without_analysis(asked: Asked) -> Asked:
    analyses = asked.context.analyses
    fewer = msgspec.structs.replace(analyses, joining=analyses.joining[1:])
    context = msgspec.structs.replace(asked.context, analyses=fewer)
    return msgspec.structs.replace(asked, context=context)


INPUTS: dict[str, Callable[[Asked], Asked]] = {
    "policy, profile or parameters": lambda asked: _with_profile(asked, digest="sha256:0"),
    "target": lambda asked: _with_target(asked, Target("other", "files")),
    "identity of the target": lambda asked: _with_target(asked, Target("tree", "another")),
    "findings that are listed": lambda asked: msgspec.structs.replace(asked, list_all=True),
    "other targets": lambda asked: msgspec.structs.replace(asked, alone=False),
    "a gap": _with_gaps,
    "another gap": lambda asked: _with_gaps(asked, namespace="ml"),
    "an analysis less": _without_analysis,
    "questions": lambda asked: _with_chosen(
        asked, analyses=asking((Question("pod:ml/a", "pod:web/b", "80"),))
    ),
    "other questions": lambda asked: _with_chosen(
        asked, analyses=asking((Question("pod:ml/a", "pod:web/b", "81"),))
    ),
    "platforms": lambda asked: _with_chosen(
        asked, platforms=Platforms(tuple(asked.chosen.platforms)[1:])
    ),
}


def test_each_input_has_a_place_of_its_own(tree: Path, tmp_path: Path) -> None:
    """What was kept with one is nothing to any other; that of each is what that one kept."""
    asked = _asked(tree)
    seen = Seen()
    for each in asked.collector.read(Shard(0, ("00.yaml",), 1)):
        seen.add(each)
    every = {"as it was": asked, **{name: change(asked) for name, change in INPUTS.items()}}
    (tmp_path / "spool").mkdir()
    for number, (name, one) in enumerate(every.items(), 1):
        one.earlier(tmp_path).keep(TargetRun(files=number, seen={0: seen.digest()}))
        for other, two in every.items():
            run = TargetRun()
            assert two.earlier(tmp_path).recall(run) == (name == other), (name, other)
            assert run.files == (number if name == other else 0)
        shutil.rmtree(tmp_path / "results")


GAPS = st.builds(
    Gap, st.just("t"), st.text(max_size=3), st.sampled_from(GapCause), st.text(max_size=3)
)


class File(msgspec.Struct, frozen=True):
    """What of a reading tells it from others."""

    source: str
    scope: str
    evidence: Evidence


FILES = st.builds(
    File,
    st.text(max_size=3),
    st.text(max_size=3),
    st.builds(
        lambda digest, taken: Evidence("t", "r", digest, 1, taken_as=taken),
        st.sampled_from(["0" * 64, "1" * 64]),
        st.sampled_from(["", " partial"]),
    ),
)
READINGS = st.lists(FILES | GAPS, max_size=3)


def _digest(readings: list[Reading | Gap]) -> bytes:
    seen = Seen()
    for each in readings:
        seen.add(each)
    return seen.digest()


@given(READINGS, READINGS)
@examples(400)
def test_other_readings_have_another_digest(
    one: list[Reading | Gap], two: list[Reading | Gap]
) -> None:
    assert (_digest(one) == _digest(two)) == (_told(one) == _told(two))


def _told(readings: list[Reading | Gap]) -> list[object]:
    return [
        each if isinstance(each, Gap) else (each.source, each.scope, each.evidence.key)
        for each in readings
    ]
