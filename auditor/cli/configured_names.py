"""What a configuration names: files, folders, reports, profiles, parameters; all that is not there.

It is looked for before anything is read, so that whoever mends a file reads everything that is
wrong with it at once, each with its line. What an option says in its place is not looked for.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final

from auditor.cli.fleet import is_there
from auditor.cli.options import load_policy
from auditor.cli.output import parse_outputs
from auditor.cli.wiring import wired
from auditor.configuration.values import Configuration, Value
from auditor.errors import PolicyError, PolicyErrors, UsageError
from auditor.model.resource import STDIN
from auditor.policy import resolve
from auditor.policy.tenancy import FILE, TENANT

_FILES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "waivers": "auditor waivers add FILE makes one",
        "answers": "auditor answers ask FILE makes one",
        "baseline": "auditor scan --output BUNDLE makes one",
        "baseline-key": "auditor keys export prints one",
        "baseline-trust": "auditor verify --help says what is in it",
    }
)
"""Keys of files that have to be there, each with how one comes by it."""


def absent(found: Configuration, keys: Collection[str]) -> Iterator[PolicyError]:
    """Yield what is named by ``keys`` and is not there, or can't be written."""
    for key in sorted(keys & _FILES.keys()):
        for each in found.all(key):
            if each.text and "://" not in each.text and not is_there(found.folder / each.text):
                message = f"{each.text}: no such file"
                yield PolicyError(message, location=each.place, hint=_FILES[key])
    for each in found.all("policies"):
        if each.text and not _is_folder(found.folder / each.text):
            yield PolicyError(f"{each.text}: no such folder", location=each.place)
    if "targets" in keys:
        for target in found.targets():
            is_path = "://" not in target.text and target.text not in {"", STDIN}
            if is_path and not os.path.lexists(found.folder / target.text):
                message = f"{target.text}: no such file or folder"
                yield PolicyError(message, location=target.place, hint="a path, - or SCHEME://...")
    if "outputs" in keys:
        yield from _unwritable(found)


def _unwritable(found: Configuration) -> Iterator[PolicyError]:
    for each in found.all("outputs"):
        if each.text and each.name in wired().formats:
            text = f"{each.name}={path_of(found.folder, each.text)}"
            try:
                parse_outputs((text,), ())
            except UsageError as error:
                message = error.message.removeprefix("-o ")
                yield PolicyError(message, location=each.place, hint=error.hint)


def misnamed(
    found: Configuration, policies: tuple[Path, ...], profile: str
) -> Iterator[PolicyError]:
    """Yield what names no profile, or no parameter of it."""
    policy = load_policy(policies)
    try:
        resolve(policy, profile, {})
    except UsageError as error:
        yield from (
            PolicyError(error.message, location=each.place, hint=error.hint)
            for each in found.all("profile")
        )
        return
    for each in found.all("parameters"):
        try:
            resolve(policy, profile, {each.name: parameter(found, each)})
        except UsageError as error:
            yield PolicyError(error.message, location=each.place, hint=error.hint)


def besides(
    found: Configuration, keys: Collection[str], given: Mapping[str, str]
) -> Iterator[PolicyError]:
    """Yield what is misnamed, where something else is wrong anyway and policies may be, too."""
    profile = next((each.text for each in found.all("profile") if "profile" in keys), "")
    folders = (found.folder / each.text for each in found.all("policies") if "policies" in keys)
    with suppress(PolicyErrors):
        there = tuple(each for each in folders if _is_folder(each))
        yield from misnamed(found, there, profile or given["profile"])


def _is_folder(place: Path) -> bool:
    return os.path.isdir(place)  # noqa: PTH112 - as of is_there


def path_of(folder: Path, text: str) -> str:
    """A path from where we are; in the folder of the file itself it stays as it is written.

    So does what is no path: a URI.
    """
    if "://" in text or Path(text).is_absolute() or folder.resolve() == Path.cwd():
        return text
    return os.path.relpath(folder / text)


def parameter(found: Configuration, value: Value) -> str:
    """A parameter whose files are named from where we are."""
    if value.name != TENANT:
        return value.text
    parts = []
    for part in map(str.strip, value.text.split(",")):
        of, mark, path = part.partition(":")
        parts.append(
            f"{FILE}:{path_of(found.folder, path)}" if of == FILE and mark and path else part
        )
    return ",".join(parts)
