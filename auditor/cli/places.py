"""Where a bundle or a report is: a path, or what a storage holds; one door for both.

A URI is kept as it was typed, as a path would lose one of its slashes. What is read from a storage
is copied into the folder of the run first, and from then on a file as any other; what is written to
one is a file that is whole before it goes there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import click
import msgspec

from auditor.config import StorageConfig, read_storage_config
from auditor.errors import RenderError, UsageError
from auditor.stores import Store

MOST_BYTES: Final = 16 << 30
"""Of an object that is read: no archive of a bundle is nearly as large."""
MOST_PLACES: Final = 10_000
"""That one pattern stands for."""
STAR: Final = "*"


class Stored(msgspec.Struct, frozen=True):
    """What a storage holds, or is to hold."""

    uri: str

    def __str__(self) -> str:
        return self.uri

    @property
    def name(self) -> str:
        """The last part of its name."""
        return self.uri.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """What stands before its name."""
        return self.uri.rpartition("/")[0]

    @property
    def store(self) -> Store:
        """What holds it.

        Raises:
            UsageError: it needs what is not installed.
        """
        from auditor.cli.apart import Apart

        return Apart(partial(_stores()[self.uri.partition("://")[0]], read_storage_config()))


Place: TypeAlias = Path | Stored


def _stores() -> Mapping[str, Callable[[StorageConfig], Store]]:
    """What holds storages, by the scheme of their URIs; a path needs nothing that is wired."""
    from auditor.cli.wiring import wired

    return wired().stores


def place_of(text: str) -> Place:
    """A place as it was typed.

    Raises:
        UsageError: it is a URI that names nothing.
    """
    scheme, separator, _ = text.partition("://")
    if not separator or "/" in scheme:
        return Path(text)
    if scheme not in _stores():
        known = ", ".join(f"{name}://" for name in _stores())
        raise UsageError(
            f"{scheme}://: no storage has such URIs", hint=f"a path, or one of {known}"
        )
    found = Stored(text)
    found.store.check(text)
    return found


class PlaceType(click.Path):
    """The type of an option or an argument: a path, or a URI of a storage."""

    name = "place"

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Take what was typed for what it is."""
        if isinstance(value, Stored):
            return value
        text = os.fspath(value)
        if "://" in text:
            found = place_of(text)
            if isinstance(found, Stored):
                return found
        return super().convert(value, param, ctx)


PLACE: Final = PlaceType()


def expanded(places: Iterable[Place]) -> Iterator[Place]:
    """All places, with what a storage holds in place of a pattern.

    Raises:
        UsageError: a pattern stands for nothing, or can't be looked up.
    """
    for place in places:
        if isinstance(place, Path) or STAR not in place.uri:
            yield place
            continue
        found = place.store.matching(place.uri, MOST_PLACES)
        if not found:
            raise UsageError(f"{place}: nothing there has such a name", hint="quote it, or list it")
        yield from map(Stored, found)


def of_last_run(places: Iterable[Place]) -> Iterator[Place]:
    """Of what a storage holds only that in the last folder, numbers in names taken for numbers.

    Runs of a Job have names that grow; who names files chose them.
    """
    found = list(places)
    folders = {each.folder for each in found if isinstance(each, Stored)}
    last = max(folders, key=_numbered, default="")
    return (each for each in found if isinstance(each, Path) or each.folder == last)


def _numbered(text: str) -> list[tuple[int, str]]:
    parts = re.split("([0-9]+)", text)
    return [(int(each), "") if number % 2 else (0, each) for number, each in enumerate(parts)]


def fetched(place: Place, scratch: Path) -> Path:
    """A path of what is at a place: its own, or that of a copy below ``scratch``.

    Raises:
        UsageError: it is not there, or can't be read.
    """
    if isinstance(place, Path):
        return place
    folder = scratch / f"fetched-{len(list(scratch.iterdir()))}"
    folder.mkdir(mode=0o700)
    copy = folder / place.name
    with copy.open("xb") as file:
        place.store.get(place.uri, file, MOST_BYTES)
    return copy


def try_stored(place: Stored, *, replace: bool) -> None:
    """Make sure that something can be written to a storage, before anything is read.

    Raises:
        UsageError: it can't, or something is there that must not be replaced.
    """
    try:
        place.store.try_writing(place.uri, replace=replace)
    except RenderError as error:
        raise UsageError(error.message, hint=error.hint) from error


def put_bundle(place: Stored, archive: Path) -> None:
    """Write an archive to a storage; where that fails it is kept, and the error says where.

    Raises:
        UsageError, RenderError: it is not there, and why.
    """
    try:
        with archive.open("rb") as file:
            place.store.put(file, place.uri, replace=False)
    except (UsageError, RenderError) as error:
        kept = archive.parents[1].with_name(f"auditor-kept-{os.urandom(4).hex()}.zip")
        archive.rename(kept)
        raise RenderError(
            f"{error.message}; it was not stored there, and is kept as {kept}", hint=error.hint
        ) from error
