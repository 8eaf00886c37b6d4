"""``auditor diff``: what is different between two bundles, and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import click
import msgspec

from auditor.cli.opened import Bundle, Replay
from auditor.cli.options import progress_option
from auditor.cli.places import PLACE, Place
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.screen import Progress
from auditor.cli.unpacked import folder_of
from auditor.config import read_config
from auditor.evidence.compare import Change, by_fingerprint, changes, state_of
from auditor.evidence.layout import Manifest
from auditor.evidence.population import left_out
from auditor.evidence.reading import read_folder
from auditor.evidence.streamed import read_head
from auditor.model.results import FINGERPRINTS
from auditor.model.results_finding import FindingSummary
from auditor.policy import CacheFolder
from reports.text import safe

DIFFERENT = 1
_WHY = ("estate", "policy", "tool")
_WHAT = ("new", "gone", "changed")
_LISTED_BY_ALL = frozenset({"pass", "not-applicable"})


class _Told(msgspec.Struct, frozen=True):
    """A change and what it comes from."""

    change: Change
    why: tuple[str, ...]


@click.command(short_help="Say what is different between two bundles, and why.")
@click.argument("before", type=PLACE)
@click.argument("after", type=PLACE)
@click.option("--json", "as_json", is_flag=True, help="Print an object, for programs.")
@progress_option
@prose
def diff(before: Place, after: Place, progress: str, *, as_json: bool) -> int:
    r"""Say which findings of AFTER are new, gone or changed against BEFORE, and why.

    Where they differ, both are judged again to tell, by this program. What a bundle says and its
    evidence does not give comes from the tool that made it, what is other under the other policy
    from the policy, and the rest from the estate. Passes are compared where both list them (--all).

    \b
    Example:
      auditor diff last-week.zip today.zip

    \b
    Exit codes:
      0  no finding is different
      1  some are
      2  there is no such bundle, or nothing was judged in it
      4  a file is not what its manifest says, or holds no whole results
    """
    config = read_config()
    shown = Progress(progress)
    with Scratch(config.temporary) as scratch:
        first, second = (_bundle(place, scratch) for place in (before, after))
        # policies that both have are read and compiled once; nothing outlives the command
        compiled = CacheFolder(scratch, ("compiled",))
        found = list(_told(first, second, Replay(scratch, compiled, None, shown)))
        shown.end()
    scopes = [_left_out_of(each.manifest) for each in (first, second)]
    if as_json:
        click.echo(_document(found, scopes))
    else:
        click.echo("\n".join((*_scopes(scopes), *_lines(found))))
    return DIFFERENT if found else 0


def _bundle(place: Place, scratch: Path) -> Bundle:
    root = folder_of(place, scratch)
    return Bundle(root, *read_folder(root))


_Found = Mapping[str, FindingSummary]
_Stage = tuple[str, _Found]


def _told(before: Bundle, after: Bundle, again: Replay) -> Iterator[_Told]:
    # passes are listed by --all only: what one of them does not list can't be compared
    everything = before.judged().list_all and after.judged().list_all
    first, last = (_said(each, everything=everything) for each in (before, after))
    if first is not None and last is not None and not any(changes(first, last)):
        return  # nothing is other, so nothing has to be judged to tell what it comes from

    def judged(evidence: Bundle, policy: Bundle) -> _Found:
        return _findings(again.judge(evidence, policy), everything=everything)

    stages = _stages(before, after, judged, first, last)
    for change in changes(stages[0][1], stages[-1][1]):
        fingerprint = change.finding.fingerprint
        states = [(why, found.get(fingerprint)) for why, found in stages]
        reasons = {
            why
            for (_, earlier), (why, later) in pairwise(states)
            if _state(earlier) != _state(later)
        }
        yield _Told(change, tuple(why for why in _WHY if why in reasons))


def _state(found: FindingSummary | None) -> tuple[object, ...] | None:
    return None if found is None else state_of(found)


def _stages(
    before: Bundle,
    after: Bundle,
    judged: Callable[[Bundle, Bundle], _Found],
    first: _Found | None,
    last: _Found | None,
) -> Sequence[_Stage]:
    """From one bundle's findings to the other's, a step a cause; each step names it.

    ``first`` and ``last`` are what the bundles say, None where that can't be compared. Both are
    judged again: what a bundle says and its evidence does not give, whether another program wrote
    it or somebody's hand, comes from neither estate nor policy.
    """
    own = judged(before, before)
    stages: list[_Stage] = [("", own)] if first is None else [("", first), ("tool", own)]
    if _policy(before) != _policy(after):
        stages.append(("policy", judged(before, after)))
    stages.append(("estate", judged(after, after)))
    if last is not None:
        stages.append(("tool", last))
    return stages


def _said(bundle: Bundle, *, everything: bool) -> _Found | None:
    """What a bundle says; None where another program told findings apart otherwise than ours."""
    if read_head(bundle.results).tool.fingerprints == FINGERPRINTS:
        return _findings(bundle.results, everything=everything)
    told = f"{bundle.root}: findings had other fingerprints then; compared as they are judged now"
    click.echo(safe(told), err=True)
    return None


def _policy(bundle: Bundle) -> tuple[object, ...]:
    """All that decides verdicts besides evidence and program."""
    judged = bundle.judged()
    files = [(each.path, each.sha256) for each in bundle.manifest.files if each.role == "policy"]
    return judged.profile, judged.parameters, files


def _findings(results: Path, *, everything: bool) -> _Found:
    found = by_fingerprint(results)
    if everything:
        return found
    return {name: each for name, each in found.items() if each.verdict not in _LISTED_BY_ALL}


def _left_out_of(manifest: Manifest) -> dict[str, dict[str, int]]:
    """What a person left out of each target, by the globs, with how many files; no others."""
    found = {entry.uri: left_out(entry).get("leftOut", {}) for entry in manifest.targets}
    return {uri: globs for uri, globs in found.items() if globs}


def _scopes(scopes: Sequence[Mapping[str, Mapping[str, int]]]) -> Iterator[str]:
    """Tell what was left out of one and not of the other: findings there are gone for it."""
    if scopes[0] == scopes[1]:
        return
    for name, scope in zip(("BEFORE", "AFTER"), scopes, strict=True):
        parts = [
            f"{uri}: {glob} {number:,} file{'' if number == 1 else 's'}"
            for uri, globs in scope.items()
            for glob, number in globs.items()
        ]
        told = "; ".join(parts) or "nothing"
        yield safe(f"LEFT OUT of {name} by --exclude: {told}")


def _lines(found: Sequence[_Told]) -> Iterator[str]:
    for what in _WHAT:
        told = [each for each in found if each.change.what == what]
        if told:
            yield f"{what.upper()}  {len(told)}"
        for each in told:
            yield f"  {safe(described(each.change))}  ({', '.join(each.why)})"
    counts = " ".join(f"{what}={sum(each.change.what == what for each in found)}" for what in _WHAT)
    causes = " ".join(f"{why}={sum(why in each.why for each in found)}" for why in _WHY)
    yield f"DIFF {counts} {causes}"


def described(change: Change) -> str:
    """A finding in a line; of one that changed, what it was."""
    found = change.finding
    resource = found.resource
    where = "/".join(filter(None, (resource.namespace, resource.name)))
    element = f" {found.element}" if found.element else ""
    kind = resource.kind.partition("/")[2] or resource.kind
    state = f"{found.verdict} {found.severity}"
    if change.before is not None and change.after is not None:
        state = f"{change.before.verdict} {change.before.severity} -> {state}"
    return f"{state} {found.rule}: {kind} {where}{element}"


def _document(found: Sequence[_Told], scopes: Sequence[Mapping[str, Mapping[str, int]]]) -> str:
    rows = [
        {
            "what": each.change.what,
            "why": list(each.why),
            "fingerprint": each.change.finding.fingerprint,
            "rule": each.change.finding.rule,
            "before": _shown(each.change.before),
            "after": _shown(each.change.after),
        }
        for each in found
    ]
    excluded = dict(zip(("before", "after"), scopes, strict=True))
    return json.dumps({"schema": "diff/v1", "excluded": excluded, "changes": rows}, indent=2)


def _shown(found: FindingSummary | None) -> dict[str, str | int] | None:
    if found is None:
        return None
    return {
        "verdict": found.verdict,
        "severity": found.severity,
        "message": found.message,
        "file": found.resource.file,
        "line": found.resource.line,
    }
