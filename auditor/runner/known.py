"""The baseline of a run: whether it is one of the same targets, and as a file of its bundle."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from posixpath import normpath
from typing import Final

import msgspec

from auditor.errors import IntegrityError, UsageError
from auditor.evidence import files, strict
from auditor.evidence.layout import BASELINE
from auditor.model.enums import Severity
from auditor.model.resource import Target
from auditor.runner.settings import Known

UNREACHABLE: Final = "unreachable"
"""The uid of a live target that said nothing: only its URI is known."""
_HINT: Final = "name a baseline of the same targets and profile; after a move: --baseline-any"


def refuse_another(known: Known, targets: Iterable[Target], profile: str) -> None:
    """Make sure that a baseline is one of these targets, by this profile.

    Findings of files are known by path and rule alone, so those of another repository would pass
    for ours. A live target is known by its uid, wherever it is reached.

    Raises:
        UsageError: it is one of others.
    """
    if known.profile != profile:
        raise UsageError(
            f"the baseline was judged by {known.profile}, this run is by {profile}", hint=_HINT
        )
    found = [(target.uri, target.uid) for target in targets]
    silent = {uri for uri, uid in (*found, *known.targets) if uid == UNREACHABLE}
    then = {_name(*each, silent) for each in known.targets}
    today = {_name(*each, silent) for each in found}
    if then != today:
        told = [f"it has {name}, this run has not" for name in sorted(then - today)]
        told += [f"this run has {name}, it has not" for name in sorted(today - then)]
        raise UsageError(f"the baseline is one of other targets: {'; '.join(told)}", hint=_HINT)


def _name(uri: str, uid: str, silent: set[str]) -> str:
    """What a target is compared by."""
    if "://" not in uri:
        return normpath(uri)
    return uri if uri in silent else uid


def write_known(root: Path, known: Known) -> None:
    """Keep a baseline in a bundle, so that its gate can be decided again."""
    data = msgspec.json.encode(known, order="deterministic")
    (root / BASELINE).write_bytes(msgspec.json.format(data, indent=1) + b"\n")


def read_known(root: Path) -> Known | None:
    """The baseline that a bundle was judged against, None when there was none.

    Raises:
        IntegrityError: it is malformed.
    """
    path = root / BASELINE
    if not path.exists():
        return None
    value = strict.parse(BASELINE, files.read(path, strict.MOST_BYTES))
    known = strict.convert(BASELINE, value, Known)
    severities = {each.value for each in Severity}
    for state in known.findings.values():
        if state.severity not in severities:
            what = f"{BASELINE}: no severity {state.severity[:40]!r}"
            raise IntegrityError(what)
    return known
