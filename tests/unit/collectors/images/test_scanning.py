"""Running a scanner: what it is asked, and every way in which no report comes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.errors import CollectionError
from auditor.model.enums import Answered, GapCause
from auditor.model.evidence import TargetEntry
from auditor.model.resource import Gap
from auditor.platforms.images import DATABASE, REPORT
from collectors.images.scanning.target import ARGUMENTS, Options, Scan, TrivyTarget
from collectors.images.scanning.versions import Refused, refusal, refused_by
from tests.policies.shipped import POLICY
from tests.unit.collectors.images.scanners import (
    DIGEST,
    SAYS_REPORT,
    Kept,
    Remembering,
    Scanner,
    database,
    scanner,
)

pytestmark = pytest.mark.process

NOW = "2026-11-30T10:00:00Z"
BY_DIGEST = Scan(f"r.io/app@{DIGEST}", DIGEST)
BY_TAG = Scan("r.io/app:1")
REFUSED = refused_by(POLICY.tables)
ENOUGH = frozenset({REPORT, DATABASE})


class Ran(msgspec.Struct):
    """What came of a run: the entry of the target, and what was kept."""

    entry: TargetEntry
    kept: Kept

    def gap(self) -> Gap:
        """The only gap."""
        (found,) = self.entry.gaps
        return found


def ran(
    tmp_path: Path,
    program: Scanner | str,
    scans: Iterable[Scan] = (BY_DIGEST,),
    memory: Remembering | None = None,
    *,
    cache: Path | None = None,
    **options: Any,
) -> Ran:
    """Scan images with a program and a database, which is made where none is named."""
    if cache is None and not (cache := tmp_path / "cache").exists():
        database(cache)
    path = program if isinstance(program, str) else str(program.path)
    number = len(list(tmp_path.glob("scratch*")))
    kept = Kept(tmp_path / f"scratch{number}")
    known = {
        "path": "",
        "cache": cache,
        "program": path,
        "offline": True,
        "refused": REFUSED,
        **options,
    }
    target = TrivyTarget(("k8s://a",), tuple(scans), Options(**known), lambda: NOW, memory)
    return Ran(target.collect(ENOUGH, kept, _silent), kept)


def _silent(done: int, total: int) -> None:
    assert 0 <= done <= total


def test_a_report_and_the_database_are_kept(tmp_path: Path) -> None:
    program = scanner(tmp_path / "bin")
    done = ran(tmp_path, program)
    assert (done.entry.gaps, done.entry.version) == ((), "Trivy 0.76.0")
    assert done.entry.notes == ("Trivy 0.76.0 scanned 1 image",)
    (about, data), (record, report) = done.kept.answers
    assert (about.kind, record.kind, record.complete) == (DATABASE, REPORT, True)
    assert isinstance(data, bytes)
    assert b'"UpdatedAt":"2026-11-29T00:00:00Z"' in data
    assert isinstance(report, bytes)
    assert BY_DIGEST.reference.encode() in report
    assert record.request.endswith(f"-- {BY_DIGEST.reference}")
    (line,) = program.starts("image")
    assert line == f"{' '.join(ARGUMENTS)} --cache-dir {tmp_path / 'cache'} -- r.io/app@{DIGEST}"


def test_nothing_of_the_environment_reaches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVY_SKIP_FILES", "canary")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    program = scanner(tmp_path / "bin", f"/usr/bin/env > {tmp_path}/env; exit 1")
    ran(tmp_path, program, variables={"DOCKER_CONFIG": "/d"})
    told = (tmp_path / "env").read_text()
    assert "canary" not in told
    assert "DOCKER_CONFIG=/d\n" in told


@pytest.mark.parametrize(
    ("image", "cause", "said"),
    [
        ("kill -9 $$", GapCause.UNREACHABLE, "it was ended by signal 9"),
        ("exit 3", GapCause.UNREACHABLE, "it ended with code 3, and said nothing"),
        (
            "echo '2026-11-30T10:00:00Z\tFATAL\tFatal error\trun error: no space' >&2; exit 1",
            GapCause.UNREACHABLE,
            "no space",
        ),
        (
            "echo 'docker error: x * remote error: GET https://u:p4ss@r.io/v2/: no' >&2; exit 1",
            GapCause.UNREACHABLE,
            "GET https://r.io/v2/: no",
        ),
        ("echo", GapCause.MALFORMED, "the answer is no report: Input data was truncated"),
        (
            "echo '[]'",
            GapCause.MALFORMED,
            "the answer is no report: Expected `object`, got `array`",
        ),
        (
            """echo '{"SchemaVersion": 2, "ArtifactName": "r.io/other"}'""",
            GapCause.MALFORMED,
            "the answer is about 'r.io/other'",
        ),
        (
            "while :; do echo 0123456789; done",
            GapCause.TRUNCATED,
            "it printed more than 65,536 bytes",
        ),
        ("exec /bin/sleep 60", GapCause.TIMEOUT, "it did not end within 0.5 s"),
    ],
)
def test_what_is_no_report_is_a_gap(tmp_path: Path, image: str, cause: GapCause, said: str) -> None:
    seconds = 0.5 if cause is GapCause.TIMEOUT else 60.0
    program = scanner(tmp_path / "bin", image)
    done = ran(tmp_path, program, size=1 << 16, seconds=seconds)
    gap = done.gap()
    assert (gap.cause, gap.scope) == (cause, REPORT)
    assert gap.detail.startswith(f"{BY_DIGEST.reference} was not scanned: {said}")
    record, body = done.kept.answers[-1]
    assert (body, record.complete, record.answered is Answered.OK) == (None, False, False)
    assert done.entry.notes == ("Trivy 0.76.0 scanned 0 images",)


def test_one_image_that_fails_costs_no_other(tmp_path: Path) -> None:
    script = 'case "$*" in *bad*) exit 1;; esac; ' + SAYS_REPORT
    scans = [Scan(f"r.io/{name}:1") for name in ("a", "bad", "c")]
    done = ran(tmp_path, scanner(tmp_path / "bin", script), scans)
    assert "r.io/bad:1 was not scanned" in done.gap().detail
    told = [record.request.rpartition(" ")[2] for record, body in done.kept.answers if body]
    assert told[1:] == ["r.io/a:1", "r.io/c:1"]


def test_unchanged_digests_start_it_not_once(tmp_path: Path) -> None:
    program, memory = scanner(tmp_path / "bin"), Remembering()
    first = ran(tmp_path, program, memory=memory)
    started = len(program.starts())
    second = ran(tmp_path, program, memory=memory)
    assert (started, len(program.starts())) == (2, 2)
    assert second.kept.answers == first.kept.answers
    ran(tmp_path, program, [BY_TAG], memory)
    ran(tmp_path, program, [BY_TAG], memory)
    assert len(program.starts("image")) == 3, "a tag may lead to another image by now"


def test_another_database_or_program_scans_anew(tmp_path: Path) -> None:
    program, memory = scanner(tmp_path / "bin"), Remembering()
    ran(tmp_path, program, memory=memory)
    newer = database(tmp_path / "newer", UpdatedAt="2026-11-30T00:00:00Z")
    ran(tmp_path, program, memory=memory, cache=newer)
    assert len(program.starts("image")) == 2
    other = scanner(tmp_path / "other")
    ran(tmp_path, other, memory=memory)
    assert len(other.starts("image")) == 1


def test_what_failed_is_not_remembered(tmp_path: Path) -> None:
    memory = Remembering()
    ran(tmp_path, scanner(tmp_path / "bin", "exit 1"), memory=memory)
    assert [name for name, _ in memory.found] == ["program"]


def test_a_database_that_is_due_is_brought_up_to_date(tmp_path: Path) -> None:
    cache = database(tmp_path / "cache", due="2026-11-30")
    program = scanner(tmp_path / "bin")
    ran(tmp_path, program, cache=cache, offline=False)
    download, scan = program.starts("image")
    assert "--download-db-only" in download
    assert "--skip-db-update" in scan
    ran(tmp_path, program, cache=cache)
    assert len(program.starts("image")) == 3, "offline nothing is downloaded"


def test_without_a_database_nothing_is_scanned(tmp_path: Path) -> None:
    program = scanner(tmp_path / "bin", "echo no network >&2; exit 1")
    with pytest.raises(CollectionError, match="--offline lets it download none"):
        ran(tmp_path, program, cache=tmp_path / "none")
    assert program.starts("image") == []
    with pytest.raises(CollectionError, match="Trivy has no database: no network"):
        ran(tmp_path, program, cache=tmp_path / "none", offline=False)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("exit 1", "does not say its version: it ended with code 1"),
        ("echo Version: 0.76.0", "is no Trivy: JSON is malformed"),
        ("""echo '{"Version": "0.57.9"}'""", "Trivy 0.57.9 is not tested: from 0.58.0 up to"),
        ("""echo '{"Version": "0.90.0"}'""", "Trivy 0.90.0 is not tested"),
        ("""echo '{"Version": "0.76.0-dev"}'""", "'0.76.0-dev' is not a release"),
        ("""echo '{"Version": "0.69.4"}'""", "Trivy 0.69.4 is refused: its release stole"),
    ],
)
def test_what_is_not_to_be_run_scans_nothing(tmp_path: Path, version: str, said: str) -> None:
    program = scanner(tmp_path / "bin", version=version)
    with pytest.raises(CollectionError, match=said):
        ran(tmp_path, program)
    assert program.starts("image") == []


def test_a_version_that_was_remembered_is_refused_all_the_same(tmp_path: Path) -> None:
    program, memory = scanner(tmp_path / "bin"), Remembering()
    ran(tmp_path, program, memory=memory)
    with pytest.raises(CollectionError, match="not the one that was named"):
        ran(tmp_path, program, memory=memory, digest=DIGEST)


def test_there_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    with pytest.raises(CollectionError, match="there is no program /none/trivy"):
        ran(tmp_path, "/none/trivy")
    with pytest.raises(CollectionError, match="bin is a folder"):
        ran(tmp_path, str(tmp_path / "bin"))
    program = scanner(tmp_path / "bin").path
    program.chmod(0o644)
    with pytest.raises(CollectionError, match="bin/trivy may not be run: it is not executable"):
        ran(tmp_path, str(program))
    with pytest.raises(CollectionError, match="there is no trivy on the path"):
        ran(tmp_path, "", path=str(tmp_path))


def test_a_program_is_found_on_the_path_alone(tmp_path: Path) -> None:
    program = scanner(tmp_path / "bin")
    assert ran(tmp_path, "", path=str(program.path.parent)).entry.gaps == ()


VERSIONS = [each.version for each in REFUSED if each.version]


@pytest.mark.parametrize("version", [*VERSIONS, *(f"v{each}" for each in VERSIONS)])
def test_a_refused_version_is_refused_however_it_is_pinned(version: str) -> None:
    assert "is refused" in refusal(version, DIGEST, DIGEST, REFUSED)
    assert refusal("0.76.0", DIGEST, DIGEST, REFUSED) == ""
    assert refusal(version, DIGEST, DIGEST, ()) == ""


def test_a_refused_file_is_refused_whatever_it_says(tmp_path: Path) -> None:
    """It is not started to be asked, and one that was remembered is refused as well."""
    program, memory = scanner(tmp_path / "bin"), Remembering()
    ran(tmp_path, program, memory=memory)
    found = f"sha256:{hashlib.sha256(program.path.read_bytes()).hexdigest()}"
    refused = (Refused("it stole", "https://a.example", digest=found),)
    said = r"is refused: it stole: https://a\.example"
    started = program.starts()
    for kept in (None, memory):
        with pytest.raises(CollectionError, match=said):
            ran(tmp_path, program, memory=kept, refused=refused, digest=found)
    assert program.starts() == started


def test_the_files_of_the_advisory_are_refused() -> None:
    """GHSA-69fq-xp46-6x23 lists four programs that are not packed."""
    digests = [each.digest for each in REFUSED if each.digest]
    assert len(set(digests)) == 4
    for each in digests:
        assert "GHSA-69fq-xp46-6x23" in refusal("0.76.0", each, each, REFUSED)
