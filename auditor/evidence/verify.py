"""Does a bundle hold? One step after the other, each said by itself; nothing is fetched.

FORM            every file of it can be read in just one way
SIGNATURE       a trusted key signed the statement, and the statement is about this manifest
TIME            the key was valid when it signed: by a time stamp where there is one, else now
INTEGRITY       every file is what the manifest says, and there is no other
COMPLETENESS    what is signed is what the results say, and findings rest on evidence that is there
FRESHNESS       it is not older than the verifier wants
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Final

from auditor.errors import AuditorError, IntegrityError
from auditor.evidence import strict
from auditor.evidence.compare import cited_in
from auditor.evidence.envelope import SUFFIX, Signed, decode
from auditor.evidence.layout import ATTESTATIONS, BODIES, FORMAT, MANIFEST, Manifest, results_in
from auditor.evidence.reading import differences, records_of
from auditor.evidence.statements import (
    AUDIT_REPORT,
    TEST_RESULT,
    Statement,
    audit_report,
    result_of_tests,
)
from auditor.evidence.timestamps import time_of
from auditor.evidence.trust import Trust, TrustedKey, shown

AUDIT_FILE: Final = f"audit-report{SUFFIX}"
TEST_FILE: Final = f"test-result{SUFFIX}"
_KINDS: Final = {AUDIT_FILE: AUDIT_REPORT, TEST_FILE: TEST_RESULT}
_MOST_SHOWN: Final = 10
_SKEW: Final = timedelta(minutes=5)


class Outcome(Enum):
    """How a step ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Step:
    """One step, and what there is to say of it."""

    name: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class Verification:
    """All steps. It is ``verified`` only if a trusted key stands for it and nothing failed."""

    steps: tuple[Step, ...]
    manifest: str
    key: str

    @property
    def decision(self) -> str:
        """``verified``, ``intact`` (nobody stands for it) or ``failed``."""
        if any(step.outcome is Outcome.FAILED for step in self.steps):
            return "failed"
        return "verified" if self.key else "intact"


Said = tuple[Outcome, str]
Check = Callable[[], Said]


class _Failed(Exception):  # noqa: N818 - a step that failed, no error of ours
    pass


def _limited(path: Path) -> bytes:
    """A file of a size that can be read.

    Raises:
        IntegrityError: it is larger, or no regular file.
    """
    if path.is_symlink() or not path.is_file():
        raise IntegrityError(f"{path.name} is not there", hint="is it a bundle?")
    with path.open("rb") as file:
        return file.read(strict.MOST_BYTES + 1)


class Verifier:
    """Goes through the steps for one bundle; ``now`` is the time to judge by."""

    def __init__(self, root: Path, trust: Trust | None, now: datetime) -> None:
        self._root = root
        self._trust = trust
        self._now = now
        self._steps: list[Step] = []
        self._signed: dict[str, Signed] = {}
        self._manifest: Manifest | None = None
        self._bytes = b""
        self._key: TrustedKey | None = None
        self._stamped: datetime | None = None

    def run(self) -> Verification:
        """Take every step that can be taken."""
        if self._step("FORM", self._form):
            self._step("SIGNATURE", self._signature)
            self._step("TIME", self._time)
            if self._step("INTEGRITY", self._integrity):
                self._step("COMPLETENESS", self._completeness)
            self._step("FRESHNESS", self._freshness)
        done = {step.name for step in self._steps}
        missing = [name for name in _NAMES if name not in done]
        self._steps += [Step(name, Outcome.NOT_CHECKED, "a step before failed") for name in missing]
        key = self._key.public.name if self._key is not None else ""
        digest = hashlib.sha256(self._bytes).hexdigest() if self._bytes else ""
        return Verification(tuple(self._steps), digest, key)

    def _step(self, name: str, check: Check) -> bool:
        try:
            outcome, detail = check()
        except (_Failed, AuditorError, OSError) as error:
            outcome, detail = Outcome.FAILED, str(error)
        self._steps.append(Step(name, outcome, detail))
        return outcome is not Outcome.FAILED

    def _form(self) -> Said:
        path = self._root / MANIFEST
        self._bytes = _limited(path)
        value = strict.parse(MANIFEST, self._bytes)
        found = value.get("format") if isinstance(value, dict) else None
        if found != FORMAT:
            raise _Failed(f"{MANIFEST}: its format is {str(found)[:40]}, not {FORMAT}")
        self._manifest = strict.convert(MANIFEST, value, Manifest)
        folder = self._root / ATTESTATIONS
        for place in sorted(folder.iterdir()) if folder.is_dir() else ():
            if place.name not in _KINDS or place.is_symlink() or not place.is_file():
                raise _Failed(f"{ATTESTATIONS}/{place.name} is none that is written here")
            name = f"{ATTESTATIONS}/{place.name}"
            self._signed[place.name] = decode(name, _limited(place))
        return Outcome.OK, f"{FORMAT}, {len(self._manifest.files)} files"

    def _signature(self) -> Said:
        signed = self._signed.get(AUDIT_FILE)
        if signed is None:
            if self._trust is not None:
                raise _Failed("it is not signed")
            return Outcome.NOT_CHECKED, "it is not signed"
        if self._known().evaluation is not None and TEST_FILE not in self._signed:
            raise _Failed(f"{ATTESTATIONS}/{TEST_FILE} is missing")
        for name, each in self._signed.items():
            self._statement(name, each)
        if self._trust is None:
            return Outcome.NOT_CHECKED, f"no key is trusted; the bundle names {signed.keyid}"
        self._key = self._verified(signed, AUDIT_FILE)
        for name, each in self._signed.items():
            if each is not signed and self._verified(each, name) is not self._key:
                self._key = None
                raise _Failed(f"{ATTESTATIONS}/{name} is signed by another key")
        public = self._key.public
        return Outcome.OK, f"by {self._key.name}, {public.algorithm} {public.name}"

    def _verified(self, signed: Signed, name: str) -> TrustedKey:
        trust = self._trust
        key = trust.by_name.get(signed.keyid) if trust is not None else None
        if key is None or "signer" not in key.roles:
            raise _Failed(f"{ATTESTATIONS}/{name}: the key {signed.keyid} is not trusted")
        if not signed.verify(key.public):
            raise _Failed(f"{ATTESTATIONS}/{name}: the signature is not that of {key.name}")
        return key

    def _statement(self, name: str, signed: Signed) -> None:
        """A statement must be exactly what this bundle gives rise to."""
        place = f"{ATTESTATIONS}/{name}"
        value = strict.parse(f"{place}: payload", signed.payload)
        statement = strict.convert(f"{place}: payload", value, Statement)
        if statement.predicateType != _KINDS[name]:
            raise _Failed(f"{place}: it states a {statement.predicateType[:80]!r}")
        if name == AUDIT_FILE:
            digest = hashlib.sha256(self._bytes).hexdigest()
            found = [(each.name, each.digest) for each in statement.subject]
            if found != [(MANIFEST, {"sha256": digest})]:
                raise _Failed(f"{MANIFEST} is not the one that was signed")

    def _time(self) -> Said:
        key, signed = self._key, self._signed.get(AUDIT_FILE)
        trust = self._trust
        if key is None or signed is None or trust is None:
            return Outcome.NOT_CHECKED, "no trusted key"
        detail = "no time stamp: the key is judged as of now"
        problems = []
        for token in signed.timestamps:
            try:
                self._stamped = time_of(token, signed.signature, trust.authorities)
            except (ValueError, ImportError) as error:
                problems.append(str(error))
            else:
                detail = f"signed by {shown(self._stamped)}, as a trusted authority says"
                break
        if self._stamped is None and trust.require_timestamp:
            why = f": {problems[0]}" if problems else ""
            raise _Failed(f"no time stamp of a trusted authority{why}")
        if self._stamped is None and problems:
            detail = f"its time stamp does not count ({problems[0]}): the key is judged as of now"
        moment = self._stamped or self._now
        if moment > self._now + _SKEW:
            raise _Failed(f"signed in the future, at {shown(moment)}")
        finished = self._finished()
        if moment < finished - _SKEW:
            raise _Failed(f"signed at {shown(moment)}, before the run ended at {shown(finished)}")
        refusal = key.refusal(moment)
        if refusal:
            self._key = None
            raise _Failed(f"{key.name}: {refusal}")
        return Outcome.OK, detail

    def _integrity(self) -> Said:
        manifest = self._known()
        found = [line.removeprefix(f"{self._root}/") for line in differences(self._root, manifest)]
        if found:
            more = len(found) - _MOST_SHOWN
            rest = f"; and {more} more" if more > 0 else ""
            raise _Failed("; ".join(found[:_MOST_SHOWN]) + rest)
        size = sum(each.size for each in manifest.files)
        return Outcome.OK, f"{len(manifest.files)} files, {size:,} bytes"

    def _completeness(self) -> Said:
        manifest = self._known()
        known = self._evidence(manifest)
        number = 0
        if manifest.evaluation is not None:
            cited, number = cited_in(results_in(self._root))
            if not cited <= known:
                missing = min(cited - known)
                raise _Failed(f"results: findings rest on {missing}, which is no evidence here")
        for name, signed in self._signed.items():
            if name == AUDIT_FILE:
                made = audit_report(self._root, manifest, self._bytes)
            else:
                made = result_of_tests(self._root, manifest)
            if signed.payload != made:
                raise _Failed(f"{ATTESTATIONS}/{name}: it states something else than the results")
        if manifest.evaluation is None:
            return Outcome.OK, "evidence alone: nothing was judged"
        gaps = sum(len(target.gaps) + bool(target.failure) for target in manifest.targets)
        return Outcome.OK, f"{number} findings rest on its evidence; {gaps} gaps are stated"

    def _evidence(self, manifest: Manifest) -> set[str]:
        """The digests that findings may cite; a record without its block is an error."""
        blocks = {each.path for each in manifest.files if each.path.startswith(f"{BODIES}/")}
        known: set[str] = set()
        for number, _ in enumerate(manifest.targets):
            for record in records_of(self._root, number):
                if record.sha256 and f"{BODIES}/{record.block}.zst" not in blocks:
                    raise _Failed(f"evidence of {record.request} is not in the bundle")
                known |= {f"sha256:{record.original or record.sha256}"}
        return known

    def _freshness(self) -> Said:
        trust = self._trust
        if trust is None or trust.max_age is None:
            return Outcome.NOT_CHECKED, "no greatest age is asked for"
        age = self._now - self._finished()
        if age > trust.max_age:
            raise _Failed(f"the run ended {age.days} days ago, at {shown(self._finished())}")
        return Outcome.OK, f"the run ended at {shown(self._finished())}"

    def _finished(self) -> datetime:
        text = self._known().run.finished
        try:
            found = datetime.fromisoformat(text)
        except ValueError as error:
            raise _Failed(f"{MANIFEST}: {text[:40]!r} is no time") from error
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

    def _known(self) -> Manifest:
        if self._manifest is None:
            raise _Failed("there is no manifest")
        return self._manifest


_NAMES: Final[Sequence[str]] = (
    "FORM",
    "SIGNATURE",
    "TIME",
    "INTEGRITY",
    "COMPLETENESS",
    "FRESHNESS",
)
