"""What a worker brings of a target is what this machine would have made of it; nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from auditor.cli.wiring import SHIPPED
from auditor.engine.sources import WantedKinds
from auditor.errors import CollectionError, RenderError
from auditor.evidence.layout import Collected
from auditor.model.enums import Answered
from auditor.model.evidence import Principal, Record, TargetEntry
from auditor.ports import Plan, Sink
from auditor.runner.errands import (
    Brought,
    Errand,
    Judge,
    brought_of,
    encoded,
    errand_of,
    run_errand,
    taken_in,
)
from auditor.runner.gather import CollectionRequest, Fetched, Stopped, gather
from auditor.runner.job import context_of, prepared
from auditor.runner.run import Before, audit
from auditor.runner.settings import Settings, Stamp
from reports.style import FILE_STYLE
from tests.e2e.runs import MOMENT, chosen
from tests.faults.server import page, pod

CHOSEN = chosen()
URI = "k8s://a"
SECRET = "canary-word-of-17"  # noqa: S105 - of nobody
PODS = page([pod("good"), pod("bad", privileged=True)]).body


class Cluster(msgspec.Struct, frozen=True):
    """A live target with a page of pods, which uses a secret and may repeat it."""

    uri: str = URI
    body: bytes = PODS

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        """See :class:`auditor.ports.Live`."""
        sink.keep_out(SECRET)
        (sink.scratch / "key.pem").write_text(SECRET)
        progress(0, 1)
        record = Record(1, "k8s/Pod", "", "GET /api/v1/pods", MOMENT, MOMENT, Answered.OK, 200)
        sink.add(record, self.body)
        who = Principal("me")
        known = tuple(sorted(kinds))
        return TargetEntry(self.uri, "uid", "v1.37.0", "", who, MOMENT, MOMENT, known)


def errand(**more: object) -> Errand:
    values: dict[str, object] = {"number": 0, "uri": URI, "kinds": ("k8s/Pod",)}
    return Errand(**{**values, "way": b"", "parcel": b"", "weight": 1 << 20, **more})  # type: ignore[arg-type]  # as they are named


def brought(folder: Path, target: Cluster, **more: object) -> Brought:
    ready = prepared(CHOSEN)
    context = context_of(ready, list_all=False, memo=True)
    judge = Judge(CHOSEN, context, list_all=False, memo=True, turn=threading.Lock())
    folder.mkdir()
    found = errand_of(encoded(errand(**more)))
    made = run_errand(found, target, judge, SHIPPED.reader_of, folder, lambda: MOMENT, lambda: None)
    return brought_of(encoded(made))


class Away(Cluster, frozen=True):
    """The same, read by a worker: :class:`auditor.runner.gather.Distant`."""

    folder: Path = Path()
    keep: bool = False

    def fetch(self, number: int, order: CollectionRequest) -> Fetched | None:
        """See :class:`auditor.runner.gather.Distant`."""
        found = brought(self.folder, Cluster(self.uri, self.body), number=number, keep=self.keep)
        return taken_in(found, number, order)


def results(folder: Path, *targets: Cluster) -> bytes:
    """What a run over targets says."""
    folder.mkdir()
    wanted = WantedKinds(frozenset({"k8s/Pod"}))
    order = CollectionRequest(wanted, folder / "evidence", folder, lambda: MOMENT)
    (folder / "spool").mkdir()
    collectors, _ = gather(targets, order, SHIPPED.reader_of, lambda *_: None)
    settings = Settings(CHOSEN, "", 1, folder / "spool", None)
    stamp = Stamp("1", "run", MOMENT, lambda: MOMENT)
    report = audit(collectors, settings, stamp, lambda *_: None, before=Before(judged=order.judged))
    return b"".join(SHIPPED.formats["json"](FILE_STYLE)(report))


def test_the_same_bytes(tmp_path: Path) -> None:
    here = results(tmp_path / "here", Cluster(), Cluster("k8s://b"))
    there = results(
        tmp_path / "there",
        Away(folder=tmp_path / "w1"),
        Away("k8s://b", folder=tmp_path / "w2", keep=True),
    )
    assert here == there
    assert b"k8s-container-privileged" in here
    evidence = sorted(path.name for path in (tmp_path / "there" / "evidence").rglob("*.*"))
    assert evidence == ["000000.jsonl", *(each for each in evidence if each.endswith(".zst"))]


def test_what_it_used_is_not_brought(tmp_path: Path) -> None:
    """A key that its connection had in a file is no leak, and stays there."""
    found = brought(tmp_path / "w", Cluster(), keep=True, commitments=b"k" * 32)
    assert found.leak == ""
    assert found.plan is not None
    assert SECRET.encode() not in encoded(found)
    assert len(found.files) > 2


def test_a_secret_that_the_target_repeats_is_not_brought(tmp_path: Path) -> None:
    body = page([pod(f"x-{SECRET}")]).body
    found = brought(tmp_path / "w", Cluster(body=body), keep=True, commitments=b"k" * 32)
    assert "would hold a credential of this run" in found.leak
    assert SECRET.encode() not in encoded(found)
    order = CollectionRequest(WantedKinds(), tmp_path, tmp_path, lambda: MOMENT)
    with pytest.raises(RenderError, match="would hold a credential"):
        taken_in(found, 0, order)


def test_nobody_waits_any_more(tmp_path: Path) -> None:
    def go_on() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        run_errand(
            errand(),
            Cluster(),
            Judge(CHOSEN, None, False, True, threading.Lock()),  # type: ignore[arg-type]  # not judged
            SHIPPED.reader_of,
            tmp_path,
            lambda: MOMENT,
            go_on,
        )


ENTRY = TargetEntry(URI, "uid", "", "", Principal(""), MOMENT, MOMENT)
HOSTILE = (
    "../x",
    "/etc/x",
    "spool/../x",
    "spool/shard-000000-0000/x",
    "spool/shard-000000-0000\n",
    "bodies/x.zst",
    "bodies/" + "0" * 64 + ".zst/..",
    "evidence/0000/../000000.jsonl",
    "manifest.json",
    "results.json",
    "attestations/x",
    "",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_other_file_is_taken(tmp_path: Path, name: str) -> None:
    order = CollectionRequest(WantedKinds(), tmp_path / "e", tmp_path, lambda: MOMENT)
    told = Brought(Collected(ENTRY, ()), Plan((), ()), files=((name, b"x"),))
    with pytest.raises(CollectionError, match="no part of an answer"):
        taken_in(told, 0, order)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
