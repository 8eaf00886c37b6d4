"""How to run, and what a run can't know by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from auditor.analysis.analyses import Table
from auditor.analysis.table import ANALYSES
from auditor.model.answers import AnswerEntry
from auditor.model.evidence import TargetEntry
from auditor.model.results import ConfigurationFile
from auditor.model.waivers import WaiverEntry
from auditor.platforms import PLATFORMS, Platforms
from auditor.policy.cachefile import CacheFolder

SHARD_WEIGHT = 1 << 20


class Chosen(msgspec.Struct, frozen=True):
    """A profile with its parameters, and the folders of policies that it is from.

    ``cache`` is a folder for what was compiled, None to do without. ``platforms`` are those that
    the policies may speak of, ``analyses`` those that derive facts for them.
    """

    folders: tuple[Path, ...]
    profile: str
    parameters: tuple[tuple[str, str], ...] = ()
    cache: CacheFolder | None = None
    platforms: Platforms = PLATFORMS
    analyses: Table = ANALYSES


class Settings(msgspec.Struct, frozen=True):
    """How to run, apart from what to audit; ``gate`` "" means the profile's own.

    ``shard_weight`` is how much of a target, in bytes, is worth a shard of its own. ``part`` is
    which of how many parts of a list of targets the run is of, from 0 on.
    """

    chosen: Chosen
    gate: str
    workers: int
    spool: Path
    result_cache: CacheFolder | None
    list_all: bool = False
    memo: bool = True
    shard_weight: int = SHARD_WEIGHT
    known: Known | None = None
    waivers: tuple[WaiverEntry, ...] | None = None
    answers: tuple[AnswerEntry, ...] | None = None
    configuration: ConfigurationFile | None = None
    part: tuple[int, int] | None = None


class State(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a finding was: why it failed, by its causes (:mod:`auditor.engine.causes`)."""

    verdict: str
    severity: str
    causes: tuple[str, ...] = ()


class Known(msgspec.Struct, frozen=True):
    """The findings of an earlier run, which the gate is not to count again.

    ``findings`` are by fingerprint; ``manifest`` is the sha256 of its bundle's,
    ``targets`` are (URI, uid) of what it audited, by ``profile``.
    """

    run: str
    manifest: str
    findings: dict[str, State]
    targets: tuple[tuple[str, str], ...] = ()
    profile: str = ""


class EvidenceOptions(msgspec.Struct):
    """Where what is read of files is kept, for a bundle.

    ``entries`` are filled in: what there is to say of each such target, by its number.
    """

    folder: Path
    commitments: bytes = b""
    entries: dict[int, TargetEntry] = msgspec.field(default_factory=dict)


class Stamp(msgspec.Struct, frozen=True):
    """What a run can't know by itself: which program, when, under what id."""

    version: str
    run_id: str
    started: str
    clock: Callable[[], str]
