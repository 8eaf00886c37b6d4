"""The baseline of a run as a file of its bundle."""

from __future__ import annotations

from pathlib import Path

import msgspec

from auditor.evidence import strict
from auditor.evidence.layout import BASELINE
from auditor.runner.settings import Known


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
    return strict.convert(BASELINE, strict.parse(BASELINE, path.read_bytes()), Known)
