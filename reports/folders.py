"""In which folders findings are: where a person begins who has many of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from os.path import commonpath
from typing import Final

from auditor.model.results_finding import Finding

SHOWN_FOLDERS: Final = 4


def by_folder(findings: Iterable[Finding]) -> Mapping[str, int]:
    """Count failing findings by folder, as high up as they are in several; "" for no folder."""
    folders: Counter[str] = Counter()
    for finding in findings:
        if finding.verdict == "fail":
            folders[finding.resource.file.rpartition("/")[0]] += 1
    alone = len(folders) == 1 or "" in folders
    above = "" if alone or not folders else commonpath(folders)
    found: Counter[str] = Counter()
    for folder, number in folders.items():
        below = folder[len(above) :].strip("/").partition("/")[0]
        found[f"{above}/{below}".strip("/")] += number
    return found


def told_folders(found: Mapping[str, int]) -> str:
    """Tell the folders with most findings, in one line."""
    order = sorted(found, key=lambda name: (-found[name], name))
    parts = [f"{name or 'the top'} {found[name]:,}" for name in order[:SHOWN_FOLDERS]]
    rest = sum(found[name] for name in order[SHOWN_FOLDERS:])
    return ", ".join(parts) + (f", others {rest:,}" if rest else "")
