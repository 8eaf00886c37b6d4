"""What a configuration may not say that was found, and not named.

Whoever works in a repository chose to; its configuration came along. So it may say what is judged
and by what, and nothing that reaches further than a scan of that repository would: no path leads
out of it, reports do not replace what begins with a dot (``.git``), and no target is an address. A
target such as ``k8s://prod`` is a name in settings of the user; ``vsphere://host`` would have our
password sent there, a kubeconfig may name programs to run, and an executor runs code.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Final

from auditor.configuration.values import WHAT, Configuration
from auditor.errors import Location, PolicyError, PolicyErrors

NAMED_ONLY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "kubeconfig": "it may name programs to run",
        "executor": "whoever is there runs code here, and gets the secrets of targets",
    }
)
"""Keys that a file must be named for, and why."""


def refuse_beyond(configuration: Configuration, root: Path, own: Collection[str]) -> None:
    """Stop at what leads out of a repository; ``own`` are schemes of names in users' settings.

    Raises:
        PolicyErrors: all of it.
    """
    hint = f"it was found, and not named: auditor scan --config {configuration.name} takes it"
    wrong = tuple(
        PolicyError(message, location=place, hint=hint)
        for message, place in _beyond(configuration, root, own)
    )
    if wrong:
        raise PolicyErrors(wrong, WHAT)


def _beyond(
    configuration: Configuration, root: Path, own: Collection[str]
) -> Iterator[tuple[str, Location]]:
    for key, why in NAMED_ONLY.items():
        for each in configuration.all(key):
            yield f"{key}: {why}", each.place
    for key, text, place in configuration.paths():
        if key in NAMED_ONLY:
            continue
        if "://" in text:
            yield f"{text.partition('://')[0]}:// is an address, which may be anybody's", place
        elif not _is_inside(configuration.folder / text, root):
            yield f"{text}: outside of the repository", place
        elif key == "outputs" and any(part.startswith(".") for part in _inside(text)):
            yield f"{text}: hidden, and so no place for a report", place
    for each in configuration.targets():
        if each.is_entered:
            yield f"{each.text}: as whom it is entered is not for such a file to say", each.place
        scheme, separator, _ = each.text.partition("://")
        if separator and scheme not in own:
            yield f"{scheme}:// is an address, which may be anybody's", each.place


def _inside(text: str) -> Iterator[str]:
    """The parts of a path that name something."""
    return (part for part in PurePath(text).parts if part not in {".", ".."})


def _is_inside(path: Path, root: Path) -> bool:
    """Whether a path leads, wherever its links do, to something below a folder, or to it."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
