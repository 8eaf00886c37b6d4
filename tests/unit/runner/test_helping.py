"""Facts that several processes derive are those that one derives, whoever dies on the way."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.protocol import (
    Feeds,
    Groups,
    Handed,
    Row,
    Site,
    Stage,
    Tables,
    Uncombined,
)
from auditor.cli.wiring import SHIPPED
from auditor.model.enums import GapCause
from auditor.model.fact import Fact, Origin
from auditor.model.resource import Gap, Resource
from auditor.runner.deriving import Derived, Deriving, derived
from auditor.runner.facts import Blind
from auditor.runner.job import Job, context_of
from auditor.runner.rows import SetApart, by_stage, encoded_all
from auditor.runner.run import audit
from auditor.runner.settings import Settings, Stamp
from auditor.runner.state import SortedRows
from auditor.runner.worker import run_shard
from tests.e2e.runs import MOMENT, chosen, collector_of, preparation
from tests.sweeps import examples

pytestmark = pytest.mark.process

POSTURE = "k8s/NamespacePosture"
LISTED = "k8s/RoleGrants"
LATER = "later"
DEADLINE = 60.0
NAMES = ("a-toy", "j-toy", "s-toy", "zz-toy")
"""Before, among and behind the analyses that there are."""


OBJECTS = """\
apiVersion: v1
kind: Namespace
metadata: {{name: n{number}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: p, namespace: n{number}, labels: {{app: a}}}}
spec: {{hostPID: true, containers: [{{name: c, image: r.io/a, ports: [{{containerPort: 80}}]}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: s, namespace: n{number}}}
spec: {{selector: {{app: b}}, ports: [{{port: 80}}]}}
"""


def written(root: Path) -> Path:
    """Namespaces with a pod and a service that selects none."""
    root.mkdir()
    for number in range(6):
        (root / f"{number}.yaml").write_text(OBJECTS.format(number=number))
    return root


def gap(scope: str) -> Gap:
    return Gap("tree", scope, GapCause.DENIED, "closed")


class Toy(Uncombined):
    """Does for each row what its tag says."""

    stage = Stage.TARGET
    reads = frozenset({"k8s/Namespace"})
    feeds: Feeds = MappingProxyType({POSTURE: MappingProxyType({})})

    def __init__(self, name: str, does: Callable[[], None] = lambda: None) -> None:
        self.id = name
        self._does = does

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        yield Row((resource.name,), POSTURE, site.origin(resource), b"{}")

    def derive(self, groups: Groups) -> Iterator[Fact | Gap | Handed]:
        self._does()
        for key, rows in groups:
            for row in rows:
                match row.tag:
                    case "bug":
                        raise ValueError(f"{self.id} {key}")
                    case "gap":
                        yield gap("k8s/LimitRange" if row.key == ("b",) else "k8s/Role")
                    case "hand":
                        yield Handed(LATER, partial(list, (row,)))
                    case kind:
                        yield Fact(kind, (self.id, *key), row.body, row.read_at)


def row(key: str, tag: str, document: int) -> Row:
    where = Origin("tree", "files", "k8s/Pod", key, "x", f"a#{document}", "a", document, 1, "e")
    return Row((key,), tag, where, b"{}")


ROWS = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.builds(
            row,
            st.sampled_from("abc"),
            st.sampled_from(["bug", "gap", "hand", POSTURE, POSTURE, LISTED]),
            st.integers(0, 9),
        ),
    ),
    max_size=8,
    unique_by=lambda pair: (pair[0], pair[1].key, pair[1].tag, pair[1].origin),
)


class Bench(msgspec.Struct):
    """What a small tree left for its analyses, to which toys can be added."""

    deriving: Deriving
    lines: list[bytes]
    folder: Path

    def derived(
        self, toys: Sequence[Toy], more: Sequence[tuple[str, Row]], helpers: int
    ) -> Derived:
        """Derive by the analyses that there are and some toys, in a folder of its own."""
        folder = self.folder / str(sum(1 for _ in self.folder.iterdir()))
        folder.mkdir()
        given = msgspec.structs.replace(self.deriving, analyses=(*self.deriving.analyses, *toys))
        rows = SortedRows(sorted([*self.lines, *encoded_all(more)]), ())
        apart = SetApart([LATER], folder)
        found = derived(given, rows, apart, folder, helpers)
        assert apart.lines == [line for line in rows.held if line.startswith(LATER.encode())]
        return found


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    root = tmp_path_factory.mktemp("helped")
    tree = written(root / "tree")
    context = context_of(preparation().ready, list_all=False, memo=True)
    collector = collector_of(tree)
    job = Job(collector, chosen(), root / "spool", None, list_all=False, memo=True)
    job.spool.mkdir()
    (shard,) = collector.plan(lambda _: 1).shards
    result = run_shard(job, context, shard)
    lines = [*result.rows]
    for path in result.row_spools:
        lines += Path(path).read_bytes().splitlines(keepends=True)
    deriving = Deriving(
        analyses=by_stage(context.analyses, Stage.TARGET),
        completing=context.analyses.completing,
        context=context,
        blind=Blind((), {}, context, whole=False),
        gaps=(),
        taking=(LATER,),
        target="tree",
        shard=64,
    )
    lines += encoded_all([(LATER, row("a", "x", 1)), (LATER, row("b", "x", 2))])
    (root / "each").mkdir()
    return Bench(deriving, lines, root / "each")


def told(found: Derived) -> tuple[object, ...]:
    """All that came of analyses, wherever the lines are."""
    judged, lines = found.judged, list(found.judged.lines)
    for spool in found.spools:
        some = Path(spool).read_bytes().splitlines(keepends=True)
        assert some == sorted(some)
        lines += some
    rest = (judged.tally, judged.gaps, judged.census, judged.evaluated, judged.handed)
    listed = [(kind, each.target, each.key, bytes(each.body)) for kind, each in judged.listed]
    mishaps = found.mishaps.count, found.mishaps.first
    return (sorted(lines), *rest, listed, mishaps)


@given(ROWS, st.integers(1, 4))
@examples(60)
def test_helpers_change_nothing(
    bench: Bench, rows: Sequence[tuple[str, Row]], helpers: int
) -> None:
    toys = [Toy(name) for name in NAMES]
    alone = told(bench.derived(toys, rows, 0))
    assert alone[0], "there are findings"
    assert told(bench.derived(toys, rows, helpers)) == alone


@pytest.mark.parametrize("helpers", [0, 2])
def test_a_gap_of_facts_reaches_what_waits(bench: Bench, helpers: int) -> None:
    """Whoever judges it first, memory limits are undecided once no LimitRange could be read."""
    toy = [Toy("zz-toy")]
    decided, undecided = (
        told(bench.derived(toy, [("zz-toy", row(key, "gap", 1))], helpers))[0] for key in "ab"
    )
    assert isinstance(decided, list)
    assert isinstance(undecided, list)
    assert not any(b"k8s/LimitRange was not read" in line for line in decided)
    assert any(b"k8s/LimitRange was not read" in line for line in undecided)


def wait_for(path: Path) -> None:
    until = time.monotonic() + DEADLINE
    while not path.exists():
        assert time.monotonic() < until, "no helper took anything"
        time.sleep(0.01)


class Deadly:
    """Ends a helper, by a signal or as the system would; this process waits until one has begun."""

    def __init__(self, mark: Path, ends: Callable[[], None]) -> None:
        self._mark = mark
        self._ends = ends
        self._here = os.getpid()

    def __call__(self) -> None:
        if os.getpid() == self._here:
            wait_for(self._mark)
            return
        self._mark.touch()
        self._ends()


def _killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _full() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _left() -> None:
    os._exit(0)


@pytest.mark.parametrize("ends", [_killed, _full, _left])
def test_what_a_helper_did_not_answer_is_done_here(
    bench: Bench, tmp_path: Path, ends: Callable[[], None]
) -> None:
    rows = [(name, row("a", POSTURE, 1)) for name in NAMES]
    alone = told(bench.derived([Toy(name) for name in NAMES], rows, 0))
    deadly = Deadly(tmp_path / "mark", ends)
    assert told(bench.derived([Toy(name, deadly) for name in NAMES], rows, 1)) == alone
    assert multiprocessing.active_children() == []


def test_what_the_system_refuses_everybody_ends_the_run(bench: Bench) -> None:
    rows = [(name, row("a", POSTURE, 1)) for name in NAMES]
    with pytest.raises(OSError, match="No space left"):
        bench.derived([Toy(name, _full) for name in NAMES], rows, 2)
    assert multiprocessing.active_children() == []


def test_whoever_is_interrupted_has_no_helper_left(bench: Bench, tmp_path: Path) -> None:
    def _interrupted() -> None:
        raise KeyboardInterrupt

    here, mark = os.getpid(), tmp_path / "mark"

    def hang() -> None:
        if os.getpid() != here:
            mark.touch()
            time.sleep(DEADLINE)
        wait_for(mark)
        _interrupted()

    rows = [(name, row("a", POSTURE, 1)) for name in NAMES]
    with pytest.raises(KeyboardInterrupt):
        bench.derived([Toy(name, hang) for name in NAMES], rows, 1)
    assert multiprocessing.active_children() == []


def test_a_run_on_workers_has_helpers(tmp_path: Path) -> None:
    tree = written(tmp_path / "tree")
    mark = tmp_path / "mark"
    deadly = Deadly(mark, _killed)
    table = SHIPPED.analyses
    makers = tuple(partial(_made, name, deadly) for name in NAMES)
    analyses = msgspec.structs.replace(table, joining=(*table.joining, *makers))
    asked = msgspec.structs.replace(chosen(), analyses=analyses, cache=None)
    settings = Settings(asked, "", 2, tmp_path / "spool", None, shard_weight=100)
    settings.spool.mkdir()
    stamp = Stamp("0", "0" * 32, MOMENT, lambda: MOMENT)
    report = audit([collector_of(tree)], settings, stamp, lambda *_: None)
    assert mark.exists()
    assert report.bug == ""


def _made(name: str, does: Callable[[], None], tables: Tables) -> Toy:
    del tables
    return Toy(name, does)
