"""``--exclude``: where it can't mean anything, and what of it meant nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from auditor.errors import UsageError
from auditor.model.resource import STDIN, PassedOver


def refuse_nowhere(targets: Sequence[str]) -> None:
    """Stop where no target has paths that a glob could match.

    Raises:
        UsageError: all are clusters, or standard input.
    """
    if all("://" in text or text == STDIN for text in targets):
        raise UsageError(
            "--exclude is for files and folders, and no target is one",
            hint="a cluster is narrowed down by k8s://CONTEXT?namespace=a,b",
        )


def unused(passed: Iterable[PassedOver]) -> Iterator[str]:
    """Say of each glob that left nothing out of any target that it did: it may be mistyped."""
    files: Counter[str] = Counter()
    for one in passed:
        for each in one.excluded:
            files[each.glob] += each.files
    for glob, number in files.items():
        if not number:
            yield f"--exclude {glob}: left nothing out that would be read"
