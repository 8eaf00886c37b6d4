"""What a configuration file says, each value with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import Location
from auditor.policy.tenancy import FILE, TENANT

WHAT: Final = "the configuration"
_FILE: Final = f"{FILE}:"
PATHS: Final = ("waivers", "answers", "baseline", "baseline-key", "baseline-trust", "kubeconfig")
"""Keys that are one path."""


class Value(msgspec.Struct, frozen=True):
    """A text, or a number, and where it stands; ``name`` is its key where names are free."""

    value: str | float
    place: Location
    name: str = ""

    @property
    def text(self) -> str:
        """The value as a text; a number as it is typed."""
        return self.value if isinstance(self.value, str) else f"{self.value:g}"


class Reference(msgspec.Struct, frozen=True):
    """Where a secret is, which never stands in the file itself.

    ``how`` is file, env or command: its first line, a variable, or the first line that a program
    prints, which is not run by a shell.
    """

    how: str
    what: str
    place: Location


class TargetValue(Value, frozen=True):
    """A target, and how it is entered; ``labels`` are by their names, in order.

    ``kubeconfig`` is its file, or where the text of one is. ``timeout`` are the seconds to wait for
    it, None for what holds for all. ``authority`` is a file of CAs, ``certificates`` a folder with
    those of a client.
    """

    labels: tuple[tuple[str, str], ...] = ()
    timeout: float | None = None
    kubeconfig: Reference | None = None
    password: Reference | None = None
    session: Reference | None = None
    authority: str = ""
    thumbprint: str = ""
    certificates: str = ""

    @property
    def is_entered(self) -> bool:
        """Whether it says as whom, or through what, it is entered."""
        references = (self.kubeconfig, self.password, self.session)
        texts = (self.authority, self.thumbprint, self.certificates)
        return any(references) or any(texts)


class Configuration(msgspec.Struct, frozen=True):
    """A configuration file.

    ``name`` is how it is shown, ``folder`` what its paths are relative to, ``sha256`` that of its
    bytes. ``settings`` are by their keys, in the order of the file: the values of each, one or
    more.
    """

    name: str
    folder: Path
    sha256: str
    settings: Mapping[str, tuple[Value, ...]]

    def one(self, key: str) -> Value | None:
        """The value of a key that has one, None where it is not said."""
        return next(iter(self.all(key)), None)

    def all(self, key: str) -> tuple[Value, ...]:
        """The values of a key, none where it is not said."""
        return self.settings.get(key, ())

    def targets(self) -> tuple[TargetValue, ...]:
        """The targets."""
        return tuple(each for each in self.all("targets") if isinstance(each, TargetValue))

    def paths(self) -> Iterator[tuple[str, str, Location]]:
        """Every path that it names, with its key and its place."""
        for key in (*PATHS, "policies", "outputs"):
            yield from ((key, each.text, each.place) for each in self.all(key))
        for each in self.all("targets"):
            if "://" not in each.text:
                yield "targets", each.text, each.place
        for each in self.all("parameters"):
            if each.name == TENANT:
                parts = map(str.strip, each.text.split(","))
                files = (part.removeprefix(_FILE) for part in parts if part.startswith(_FILE))
                yield from (("parameters", path, each.place) for path in files)
