"""A prepared profile, kept for the next run: most of what a scan of a few files would wait for.

To resolve a profile, and to find out on which kinds its rules rest, takes a tenth of a second with
all policies decoded. What comes of it depends on little, so it is kept as a whole::

    0.1.0-9-3f2a....profile    stamp   the version, the policy files (digest and folders), the
                                       profile, its parameters, the platforms
                                       the sources of the analyses (sizes and times)
                               inside  what the analyses say of themselves
                                       rules, controls, tables; what rules rest on; programs

The policy files are read and hashed by each run; of other ones, or of another profile, the file is
none. There is one for each profile, which the next kind of run replaces. Rules have no examples
there, as nothing judges by them.

The file is written when a run ends, so that what it ran is kept with its code: code of all
expressions takes longer to make than a few files to audit, and a scan in CI is always a first one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from auditor.analysis.analyses import Analyses
from auditor.analysis.unloaded import Said
from auditor.cel import Environment, Program
from auditor.cel.program import STAMP
from auditor.engine.sources import RuleSources
from auditor.model.enums import Severity
from auditor.model.policy import Control, Framework, Rule
from auditor.platforms import Platforms
from auditor.policy import ActiveRule, CacheFolder, CompiledProfile, MessageTemplate
from auditor.policy.compile import VARIABLES
from auditor.policy.load import FORMAT as POLICY_FORMAT
from auditor.policy.load import has_all, shown_folders
from auditor.policy.policyset import PolicyFile, digest_files
from auditor.policy.shipped import PACKAGE
from auditor.runner.settings import Chosen
from auditor.version import VERSION

FORMAT: Final = 2
"""Changes when what is made of the same policies changes without the version doing so."""


class _Rule(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A rule with the numbers of its programs."""

    rule: Rule
    severity: Severity
    params: dict[str, Any]
    each: int | None
    when: int | None
    check: int
    message: tuple[str | int, ...]


class _File(msgspec.Struct, frozen=True, array_like=True):
    """What is in the file; ``whole`` says that every program has its code."""

    declared: bytes
    said: dict[str, Said]
    whole: bool
    id: str
    title: str
    gate: str
    rules: tuple[_Rule, ...]
    programs: tuple[bytes, ...]
    parameters: dict[str, Any]
    controls: dict[str, Control]
    frameworks: dict[str, Framework]
    tables: dict[str, list[Mapping[str, object]]]
    policy_digest: str
    digest: str
    sources: dict[str, RuleSources]


class Found(msgspec.Struct, frozen=True):
    """A profile as it was prepared, and the programs of its rules in the order of the file.

    ``said`` is what analyses say of themselves, by their places.
    """

    profile: CompiledProfile
    sources: Mapping[str, RuleSources]
    programs: tuple[Program, ...]
    declared: bytes
    said: Mapping[str, Said]
    whole: bool


class Keeper:
    """The file of one choice."""

    def __init__(self, folder: CacheFolder, chosen: Chosen, files: Sequence[PolicyFile]) -> None:
        """``files`` are all policy files."""
        self._folder = folder
        self._platforms = chosen.platforms
        digest, shown = digest_files(files), shown_folders(chosen.folders, files)
        profile = hashlib.sha256(chosen.profile.encode("utf-8", "surrogatepass")).hexdigest()
        self._name = f"{VERSION}-{FORMAT}-{profile[:32]}.profile"
        parts = (VERSION, FORMAT, POLICY_FORMAT, STAMP, digest, shown, sources())
        of_run = (chosen.profile, chosen.parameters, [each.name for each in chosen.platforms])
        self._stamp = f"profile {(*parts, *of_run)!a}"

    def read(self) -> Found | None:
        """What was kept; None when there is nothing, or it is of anything else."""
        data = self._folder.read(self._name, self._stamp)
        if data is None:
            return None
        try:
            file = msgspec.msgpack.decode(data, type=_File)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        environment = Environment(VARIABLES)
        programs = tuple(map(environment.restore_late, file.programs))
        return Found(
            _profile(file, programs, self._platforms),
            file.sources,
            programs,
            file.declared,
            file.said,
            file.whole,
        )

    def write(self, found: Found) -> None:
        """Keep a profile."""
        self._folder.write(self._name, self._stamp, msgspec.msgpack.encode(_file(found)))


class Learning:
    """The programs of a run, whose code is kept once it was made."""

    def __init__(self, keeper: Keeper | None, found: Found, *, known: bool) -> None:
        """``known``: what was ``found`` is in the file; ``keeper`` is None to keep nothing."""
        self._keeper = keeper
        self._found = found
        self._known = known

    def learn(self) -> None:
        """Write the file, if there is none or a program has got its code since."""
        if self._keeper is None:
            return
        if not self._known or any(each.learnt for each in self._found.programs):
            self._keeper.write(self._found)
            self._known = True
            for each in self._found.programs:
                each.learnt = False

    def complete(self) -> None:
        """Make all code that is not there yet, before processes are started that would each do it.

        The first run with a policy does without: it may be the only one.
        """
        if self._keeper is not None and self._known and not self._found.whole:
            for each in self._found.programs:
                each.make_code()
            self._found = msgspec.structs.replace(self._found, whole=True)


def keeper_of(chosen: Chosen, files: Sequence[PolicyFile]) -> Keeper | None:
    """The file of a choice; None where nothing is kept."""
    if chosen.cache is None or not has_all(chosen.folders, files):
        return None
    return Keeper(chosen.cache, chosen, files)


def sources(package: Path = PACKAGE) -> str:
    """The sources that say what analyses are, as Python tells whether it has to compile them anew.

    Who can set their times can write them.
    """
    found: list[tuple[str, int, int]] = []
    folders = [package / "analysis", package / "platforms"]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.name.endswith(".py"):
                        stat = entry.stat()
                        found.append((entry.path, stat.st_size, stat.st_mtime_ns))
                    elif entry.name != "__pycache__" and entry.is_dir():
                        folders.append(Path(entry.path))
        except OSError:  # they are in an archive, which is not changed in its parts
            continue
    return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()


def declared(analyses: Analyses) -> bytes:
    """A digest of what analyses say of their facts: what rules rest on follows from it."""
    encode = msgspec.msgpack.Encoder(order="deterministic").encode
    ids = [each.id for each in analyses.all] + [each.id for each in analyses.completing]
    of_facts = (analyses.feeds, analyses.by_name, analyses.beside, analyses.preferred)
    return hashlib.sha256(encode((ids, *of_facts, analyses.completes))).digest()


def programs_of(rules: Iterable[ActiveRule]) -> tuple[Program, ...]:
    """Each program of some rules once."""
    found: dict[int, Program] = {}
    for active in rules:
        for each in (active.each, active.when, active.check, *active.message.programs()):
            if each is not None:
                found[id(each)] = each
    return tuple(found.values())


def _file(found: Found) -> _File:
    numbers = {id(each): number for number, each in enumerate(found.programs)}
    profile = found.profile
    return _File(
        declared=found.declared,
        said=dict(found.said),
        whole=found.whole,
        id=profile.id,
        title=profile.title,
        gate=profile.gate,
        rules=tuple(_rule(active, numbers) for active in profile.rules),
        programs=tuple(each.dump() for each in found.programs),
        parameters=dict(profile.parameters),
        controls=dict(profile.controls),
        frameworks=dict(profile.frameworks),
        tables={name: list(rows) for name, rows in profile.tables.items()},
        policy_digest=profile.policy_digest,
        digest=profile.digest,
        sources=dict(found.sources),
    )


def _rule(active: ActiveRule, numbers: Mapping[int, int]) -> _Rule:
    return _Rule(
        rule=msgspec.structs.replace(active.rule, examples=()),
        severity=active.severity,
        params=dict(active.params),
        each=None if active.each is None else numbers[id(active.each)],
        when=None if active.when is None else numbers[id(active.when)],
        check=numbers[id(active.check)],
        message=tuple(
            each if isinstance(each, str) else numbers[id(each)] for each in active.message.parts
        ),
    )


def _profile(file: _File, programs: Sequence[Program], platforms: Platforms) -> CompiledProfile:
    return CompiledProfile(
        id=file.id,
        title=file.title,
        gate=file.gate,
        rules=tuple(_active(each, programs) for each in file.rules),
        parameters=file.parameters,
        controls=file.controls,
        frameworks=file.frameworks,
        tables=file.tables,
        policy_digest=file.policy_digest,
        digest=file.digest,
        platforms=platforms,
    )


def _active(kept: _Rule, programs: Sequence[Program]) -> ActiveRule:
    parts = (each if isinstance(each, str) else programs[each] for each in kept.message)
    return ActiveRule(
        rule=kept.rule,
        severity=kept.severity,
        params=kept.params,
        each=None if kept.each is None else programs[kept.each],
        when=None if kept.when is None else programs[kept.when],
        check=programs[kept.check],
        message=MessageTemplate(tuple(parts)),
    )
