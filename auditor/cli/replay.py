"""``auditor replay``: judge the evidence of a bundle again, and compare bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import msgspec

from auditor.cli.diff import described
from auditor.cli.opened import Bundle, Replay
from auditor.cli.options import progress_option
from auditor.cli.places import PLACE, Place
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.screen import Progress
from auditor.cli.unpacked import folder_of
from auditor.config import read_config
from auditor.evidence.compare import changes, findings_in
from auditor.evidence.content import digest_of
from auditor.evidence.reading import read_folder
from auditor.evidence.streamed import Cited, read_cited
from auditor.version import VERSION
from reports.text import safe

MISMATCH = 4
_SHOWN = 20


@click.command(short_help="Judge a bundle again, and compare the bytes.")
@click.argument("bundle", type=PLACE)
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes.")
@progress_option
@prose
def replay(bundle: Place, workers: int | None, progress: str) -> int:
    r"""Judge the evidence in BUNDLE again, by the policy in it, and compare the results' bytes.

    Nothing outside of the bundle is read: no cluster, no file, no clock. Whose the bundle is, and
    whether it is still whole: auditor verify says that.

    \b
    Example:
      auditor replay evidence/

    \b
    Exit codes:
      0  the same bytes
      2  there is no such bundle, or nothing was judged in it
      4  other results, or it is not whole: a file is not what the manifest says
    """
    config = read_config()
    shown = Progress(progress)
    with Scratch(config.temporary) as scratch:
        root = folder_of(bundle, scratch)
        found = Bundle(root, *read_folder(root))
        # no cache: what is read there is not in the bundle
        again = Replay(scratch, None, workers, shown).judge(found, found)
        shown.end()
        before, after = digest_of(found.results), digest_of(again)
        if before == after:
            click.echo(f"REPLAY same results=sha256:{after}")
            return 0
        for line in _explained(found, again):
            click.echo(safe(line))
        click.echo(f"REPLAY other results=sha256:{after} recorded=sha256:{before}")
        return MISMATCH


def _explained(found: Bundle, again: Path) -> Iterator[str]:
    """Where the other bytes may come from: the program, the policy, the evidence."""
    cited, cited_now = read_cited(found.results), read_cited(again)
    then, now = cited.results, cited_now.results
    version = found.manifest.version
    if version != VERSION:
        yield f"program: {version} judged then, {VERSION} judges now"
    else:
        yield f"program: {VERSION}, as then"
    same = then.tool.policy == now.tool.policy
    yield "policy: as then" if same else f"policy: {then.tool.policy} then, {now.tool.policy} now"
    yield f"evidence: {_evidence(found, cited, cited_now)}"
    before = {each.fingerprint: each for each in findings_in(found.results)}
    after = {each.fingerprint: each for each in findings_in(again)}
    different = list(changes(before, after))
    for change in different[:_SHOWN]:
        yield f"  {change.what}: {described(change)}"
    if len(different) > _SHOWN:
        yield f"  and {len(different) - _SHOWN} more"
    if not different:
        yield "  no finding is different: counts, gaps, coverage, controls or the gate are"


def _shown(gaps: Iterable[object]) -> set[bytes]:
    return {msgspec.json.encode(gap, order="deterministic") for gap in gaps}


def _evidence(found: Bundle, cited: Cited, cited_now: Cited) -> str:
    """What of the evidence is other; where nothing tells, what must be by what is not."""
    then, now = cited.results, cited_now.results
    before, after = _shown(then.gaps), _shown(now.gaps)
    if after - before:
        return f"{len(after - before)} gaps that were none then"
    if before - after:
        return "gaps of then are none now"
    if (then.targets, then.run) != (now.targets, now.run):
        return "its targets, their principals or the run are not those of the results"
    if then.coverage != now.coverage:
        return "other resources than then"
    other = cited.digests ^ cited_now.digests
    if other:
        return f"findings rest on {len(other)} other digests"
    if then.tool.policy == now.tool.policy and found.manifest.version == VERSION:
        return "its digests are as then; what was kept of it, or the results, were changed since"
    return "as then"
