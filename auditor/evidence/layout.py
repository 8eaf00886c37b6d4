"""What a bundle holds, as its manifest says it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from auditor.model.evidence import Record, TargetEntry
from auditor.model.results import ConfigurationFile

FORMAT: Final = "bundle/v1"
MANIFEST: Final = "manifest.json"
RESULTS: Final = "results.json"
LARGE_RESULTS: Final = "results.json.zst"
INVENTORY: Final = "inventory.json"
ENVIRONMENT: Final = "environment.json"
BASELINE: Final = "baseline.json"
WAIVERS: Final = "waivers.json"
ANSWERS: Final = "answers.json"
PARTS: Final = "parts.json"
MOST_PARTS: Final = 10_000
"""Parts that an audit may be divided into."""
BODIES: Final = "bodies"
EVIDENCE: Final = "evidence"
POLICY: Final = "policy"
REDACTIONS: Final = "redactions"
ATTESTATIONS: Final = "attestations"
AUDIT_FILE: Final = "audit-report.sigstore.json"
TEST_FILE: Final = "test-result.sigstore.json"
ATTESTED: Final = (AUDIT_FILE, TEST_FILE)
"""All that may stand among the attestations."""

_ROLES: Final = {
    BODIES: "body",
    EVIDENCE: "record",
    REDACTIONS: "redactions",
    POLICY: "policy",
    RESULTS: "results",
}


class RunEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The run that read; times are RFC 3339 in UTC."""

    id: str
    started: str
    finished: str


class Evaluation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the evidence was judged: all that the results depend on besides evidence and policy.

    ``gate`` "" is the profile's own, ``exit`` what it said. ``folders`` are
    those of the policy, in their order. ``configuration`` is the file that said some of it.
    ``part`` is which of how many parts of a list of targets this is, from 0 on.
    """

    profile: str
    parameters: tuple[tuple[str, str], ...]
    gate: str
    list_all: bool
    folders: tuple[str, ...]
    exit: int
    configuration: ConfigurationFile | None = None
    part: tuple[int, int] | None = None


class PartEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bundle that was merged: the digest of its ``manifest``, its run, and when that ended.

    ``key`` is who stood for it, "" for nobody. ``part`` is as of :class:`Evaluation`.
    """

    manifest: str
    run: str
    finished: str
    key: str
    targets: tuple[str, ...]
    part: tuple[int, int] | None = None

    @property
    def index(self) -> int:
        """Which part of a division it is, -1 where it is none."""
        return self.part[0] if self.part is not None else -1

    @property
    def of(self) -> int:
        """How many parts there are, 0 where it is of no division."""
        return self.part[1] if self.part is not None else 0


class Division(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parts that a bundle was merged of, and what is in none of them."""

    parts: tuple[PartEntry, ...]
    missing: tuple[str, ...]


class FileEntry(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """A file of the bundle."""

    path: str
    sha256: str
    size: int
    role: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle holds; ``evaluation`` is None when nothing was judged."""

    format: str
    version: str
    run: RunEntry
    targets: tuple[TargetEntry, ...]
    evaluation: Evaluation | None
    files: tuple[FileEntry, ...]


def encoded(manifest: Manifest) -> bytes:
    """A manifest as it is written."""
    return (
        msgspec.json.format(msgspec.json.encode(manifest, order="deterministic"), indent=1) + b"\n"
    )


class Collected(msgspec.Struct, frozen=True):
    """One target, read: ``records`` in the order of the queries."""

    entry: TargetEntry
    records: tuple[Record, ...]


def results_in(root: Path) -> Path:
    """Where the results of a bundle are: plain, or compressed when they are large."""
    large = root / LARGE_RESULTS
    return large if large.exists() else root / RESULTS


def role_of(path: str) -> str:
    """What a file is for, by its place."""
    return _ROLES.get(path.partition("/")[0], path.rpartition("/")[2].partition(".")[0])


def is_part(part: tuple[int, int] | None) -> bool:
    """Whether there can be this one of so many parts."""
    return part is None or 0 <= part[0] < part[1] <= MOST_PARTS
