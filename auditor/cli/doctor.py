"""``auditor doctor``: what a scan would and would not see, before it is run."""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec

from auditor.cli.options import (
    folders,
    kubeconfig_option,
    parse_settings,
    policies_option,
    profile_option,
    set_option,
)
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.wiring import Places, live_of
from auditor.config import read_config
from auditor.engine.conclude import rules_blinded_by
from auditor.engine.sources import kinds_read
from auditor.model.enums import GapCause
from auditor.model.resource import Gap
from auditor.ports import Examination
from auditor.runner.job import compiled_profile, rests_on
from reports.text import safe

SKEW = 60.0
_INCOMPLETE = 3


class _Blind(msgspec.Struct, frozen=True):
    """A read that is refused, with the rules that it would blind."""

    kind: str
    missing: str
    rules: tuple[str, ...]


@click.command(short_help="Say what a scan would not see, and which rights are missing.")
@click.argument("target", metavar="TARGET")
@profile_option
@set_option
@policies_option
@kubeconfig_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@prose
def doctor(
    target: str,
    profile: str,
    settings: tuple[str, ...],
    policies: tuple[Path, ...],
    kubeconfig: str,
    *,
    as_json: bool,
) -> int:
    r"""Ask a cluster who we are to it, what it serves, and what we may read of it.

    Nothing is read but that. For each right that is missing it names the rules of the profile that
    would be without a verdict.

    \b
    Example:
      auditor doctor k8s://prod --profile pod-security-restricted

    \b
    Exit codes:
      0  a scan would see everything   3  it would not, or there is no connection
    """
    config = read_config()
    cache = config.cache / "policy" if config.cache is not None else None
    compiled = compiled_profile(folders(policies), profile, parse_settings(settings), cache)
    sources = rests_on(compiled)
    live = live_of(target, Places(kubeconfig or config.kubeconfig))
    with Scratch(config.temporary) as scratch:
        found = live.examine(kinds_read(sources.values()), scratch)
    blind = []
    for read in found.reads:
        if not read.allowed:
            gap = Gap(found.uri, read.kind, GapCause.DENIED, read.detail)
            rules = rules_blinded_by(gap, compiled.rules, sources)
            blind.append(_Blind(read.kind, read.detail, rules))
    if as_json:
        record = {
            **msgspec.to_builtins(found),
            "blind": [msgspec.to_builtins(each) for each in blind],
        }
        click.echo(json.dumps(record, indent=2))
    else:
        _tell(found, blind)
    return _INCOMPLETE if blind else 0


def _tell(found: Examination, blind: list[_Blind]) -> None:
    who = found.principal
    groups = f" in {', '.join(who.groups)}" if who.groups else ""
    served = [read for read in found.reads if read.served]
    allowed, absent = sum(read.allowed for read in served), len(found.reads) - len(served)
    lines = [
        f"{found.uri} is reached at {found.server}",
        f"  version   {found.version}",
        f"  cluster   {found.uid or 'unknown: the namespace kube-system may not be read'}",
        f"  as        {who.name or 'unknown'}{groups} ({who.via})",
        f"  clock     {_skew(found.skew)}",
        f"  reads     {allowed} of {len(served)} kinds are allowed; {absent} are not served here",
    ]
    lines += [f"  never     {item.kind}: {item.reason}" for item in found.excluded]
    for each in blind:
        lines.append(f"  refused   {each.missing}: {len(each.rules)} rules would miss {each.kind}")
        lines += [f"              {rule}" for rule in each.rules]
    if blind:
        lines.append("auditor permissions k8s prints the role that a scan needs.")
    for line in lines:
        click.echo(safe(line))


def _skew(seconds: float | None) -> str:
    if seconds is None:
        return "the server does not tell"
    if abs(seconds) < SKEW:
        return "agrees with ours"
    direction = "ahead of" if seconds > 0 else "behind"
    return f"{abs(seconds):.0f} s {direction} ours: tokens and certificates may seem expired"
