"""``auditor doctor``: what a scan would and would not see, before it is run."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from auditor.cli.caching import cache_of
from auditor.cli.options import (
    chosen_by,
    host_options,
    kubeconfig_option,
    policies_option,
    profile_option,
    set_option,
    timeout_option,
)
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.vsphere_options import entering, vsphere_options
from auditor.cli.wiring import CollectorOptions, wired
from auditor.config import read_config
from auditor.engine.conclude import rules_blinded_by
from auditor.engine.sources import RuleSources
from auditor.model.enums import GapCause
from auditor.model.policy import Control
from auditor.model.resource import Gap
from auditor.policy.compiled import ActiveRule
from auditor.ports import Examination
from auditor.secrets.messages import redact_texts
from reports.text import safe

SKEW = 60.0
_INCOMPLETE = 3
_WIDTH = 100


class _MissingKind(msgspec.Struct, frozen=True):
    """A kind that a scan would not get, with the rules that it would blind."""

    kind: str
    missing: str
    rules: tuple[str, ...]
    cause: GapCause
    hint: str


class _ExcludedKind(msgspec.Struct, frozen=True):
    """What no scan of this target reads or checks, with the rules that rest on it."""

    kind: str
    reason: str
    rules: tuple[str, ...]


@click.command(short_help="Say what a scan would not see, and which rights are missing.")
@click.argument("target", metavar="TARGET")
@profile_option
@set_option
@policies_option
@kubeconfig_option
@vsphere_options
@timeout_option
@host_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@prose
def doctor(
    target: str,
    profile: str,
    settings: tuple[str, ...],
    policies: tuple[Path, ...],
    kubeconfig: str,
    timeout: float | None,
    host_probes: tuple[Path, ...],
    *,
    no_host: bool,
    as_json: bool,
    **chosen: Any,
) -> int:
    r"""Ask a cluster who we are to it, what it serves, and what we may read of it.

    Nothing is read but that. For each right that is missing, each kind that the server can't list
    or tell of, and each that is never read, it names the rules of the profile that miss it, and
    the controls that this leaves open. Of an archive of images it says which images it has, and
    what is wrong with it; no layer is read.

    \b
    Example:
      auditor doctor k8s://prod --profile pod-security-restricted
      auditor doctor images://app.tar --profile cis-docker

    \b
    Exit codes:
      0  a scan would see everything   3  it would not, or there is no connection
    """
    config = entering(read_config(), chosen, (target,))
    ready = wired().prepare(chosen_by(policies, profile, settings, cache_of(config)))
    sources = ready.sources
    live = wired().live_of(
        target,
        CollectorOptions.of(config, kubeconfig, timeout, no_host=no_host, host_probes=host_probes),
    )
    with Scratch(config.temporary) as scratch:
        found = redact_texts(live.examine(ready.wanted.of(live.uri), scratch))
    blind = _blind(found, ready.profile.rules, sources)
    never = tuple(
        _ExcludedKind(item.kind, item.reason, _resting_on(item.kind, sources))
        for item in found.excluded
    )
    rules = (*(each.rules for each in blind), *(each.rules for each in never))
    missed = frozenset(rule for each in rules for rule in each)
    left_open = _left_open(missed, ready.profile.controls.values())
    if as_json:
        record = {
            **msgspec.to_builtins(found),
            "excluded": msgspec.to_builtins(never),
            "blind": msgspec.to_builtins(blind),
            "open": left_open,
        }
        click.echo(json.dumps(record, indent=2))
    else:
        coverage = _coverage_lines(found, blind, never)
        for line in (*_connection_lines(found), *coverage, *_open_lines(left_open)):
            click.echo(safe(line))
    return _INCOMPLETE if blind else 0


def _blind(
    found: Examination, rules: Sequence[ActiveRule], sources: Mapping[str, RuleSources]
) -> tuple[_MissingKind, ...]:
    blind = []
    for read in found.reads:
        if not read.allowed:
            gap = Gap(found.uri, read.kind, read.cause, read.detail)
            missed = rules_blinded_by(gap, rules, sources)
            blind.append(_MissingKind(read.kind, read.detail, missed, read.cause, read.hint))
    return tuple(blind)


def _resting_on(kind: str, sources: Mapping[str, RuleSources]) -> tuple[str, ...]:
    return tuple(sorted(rule for rule, each in sources.items() if each.misses(kind)))


def _connection_lines(found: Examination) -> Iterator[str]:
    """What the target says of itself and of us."""
    served = [read for read in found.reads if read.served]
    allowed = sum(read.allowed for read in served)
    absent = sum(read.allowed for read in found.reads if not read.served)
    yield f"{found.uri} is reached at {found.server}"
    yield from (f"  {word:<9} {text}" for word, text in found.told)
    if not found.told:
        yield from _server_lines(found)
    yield f"  reads     {allowed} of {len(served)} kinds are allowed; {absent} are not served here"


def _server_lines(found: Examination) -> Iterator[str]:
    """What a server says of itself, and who we are to it."""
    who = found.principal
    groups = f" in {', '.join(who.groups)}" if who.groups else ""
    yield f"  version   {found.version}"
    if found.unidentified is None:
        yield f"  cluster   {found.uid}"
    else:
        yield f"  cluster   unknown: {found.unidentified.detail}"
        yield "              without its uid it can't be told from others of the same authority"
    yield f"  as        {who.name or 'unknown'}{groups} ({who.via})"
    yield f"  clock     {_skew(found.skew)}"


def _coverage_lines(
    found: Examination, blind: Sequence[_MissingKind], never: Sequence[_ExcludedKind]
) -> Iterator[str]:
    """What a scan would not see, the rules that miss it, and what to do."""
    for item in never:
        rules = f": {_counted(item.rules)} without a say on it" if item.rules else ""
        yield f"  never     {item.kind}, {item.reason}{rules}"
        yield from (f"              {rule}" for rule in item.rules)
    for each in blind:
        word = "refused" if each.cause is GapCause.DENIED else "missing"
        yield f"  {word}   {each.missing}: {_counted(each.rules)} would miss {each.kind}"
        yield from (f"              {rule}" for rule in each.rules)
    hints = [each.hint for each in blind]
    if found.unidentified is not None:
        hints.append(found.unidentified.hint)
    yield from dict.fromkeys(hint for hint in hints if hint)


def _left_open(missed: frozenset[str], controls: Iterable[Control]) -> Mapping[str, Sequence[str]]:
    """The controls of each framework that a scan could not find satisfied, by their ids."""
    found: dict[str, list[str]] = {}
    for control in controls:
        if not missed.isdisjoint(control.rules):
            found.setdefault(control.framework, []).append(control.id)
    return {name: sorted(found[name], key=_in_order) for name in sorted(found)}


def _in_order(name: str) -> list[tuple[int, str]]:
    """What sorts 3.2 before 3.10."""
    return [(int(part) if part.isdecimal() else 0, part) for part in name.split(".")]


def _open_lines(left_open: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The controls that a scan would leave open, a paragraph for each framework."""
    for framework, controls in left_open.items():
        text = f"{framework} {', '.join(controls)}"
        yield from textwrap.wrap(
            text, _WIDTH, initial_indent="  open      ", subsequent_indent=" " * 14
        )


def _counted(rules: Sequence[str]) -> str:
    return f"{len(rules)} rule{'' if len(rules) == 1 else 's'}"


def _skew(seconds: float | None) -> str:
    if seconds is None:
        return "the server does not tell"
    if abs(seconds) < SKEW:
        return "agrees with ours"
    direction = "ahead of" if seconds > 0 else "behind"
    return f"{abs(seconds):.0f} s {direction} ours: tokens and certificates may seem expired"
