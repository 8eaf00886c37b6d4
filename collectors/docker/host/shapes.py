"""What was seen of a host as bodies of its kinds: pure, and the same whoever looked.

A body has all that a kind is about, so that "there is no such file" can be told from "nobody
knows": if one part of it is not known, the kind as a whole is a gap, and no other is::

    docker/HostServiceUnit
      {"files": [{"path": "/lib/systemd/system/docker.service", "type": "file", "mode": 420,
                  "permissions": "0644", "owner": 0, "group": 0}],
       "account": {"user": 0, "group": 0}}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.model.enums import Answered
from auditor.platforms.docker import HOST_ENGINE_SOCKET
from collectors.docker.host.observed import FOLDER, Observed, Stat, Unread
from collectors.docker.host.probes import FILES, Files

_GROUP: Final = "/etc/group"
_DOCKER: Final = b"docker:"
_NOTHING: Final = "/dev/null"
"""What a unit that is masked is a link to."""


class UnreadError(Exception):
    """A part of what a kind is about is not known."""

    def __init__(self, path: str, why: Unread) -> None:
        """``path`` is what was looked at."""
        super().__init__(f"{path}: {why.detail}")
        self.answered = why.answered
        self.detail = f"{path}: {why.detail}"


Shape = Callable[[Observed], Mapping[str, Any]]


def body_of(kind: str, seen: Observed) -> bytes:
    """Make the body of a kind.

    Raises:
        UnreadError: something of it is not known.
    """
    return msgspec.json.encode(_SHAPES[kind](seen))


def request_of(kind: str) -> str:
    """What was looked at for a kind, in words."""
    return f"host: {', '.join(looked_at(kind))}"


def looked_at(kind: str) -> Iterator[str]:
    """What is looked at for a kind, one after the other."""
    looked = FILES[kind]
    yield from looked.paths
    yield from (f"{folder}/**" for folder in looked.folders)


def name_of(kind: str) -> str:
    """What is looked at for a kind, as people call it."""
    return FILES[kind].name


def _files(looked: Files, seen: Observed) -> Mapping[str, Any]:
    """The files of a kind; one that is there twice, by links of folders, counts once."""
    found: dict[tuple[int, int], Mapping[str, Any]] = {}
    for path, stat in _stats(looked, seen):
        if stat.type == looked.type:
            found.setdefault((stat.device, stat.inode), _file(path, stat))
        elif stat.link != _NOTHING and (stat.type != FOLDER or path in looked.paths):
            wrong = f"it is a {stat.type}, where a {looked.type} should be"
            raise UnreadError(_shown(path), Unread(Answered.MALFORMED, wrong))
    return {"files": list(found.values()), "account": {"user": 0, "group": 0}}


def _stats(looked: Files, seen: Observed) -> Iterator[tuple[str, Stat]]:
    """All that is there of what is looked at."""
    for folder in looked.folders:
        at = seen.at(folder)
        if isinstance(at, Unread):
            raise UnreadError(folder, at)
        if at is not None and (short := seen.unlisted(folder)) is not None:
            raise UnreadError(_shown(short[0]), short[1])
    one_by_one = [(path, seen.at(path)) for path in looked.paths]
    for path, at in (*one_by_one, *(each for one in looked.folders for each in seen.below(one))):
        if isinstance(at, Unread):
            raise UnreadError(_shown(path), at)
        if at is not None:
            yield path, at


def _file(path: str, stat: Stat) -> Mapping[str, Any]:
    link = {"link": _shown(stat.link)} if stat.link else {}
    return {
        "path": _shown(path),
        "type": stat.type,
        "mode": stat.mode,
        "permissions": f"{stat.mode:04o}",
        "owner": stat.owner,
        "group": stat.group,
        **link,
    }


def _shown(path: str) -> str:
    """A path as text: its bytes need not be any."""
    return path.encode(errors="surrogateescape").decode(errors="replace")


def _socket(looked: Files, seen: Observed) -> Mapping[str, Any]:
    """The sockets of the engine, with the number of the group docker where there is one."""
    number = docker_group(seen)
    looked = msgspec.structs.replace(looked, paths=(*looked.paths, *seen.sockets))
    return {**_files(looked, seen), **({} if number is None else {"dockerGroup": number})}


def docker_group(seen: Observed) -> int | None:
    """The number of the group ``docker``; None where there is none.

    Raises:
        UnreadError: the groups of the host are not known.
    """
    text = seen.texts.get(_GROUP, b"" if seen.at(_GROUP) is None else None)
    if not isinstance(text, bytes):
        raise UnreadError(_GROUP, text or Unread(Answered.MALFORMED, "the host did not give it"))
    for line in text.splitlines():
        if line.startswith(_DOCKER):
            fields = line.split(b":")
            if len(fields) > _NUMBER and fields[_NUMBER].isdigit():
                return int(fields[_NUMBER])
    return None


_NUMBER: Final = 2
"""Where in a line of ``/etc/group`` the number stands: group(5)."""

_SHAPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        **{kind: partial(_files, looked) for kind, looked in FILES.items()},
        HOST_ENGINE_SOCKET: partial(_socket, FILES[HOST_ENGINE_SOCKET]),
    }
)
