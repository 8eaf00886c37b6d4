"""What the policies that come with this program amount to, found out when it was built.

To read some three hundred YAML files and compile what their rules say takes seconds, which a first
scan would wait for: in CI each scan is one. So a build leaves the outcome beside the code::

    auditor/_shipped.bin    made from    policies/**.yaml, and from the sources that read them
      policy                             rules, controls, profiles, tables (msgpack)
      begun                              what the files say, to go on from with files of users
      programs                           what each expression became, with its source, not its code

It is as good as the code beside it, and used for nothing but what it was made from: for other
policies, of a bundle made elsewhere, and for sources that were changed since, there is nothing
shipped. So nobody has to remember to build it anew. Policies of users come after those of the
program: what was read of the latter is where reading goes on, and what all of them have to agree on
is checked as ever (:mod:`auditor.policy.begun`).

``hatch_build.py`` makes it for a wheel, and :mod:`auditor.policy.build` for a checkout.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from auditor.policy.policyset import PolicySet

PACKAGE: Final = Path(__file__).resolve().parents[1]
_FILE: Final = "_shipped.bin"
_MAKERS: Final = ("cel", "model", "platforms", "policy")
"""The packages that decide what is made of policies."""


class _Content(msgspec.Struct, frozen=True, array_like=True):
    """``makers`` and ``digest`` say what it was made of; parts are read when they are wanted."""

    makers: str
    digest: str
    platforms: tuple[str, ...]
    policy: msgspec.Raw
    begun: msgspec.Raw
    programs: msgspec.Raw


class Shipped:
    """What was built beside the code of a package; read, and compared with its sources, once."""

    def __init__(self, package: Path = PACKAGE) -> None:
        """``package`` is the folder of the code."""
        self._package = package

    def policy(self, digest: str, platforms: Iterable[str]) -> msgspec.Raw | None:
        """The policy set of files with this digest, encoded; None where none was built."""
        found = self._of(digest, platforms)
        return found.policy if found is not None else None

    def begun(self, digest: str, platforms: Iterable[str]) -> msgspec.Raw | None:
        """What files with this digest say, packed; None where none was built."""
        found = self._of(digest, platforms)
        return found.begun if found is not None else None

    def programs(self, digest: str, platforms: Iterable[str]) -> Mapping[str, bytes]:
        """The packed programs of policy files with this digest by their keys."""
        found = self._of(digest, platforms)
        if found is None:
            return {}
        return msgspec.msgpack.decode(found.programs, type=dict[str, bytes])

    def _of(self, digest: str, platforms: Iterable[str]) -> _Content | None:
        found = self._content
        wanted = (digest, tuple(platforms))
        return found if found is not None and (found.digest, found.platforms) == wanted else None

    @functools.cached_property
    def _content(self) -> _Content | None:
        try:
            data = (self._package / _FILE).read_bytes()
            found = msgspec.msgpack.decode(data, type=_Content)
        except (OSError, msgspec.DecodeError):
            return None
        return found if found.makers == _makers(self._package) else None


def write_shipped(
    policy: PolicySet,
    begun: bytes,
    programs: Mapping[str, bytes],
    platforms: Iterable[str],
    package: Path = PACKAGE,
) -> Path:
    """Write what was made of the policies that are shipped, and return the file that holds it.

    All is in the order in which it was read: a digest covers that of some of it.
    """
    encode = msgspec.msgpack.encode
    parts = (msgspec.Raw(encode(policy)), msgspec.Raw(begun), msgspec.Raw(encode(programs)))
    found = _Content(_makers(package), policy.digest, tuple(platforms), *parts)
    place = package / _FILE
    beside = place.with_suffix(f".{os.getpid()}")
    beside.write_bytes(encode(found))
    beside.replace(place)
    return place


def _makers(package: Path) -> str:
    """sha256 over the sources that decide what is made of policies."""
    total = hashlib.sha256()
    for folder in _MAKERS:
        for file in sorted((package / folder).rglob("*.py")):
            name = file.relative_to(package).as_posix()
            total.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
