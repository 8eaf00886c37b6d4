"""The program that judged, as a bundle tells it: which files, on what packages, asked for what."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from email import message_from_string
from email.message import Message
from typing import Any, Final

from auditor.late import late
from auditor.secrets.redact import redact_text
from auditor.version import VERSION

_OURS: Final = ("auditor", "collectors", "reports")
_NEEDED: Final = late(r"([A-Za-z0-9._-]+)\s*(?:\[([^]]*)\])?")
_EXTRA: Final = late(r"""extra\s*==\s*["']([^"']+)["']""")


def environment(arguments: Sequence[str]) -> dict[str, Any]:
    """What may matter to somebody who wants to know how a verdict came about.

    An argument that looks like a secret is left out.
    """
    return {
        "arguments": [redact_text(argument) for argument in arguments],
        "program": {"version": VERSION, "sha256": digest_of_program()},
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": dict(sorted(packages("auditor").items())),
    }


def digest_of_program() -> str:
    """The sha256 over our own files: of what ``sha256sum`` prints for them, in order of names.

    Equal versions may be different programs: an installation can be changed. The policies have a
    digest of their own, in the results.
    """
    lines = sorted(_lines(), key=lambda line: line[66:])
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _lines() -> Iterator[str]:
    for package in _OURS:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations if spec is not None else None) or ():
            for inside, path in _sources(folder):
                with open(path, "rb") as file:  # noqa: PTH123 - a text, of hundreds of files
                    digest = hashlib.sha256(file.read()).hexdigest()
                yield f"{digest}  {package}/{inside}\n"


def _sources(folder: str) -> Iterator[tuple[str, str]]:
    """The names, with slashes, and the paths of all files of Python below a folder."""
    waiting = [("", folder)]
    while waiting:
        above, at = waiting.pop()
        with os.scandir(at) as listed:
            for each in listed:
                if each.is_dir(follow_symlinks=False):
                    waiting.append((f"{above}{each.name}/", each.path))
                elif each.name.endswith(".py"):
                    yield f"{above}{each.name}", each.path


def packages(name: str) -> dict[str, str]:
    """The versions of all packages that are installed and that one rests on, directly or not.

    Of its own extras all count that are installed, of those of others the ones that are asked for.
    """
    found: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(_needs(name))
    while waiting:
        need = waiting.pop()
        if need in seen:
            continue
        seen.add(need)
        try:
            told = _metadata(need[0])
        except importlib.metadata.PackageNotFoundError:
            continue
        found[told["Name"]] = told["Version"]
        waiting += _asked(told.get_all("Requires-Dist") or (), need[1])
    return found


def _metadata(name: str) -> Message:
    """What a package says of itself, but for the long text below that: most of the file.

    Raises:
        PackageNotFoundError: it is not installed.
    """
    distribution = importlib.metadata.distribution(name)
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    return message_from_string(text.partition("\n\n")[0])


def _needs(name: str) -> Iterator[tuple[str, frozenset[str]]]:
    """What a package rests on, by any of its extras; nothing when it runs from its source."""
    with suppress(importlib.metadata.PackageNotFoundError):
        yield from _asked(_metadata(name).get_all("Requires-Dist") or (), None)


def _asked(
    requirements: Sequence[str], extras: frozenset[str] | None
) -> Iterator[tuple[str, frozenset[str]]]:
    """Names and their extras; of requirements that are an extra's those of ``extras``, or all."""
    for text in requirements:
        extra, needed = _EXTRA.search(text), _NEEDED.match(text)
        wanted = extra is None or extras is None or extra[1] in extras
        if wanted and needed is not None:
            yield needed[1], frozenset(filter(None, re.split(r"[,\s]+", needed[2] or "")))
