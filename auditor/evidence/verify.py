"""Does a bundle hold? One step after the other, each said by itself; nothing is fetched.

FORM            every file of it can be read in just one way
SIGNATURE       a trusted key signed the statement, and the statement is about this manifest
TIME            the key was valid when it signed: by a time stamp where there is one, else now
INTEGRITY       every file is what the manifest says, and there is no other
COMPLETENESS    evidence, policy, inventory, results and what is signed say one thing
FRESHNESS       it is not older than the verifier wants

Where a trust source is given and no trusted key stands for a bundle, its content is not looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import AuditorError
from auditor.evidence import files, layout, strict
from auditor.evidence.completeness import check_content
from auditor.evidence.envelope import MOST_BYTES, Signed, decode
from auditor.evidence.layout import ATTESTATIONS, ATTESTED, FORMAT, MANIFEST, Manifest
from auditor.evidence.reading import differences, parsed_manifest
from auditor.evidence.shape import check_manifest, moment
from auditor.evidence.statements import AUDIT_REPORT, TEST_RESULT, Statement
from auditor.evidence.times import attested
from auditor.evidence.trust import Trust, TrustedKey, shown

AUDIT_FILE: Final = layout.AUDIT_FILE
TEST_FILE: Final = layout.TEST_FILE
_KINDS: Final = {AUDIT_FILE: AUDIT_REPORT, TEST_FILE: TEST_RESULT}
_MOST_SHOWN: Final = 10
_SKEW: Final = timedelta(minutes=5)


class Outcome(Enum):
    """How a step ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


class Step(msgspec.Struct, frozen=True):
    """One step, and what there is to say of it."""

    name: str
    outcome: Outcome
    detail: str


class Verification(msgspec.Struct, frozen=True):
    """All steps. It is ``verified`` only if a trusted key stands for it and nothing failed.

    ``manifest`` is the sha256 of what ``content`` was read from, "" where there was nothing.
    """

    steps: tuple[Step, ...]
    manifest: str
    key: str
    content: Manifest | None

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

    def run(self) -> Verification:
        """Take every step that can be taken."""
        if self._step("FORM", self._form):
            self._step("SIGNATURE", self._signature)
            self._step("TIME", self._time)
            if self._step("INTEGRITY", self._integrity) and self._stood_for():
                self._step("COMPLETENESS", self._completeness)
            self._step("FRESHNESS", self._freshness)
        done = {step.name for step in self._steps}
        missing = [name for name in _NAMES if name not in done]
        self._steps += [Step(name, Outcome.NOT_CHECKED, "a step before failed") for name in missing]
        key = self._key.public.name if self._key is not None else ""
        digest = hashlib.sha256(self._bytes).hexdigest() if self._bytes else ""
        return Verification(tuple(self._steps), digest, key, self._manifest)

    def _stood_for(self) -> bool:
        """Whether its content is to be looked at: nobody's is, if somebody's was asked for."""
        return self._trust is None or self._key is not None

    def _step(self, name: str, check: Check) -> bool:
        try:
            outcome, detail = check()
        except (_Failed, AuditorError, OSError) as error:
            outcome, detail = Outcome.FAILED, str(error).replace(f"{self._root}/", "")
        self._steps.append(Step(name, outcome, detail))
        return outcome is not Outcome.FAILED

    def _form(self) -> Said:
        self._bytes = files.read(self._root / MANIFEST, strict.MOST_BYTES)
        found, self._manifest = parsed_manifest(self._bytes)
        if self._manifest is None:
            raise _Failed(f"{MANIFEST}: its format is {str(found)[:40]}, not {FORMAT}")
        check_manifest(self._manifest)
        for name, size in files.walk(self._root, {ATTESTATIONS}):
            folder, _, inside = name.partition("/")
            if folder != ATTESTATIONS or not inside:
                continue
            if inside not in ATTESTED or size < 0:
                raise _Failed(f"{name} is none that is written here")
            self._signed[inside] = decode(name, files.read(self._root / name, MOST_BYTES))
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
        key = self._verified(signed, AUDIT_FILE)
        for name, each in self._signed.items():
            if each is not signed and self._verified(each, name) is not key:
                raise _Failed(f"{ATTESTATIONS}/{name} is signed by another key")
        self._key = key
        return Outcome.OK, f"by {key.name}, {key.public.algorithm} {key.public.name}"

    def _verified(self, signed: Signed, name: str) -> TrustedKey:
        trust = self._trust
        key = trust.by_name.get(signed.keyid) if trust is not None else None
        if key is None or "signer" not in key.roles:
            raise _Failed(f"{ATTESTATIONS}/{name}: the key {signed.keyid} is not trusted")
        if not signed.verify(key.public):
            raise _Failed(f"{ATTESTATIONS}/{name}: the signature is not that of {key.name}")
        if signed.is_high(key.public):
            what = "its signature was turned into another that says the same (a high s)"
            raise _Failed(f"{ATTESTATIONS}/{name}: {what}: auditor writes none of these")
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
        trust = self._trust
        signed = {f"{ATTESTATIONS}/{name}": each for name, each in self._signed.items()}
        found = attested(signed, trust.authorities if trust is not None else ())
        if self._key is None or trust is None:
            return Outcome.NOT_CHECKED, "no trusted key"
        key, self._key = self._key, None
        if found.moment is None and trust.require_timestamp:
            why = f": {found.problem}" if found.problem else ""
            raise _Failed(f"no time stamp of a trusted authority{why}")
        when = found.moment or self._now
        self._judge(key, when)
        self._key = key
        if found.moment is not None:
            return Outcome.OK, f"signed by {shown(when)}, as a trusted authority says"
        if found.problem:
            what = f"its time stamp does not count ({found.problem})"
        else:
            what = "no timestamp (a removed one is only noticed with require-timestamp)"
        return Outcome.OK, f"{what}: the key was checked against the current time"

    def _judge(self, key: TrustedKey, when: datetime) -> None:
        """Whether what a key signed at a time counts; differences of times never overflow."""
        if when - self._now > _SKEW:
            raise _Failed(f"signed in the future, at {shown(when)}")
        finished = self._finished()
        if finished - when > _SKEW:
            raise _Failed(f"signed at {shown(when)}, before the run ended at {shown(finished)}")
        refusal = key.refusal(when)
        if refusal:
            raise _Failed(f"{key.name}: {refusal}")

    def _integrity(self) -> Said:
        manifest = self._known()
        found = list(differences(self._root, manifest))
        if found:
            more = len(found) - _MOST_SHOWN
            rest = f"; and {more} more" if more > 0 else ""
            raise _Failed("; ".join(found[:_MOST_SHOWN]) + rest)
        size = sum(each.size for each in manifest.files)
        return Outcome.OK, f"{len(manifest.files)} files, {size:,} bytes"

    def _completeness(self) -> Said:
        payloads = {name: each.payload for name, each in self._signed.items()}
        return Outcome.OK, check_content(self._root, self._known(), self._bytes, payloads)

    def _freshness(self) -> Said:
        trust = self._trust
        if trust is None or trust.max_age is None:
            return Outcome.NOT_CHECKED, "no greatest age is asked for"
        age = self._now - self._finished()
        if age > trust.max_age:
            raise _Failed(f"the run ended {age.days} days ago, at {shown(self._finished())}")
        return Outcome.OK, f"the run ended at {shown(self._finished())}"

    def _finished(self) -> datetime:
        return moment(self._known().run.finished)

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


def not_read(why: str) -> Verification:
    """Of an archive that can't be unpacked: nothing in it was looked at."""
    rest = (Step(name, Outcome.NOT_CHECKED, "a step before failed") for name in _NAMES[1:])
    return Verification((Step("FORM", Outcome.FAILED, why), *rest), "", "", None)
