"""Every image that the targets use, scanned once, as a target of its own.

::

    trivy image --format json --scanners vuln,secret … -- r.io/app@sha256:ab…

The list of arguments is fixed, there is no shell, and an image's name can't be an option. Trivy has
a home and a cache of its own, and of the environment what it needs to pull: the user's Docker
configuration, whose secrets never pass through us, and proxies. With ``offline`` it may not
download a database.

An answer is the raw JSON, and a record of the target, so that it is judged again without Trivy. An
image that was not scanned is a gap that says why. A report by digest is remembered for the program
and the database that it was made with: nothing is started twice for the same bytes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.errors import CollectionError
from auditor.late import late
from auditor.model.enums import ANSWERED, Answered, GapCause
from auditor.model.evidence import Principal, Record, TargetEntry
from auditor.model.resource import Gap
from auditor.platforms.images import DATABASE, HERE, REPORT, SCHEME
from auditor.ports import Sink
from collectors.images.scanning.program import Memory, Program, database_in, find_program
from collectors.images.scanning.versions import Refused
from collectors.programs.said import reason
from collectors.programs.sandbox import Limits, Outcome, Sandbox

_NAME: Final = 12
URI: Final = f"{SCHEME}://trivy"
SCANNERS: Final = "vuln,secret"
ARGUMENTS: Final = (
    *("image", "--format", "json", "--quiet", "--no-progress", "--scanners", SCANNERS),
    *("--show-suppressed", "--list-all-pkgs=false", "--skip-version-check", "--disable-telemetry"),
    *("--config", "", "--ignorefile", "", "--secret-config", "", "--cache-backend", "memory"),
    *("--skip-db-update", "--skip-java-db-update", "--offline-scan"),
)
"""Databases are brought up to date before: two at once would be in each other's way."""
_DOWNLOAD: Final = ("image", "--download-db-only", "--quiet", "--no-progress", "--config", "")


_REGISTRY: Final = "* remote error: "
_FATAL: Final = late(r"^\S+\s+FATAL\s+(?:Fatal error\s+)?(?:run error: )?", re.MULTILINE)
"""What stands before each reason: the time, which is another each time, and no reason."""


class Scan(msgspec.Struct, frozen=True, order=True):
    """An image to scan: what it is asked by, and its digest, "" where that is not known."""

    reference: str
    digest: str = ""


class Options(msgspec.Struct, frozen=True):
    """How to run the scanner.

    ``path`` are folders of programs, ``program`` names one of them or a file, ``digest`` the only
    one that is run, ``refused`` is what never is. ``cache`` is the folder of its database,
    ``variables`` are of the environment.
    ``seconds`` are for one image, ``parallel`` is how many are scanned at once.
    """

    path: str
    cache: Path
    program: str = ""
    digest: str = ""
    refused: tuple[Refused, ...] = ()
    offline: bool = False
    variables: Mapping[str, str] = MappingProxyType({})
    seconds: float = 300.0
    size: int = 64 << 20
    parallel: int = 2


class _Found(msgspec.Struct, gc=False, rename="pascal"):
    schema_version: int
    artifact_name: str


_decode_found = msgspec.json.Decoder(_Found).decode


class _Answer(msgspec.Struct, frozen=True):
    """The report of an image, or why there is none."""

    scan: Scan
    body: bytes | None
    cause: GapCause | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TrivyTarget:
    """Implements :class:`auditor.ports.Live` for the images of a run; ``clock`` tells the time.

    ``users`` are the URIs of the targets that use them: runs over others have another target of
    images, so that their bundles can be put together.
    """

    users: Sequence[str]
    scans: Sequence[Scan]
    options: Options
    clock: Callable[[], str]
    memory: Memory | None = None

    @property
    def uri(self) -> str:
        """What this target is called: there is one of it in a run, and the same in the next."""
        named = "\0".join(sorted(self.users)).encode()
        return f"{URI}/{hashlib.sha256(named).hexdigest()[:_NAME]}"

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        """Scan all images.

        Raises:
            CollectionError: there is no scanner to be run, or none with a database.
        """
        del kinds
        started = self.clock()
        sandbox = self._sandbox(sink.scratch)
        options = self.options
        program = find_program(
            options.program, options.path, options.digest, options.refused, sandbox, self.memory
        )
        database = self._database(program, sandbox, started)
        run = _Run(self, program, database, sandbox, sink)
        run.keep_database()
        gaps = list(run.scan_all(progress))
        count = len(self.scans) - len(gaps)
        note = f"Trivy {program.version} scanned {count} image{'' if count == 1 else 's'}"
        return TargetEntry(
            uri=self.uri,
            uid="images",
            version=f"Trivy {program.version}",
            authority="",
            principal=Principal(""),
            started=started,
            ended=self.clock(),
            kinds=(DATABASE, REPORT, *sorted(HERE)),
            gaps=tuple(sorted(gaps)),
            notes=(note,),
        )

    def _sandbox(self, scratch: Path) -> Sandbox:
        """Where it runs: with what reaches a registry, and nothing else of the environment."""
        none = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "")
        return Sandbox(scratch / "trivy", "", {**none, **self.options.variables})

    def _database(self, program: Program, sandbox: Sandbox, now: str) -> dict[str, object]:
        """The database that is there, after it was brought up to date where that is due.

        Raises:
            CollectionError: there is none.
        """
        cache = self.options.cache
        found = database_in(cache)
        if self.options.offline:
            if found is None:
                detail = f"Trivy has no database in {cache}, and --offline lets it download none"
                raise CollectionError(detail, hint="--trivy-cache DIR names a folder that has one")
            return found
        if found is None or _is_due(str(found.get("NextUpdate", "")), now):
            line = (program.path, *_DOWNLOAD, "--cache-dir", str(cache))
            came = sandbox.run(line, Limits(self.options.seconds, 1 << 20))
            found = database_in(cache) or found
            if found is None:
                why = reason(came, {str(cache): "(cache)"})
                hint = "--offline --trivy-cache DIR takes one that is there"
                raise CollectionError(f"Trivy has no database: {why}", hint=hint)
        return found


def _is_due(due: str, now: str) -> bool:
    """Whether the next database is due; one that says nothing is."""
    try:
        return dt.datetime.fromisoformat(due[:10]) <= dt.datetime.fromisoformat(now[:10])
    except ValueError:
        return True


class _Run:
    """One run of the scanner over all images."""

    def __init__(
        self,
        target: TrivyTarget,
        program: Program,
        database: dict[str, object],
        sandbox: Sandbox,
        sink: Sink,
    ) -> None:
        self._target = target
        self._program = program
        self._database = database
        self._sandbox = sandbox
        self._sink = sink
        self._number = 0
        self._since = target.clock()

    def keep_database(self) -> None:
        """Keep which database the scanner goes by, as ``trivy version --format json`` prints it."""
        said = {"Version": self._program.version, "VulnerabilityDB": self._database}
        request = f"trivy version --format json ({self._program.digest})"
        self._keep(DATABASE, request, msgspec.json.encode(said))

    def scan_all(self, progress: Callable[[int, int], None]) -> Iterator[Gap]:
        """Scan the images, some at once, and keep what comes in their order."""
        scans, at_once = self._target.scans, self._target.options.parallel
        with ThreadPoolExecutor(at_once) as pool:
            for start in range(0, len(scans), at_once):
                progress(start, len(scans))
                for answer in pool.map(self._answer, scans[start : start + at_once]):
                    if answer.cause is not None:
                        yield self._missed(answer, answer.cause)
                    else:
                        self._keep(REPORT, self._request(answer.scan), answer.body)
        progress(len(scans), len(scans))

    def _missed(self, answer: _Answer, cause: GapCause) -> Gap:
        self._keep(REPORT, self._request(answer.scan), None, ANSWERED[cause], answer.detail)
        hint = "run it by itself: trivy image " + answer.scan.reference
        detail = f"{answer.scan.reference} was not scanned: {answer.detail}"
        return Gap(self._target.uri, REPORT, cause, detail, hint)

    def _request(self, scan: Scan) -> str:
        words = (each or "''" for each in (*ARGUMENTS, "--", scan.reference))
        return f"trivy {' '.join(words)}"

    def _keep(
        self,
        kind: str,
        request: str,
        body: bytes | None,
        answered: Answered = Answered.OK,
        detail: str = "",
    ) -> None:
        self._number += 1
        started, self._since = self._since, self._target.clock()
        record = Record(
            number=self._number,
            kind=kind,
            namespace="",
            request=request,
            started=started,
            ended=self._since,
            answered=answered,
            detail=detail,
            count=int(body is not None),
            complete=body is not None,
        )
        self._sink.add(record, body)

    def _answer(self, scan: Scan) -> _Answer:
        """Scan one image, or remember what came of it."""
        memory, stamp = self._target.memory, self._stamp(scan)
        name = hashlib.sha256(scan.reference.encode()).hexdigest()[:32]
        known = memory.read(name, stamp) if memory is not None and scan.digest else None
        if known is not None:
            return _understood(scan, bytes(known))
        options = self._target.options
        line = (self._program.path, *ARGUMENTS, "--cache-dir", str(options.cache))
        came = self._sandbox.run(
            (*line, "--", scan.reference), Limits(options.seconds, options.size)
        )
        answer = _heard(scan, came, str(options.cache))
        if memory is not None and scan.digest and answer.body is not None:
            memory.write(name, stamp, answer.body)
        return answer

    def _stamp(self, scan: Scan) -> str:
        """What a report depends on."""
        updated = str(self._database.get("UpdatedAt", ""))
        return "\0".join((scan.reference, self._program.digest, updated, *ARGUMENTS))


def _heard(scan: Scan, came: Outcome, cache: str) -> _Answer:
    """Understand how the scanner ended."""
    if came.cause is not None:
        return _Answer(scan, None, came.cause, came.problem)
    if came.code < 0:
        return _Answer(scan, None, GapCause.UNREACHABLE, f"it was ended by signal {-came.code}")
    if came.code:
        return _Answer(scan, None, GapCause.UNREACHABLE, _why(came, cache))
    return _understood(scan, came.out)


def _why(came: Outcome, cache: str) -> str:
    """What it says last: for an image that is nowhere, what the registry said."""
    said = came.said.rpartition(_REGISTRY)[2] if _REGISTRY in came.said else came.said
    said = _FATAL.sub("", said)
    return reason(msgspec.structs.replace(came, said=said), {cache: "(cache)"})


def _understood(scan: Scan, body: bytes) -> _Answer:
    """Take an answer that is a report about the image that was asked for."""
    try:
        found = _decode_found(body)
    except (msgspec.DecodeError, RecursionError) as error:
        return _Answer(scan, None, GapCause.MALFORMED, f"the answer is no report: {error}")
    if found.artifact_name != scan.reference:
        detail = f"the answer is about {found.artifact_name[:80]!r}"
        return _Answer(scan, None, GapCause.MALFORMED, detail)
    return _Answer(scan, body)
