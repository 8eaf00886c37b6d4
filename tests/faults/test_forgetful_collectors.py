"""A collector that forgets about secrets leaks none: the run and the sink do not rely on it.

The real runner, writer of bundles, reports and command line, and collectors of our own that never
call the redactor (ADR 0020).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from auditor.cli.app import run
from auditor.cli.bundling import Bundling
from auditor.cli.errors import show_error
from auditor.cli.exits import INCOMPLETE
from auditor.cli.judging import Judging
from auditor.cli.signing_options import Wanted
from auditor.cli.wiring import SHIPPED, CollectorOptions
from auditor.config import Config, read_config
from auditor.errors import CollectionError
from auditor.evidence.archive import unpack
from auditor.evidence.blocks import read_block
from auditor.ports import Collector, Live
from auditor.runner.gather import CollectionRequest, gather
from auditor.runner.settings import Stamp
from auditor.secrets.forms import forms
from tests.faults.forgetful import Canaries, Cluster, Files
from tests.unit.runner.test_mishaps import CHOICES

MOMENT = "2026-01-02T03:04:05.000000Z"
STAMP = Stamp("0", "0" * 32, MOMENT, lambda: MOMENT)


def config_in(home: Path) -> Config:
    home.mkdir(exist_ok=True)
    return read_config({"HOME": str(home)})


class Scan:
    """Audits as ``auditor scan`` does, with collectors that nobody can type."""

    def __init__(self, folder: Path, home: Path, **chosen: object) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self.spool.mkdir()
        self.config = config_in(home)
        report = f"json={folder / 'report.json'}"
        choices = msgspec.structs.replace(
            CHOICES, outputs=(report,), list_all=True, progress="plain", **chosen
        )
        self.judging = Judging(choices, self.config, [])
        self.settings = self.judging.settings(self.spool)
        wanted = self.judging.wanted(self.settings)
        self.order = CollectionRequest(wanted, self.spool / "evidence", self.spool, lambda: MOMENT)

    def judged(self, targets: Sequence[Collector | Live]) -> int:
        """Without a bundle."""
        collectors, _ = gather(targets, self.order, SHIPPED.reader_of, self.judging.progress)
        report = self.judging.audit(collectors, self.settings, STAMP)
        return self.judging.tell(report, self.order.bug)

    def bundled(self, targets: Sequence[Collector | Live], place: str) -> int:
        """With one."""
        wanted = Wanted(self.folder / place, "", False, None, None, "")
        bundling = Bundling(wanted, self.folder / place, self.config, ["scan"])
        report = bundling.audit(targets, self.order, self.judging, self.settings, STAMP)
        return self.judging.tell(report, self.order.bug)


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All files below a folder but for the policy, as they are, and what is in those packed."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and "/policy/" not in name:
            yield name, path.read_bytes()
            if path.suffix == ".zst":
                yield f"{name}, unpacked", read_block(path)


def leaks(folder: Path, canaries: Canaries, *texts: str) -> set[str]:
    """The places whose canary stands in a file or in a text, and where."""
    found = dict(contents(folder)) | {
        f"screen {at}": each.encode() for at, each in enumerate(texts)
    }
    everything = b"\n".join(found.values())
    return {
        f"{place} in {name}"
        for place, canary in canaries.at.items()
        for form in forms(canary)
        if form in everything
        for name, data in found.items()
        if form in data
    }


def files(canary: Canaries, *, claims: bool = False) -> list[Collector | Live]:
    return [Files(canary, claims=claims), Files(canary, fails=True)]


def clusters(canary: Canaries) -> list[Collector | Live]:
    return [
        Cluster(canary, "whole"),
        Cluster(canary, "refused", CollectionError),
        Cluster(canary, "broken", LookupError),
    ]


def of_all(canary: Canaries) -> list[Collector | Live]:
    return [*files(canary), *clusters(canary)]


def claiming(canary: Canaries) -> list[Collector | Live]:
    return files(canary, claims=True)


TARGETS = {"all": of_all, "files that claim to be clean": claiming}


def seen(folder: Path) -> set[str]:
    """Which resources failed: that a run leaks nothing because it saw nothing proves nothing."""
    results = json.loads((folder / "report.json").read_bytes())
    return {item["resource"]["kind"] for item in results["findings"] if item["verdict"] == "fail"}


@pytest.mark.parametrize("made", TARGETS.values(), ids=TARGETS.keys())
@pytest.mark.parametrize("place", ["bundle", "bundle.zip"])
def test_no_bundle_holds_a_canary(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    made: Callable[[Canaries], list[Collector | Live]],
    place: str,
) -> None:
    canaries = Canaries()
    Scan(tmp_path, tmp_path / "home").bundled(made(canaries), place)
    if place.endswith(".zip"):
        unpacked = tmp_path / "unpacked"
        unpacked.mkdir()
        unpack(tmp_path / place, unpacked)
    assert leaks(tmp_path, canaries, *capfd.readouterr()) == set()
    assert {"k8s/Pod", "k8s/Box.x"} & seen(tmp_path)
    assert len(canaries.at) > 20


@pytest.mark.parametrize("made", TARGETS.values(), ids=TARGETS.keys())
@pytest.mark.parametrize("memo", [True, False])
def test_no_cache_spool_and_screen_holds_a_canary(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    made: Callable[[Canaries], list[Collector | Live]],
    *,
    memo: bool,
) -> None:
    canaries = Canaries()
    for again in ("cold", "warm"):
        (tmp_path / again).mkdir()
        scan = Scan(tmp_path / again, tmp_path / "home", no_cache=False, no_memo=not memo)
        scan.judged(made(canaries))
        assert {"k8s/Pod", "k8s/Box.x"} & seen(tmp_path / again)
    assert [name for name, _ in contents(tmp_path / "home") if "/results/" in name]
    assert leaks(tmp_path, canaries, *capfd.readouterr()) == set()


def test_what_is_no_secret_is_kept_as_it_came(tmp_path: Path) -> None:
    """Of a text and of JSON only the canary is another, and the list of redactions says where."""
    Scan(tmp_path, tmp_path / "home").bundled(clusters(Canaries()), "bundle")
    bodies, lines = (
        b"".join(data for name, data in contents(tmp_path / "bundle") if folder in name)
        for folder in ("bodies", "redactions")
    )
    assert "FROM x\nENV DB_PASSWORD=«redacted:argument»\nRUN y\n".encode() in bodies
    assert b'"--plain"\n            ],' in bodies, "its spaces as well"
    found = {(each["request"], each["path"]): each for each in map(json.loads, lines.splitlines())}
    request = "GET /api/v1/pods?limit=5&access_token=«redacted:argument»"
    env = found[request, "/items/0/spec/containers/0/env/0/value"]
    assert env["shapes"] == ["by-name"]
    assert env["commitment"], "as for a collector that cleans by itself"


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_doctor_shows_no_canary(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    more: tuple[str, ...],
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    canaries = Canaries()

    def cluster(text: str, places: CollectorOptions) -> Cluster:
        del text, places
        return Cluster(canaries, "toy")

    wiring = msgspec.structs.replace(SHIPPED, collectors={"k8s": cluster})
    assert run(["doctor", "k8s://toy", *more], wiring) == INCOMPLETE
    shown = capfd.readouterr()
    assert "«redacted:" in shown.out or "\\u00abredacted:" in shown.out
    assert leaks(tmp_path, canaries, *shown) == set()


def test_errors_are_shown_without_canaries(capsys: pytest.CaptureFixture[str]) -> None:
    canary = Canaries()
    told = f"password={canary('told')}"
    show_error(CollectionError(canary.said("message"), hint=canary.said("hint"), diagnostics=told))
    shown = capsys.readouterr().err
    assert shown.count("«redacted:") == 3
    assert not any(value in shown for value in canary.at.values())
