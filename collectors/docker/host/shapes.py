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
from auditor.platforms.docker import (
    HOST_AUDIT_RULES,
    HOST_CONTAINERS,
    HOST_ENGINE_SOCKET,
    HOST_GROUP,
    HOST_KEYS,
    HOST_LISTENERS,
    HOST_MACHINE,
    HOST_MOUNTS,
    HOST_PROCESSES,
    HOST_SETTINGS,
    HOST_TOOLKIT,
)
from collectors.docker.host import parts
from collectors.docker.host.observed import Observed
from collectors.docker.host.parts import UnreadError
from collectors.docker.host.probes import (
    AUDITED,
    ENGINES,
    FILES,
    KEY_FOLDERS,
    PROCESSES,
    PRODUCT,
    PROGRAM,
    PROGRAM_RUNS,
    RULE_FILES,
    RULE_SUFFIX,
    Files,
)
from collectors.hosts.seen import FILE, FOLDER, Stat, Unread

_NOTHING: Final = "/dev/null"
"""What a unit that is masked is a link to."""


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
    if kind in _PARTS:
        yield from _PARTS[kind].looked_at
        return
    looked = FILES[kind]
    yield from looked.paths
    yield from (f"{folder}/**" for folder in looked.folders)


def name_of(kind: str) -> str:
    """What is looked at for a kind, as people call it."""
    return _PARTS[kind].name if kind in _PARTS else FILES[kind].name


def _files(looked: Files, seen: Observed) -> Mapping[str, Any]:
    """The files of a kind; one that is there twice, by links of folders, counts once."""
    found: dict[tuple[int, int], Mapping[str, Any]] = {}
    for path, stat in _stats(looked, seen):
        if stat.type in looked.types:
            found.setdefault((stat.device, stat.inode), _file(path, stat))
        elif stat.link != _NOTHING and (stat.type != FOLDER or path in looked.paths):
            wrong = f"it is a {stat.type}, where a {looked.types[0]} should be"
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
    found = parts.docker_group(seen)
    looked = msgspec.structs.replace(looked, paths=(*looked.paths, *seen.sockets))
    return {**_files(looked, seen), **({} if found is None else {"dockerGroup": found[0]})}


def _keys(seen: Observed) -> Mapping[str, Any]:
    """What could be files of TLS; ``folders`` are those of which all is known."""
    whole = [each for each in KEY_FOLDERS if _is_known(each, seen)]
    below = (each for folder in KEY_FOLDERS for each in seen.below(folder))
    files = [_file(path, at) for path, at in below if isinstance(at, Stat) and at.type == FILE]
    return {"files": files, "folders": whole, "account": {"user": 0, "group": 0}}


def _is_known(folder: str, seen: Observed) -> bool:
    """Whether all below a folder is known, and not refused or too much."""
    at = seen.at(folder)
    short = seen.unlisted(folder) if isinstance(at, Stat) else None
    why = at if isinstance(at, Unread) else short[1] if short is not None else None
    if why is not None and why.answered not in {Answered.DENIED, Answered.TRUNCATED}:
        raise UnreadError(folder, why)
    return why is None


class _Part(msgspec.Struct, frozen=True):
    """A kind that is more than its files: its name, how it is made, and what is looked at."""

    name: str
    make: Shape
    looked_at: tuple[str, ...]


_GROUP_FILES: Final = ("/etc/group", "/etc/passwd: logins and groups", "/etc/nsswitch.conf")
_PARTS: Final[Mapping[str, _Part]] = MappingProxyType(
    {
        HOST_KEYS: _Part("keys", _keys, tuple(f"{each}/**" for each in KEY_FOLDERS)),
        HOST_SETTINGS: _Part("daemon.json", parts.settings, (f"{parts.SETTINGS}: its content",)),
        HOST_PROCESSES: _Part(
            "processes",
            parts.processes,
            (f"/proc: processes {', '.join(PROCESSES)}; arguments of {ENGINES[0]}",),
        ),
        HOST_CONTAINERS: _Part(
            "containers",
            parts.containers,
            ("/proc: of processes in containers, NoNewPrivs and in which",),
        ),
        HOST_MOUNTS: _Part("mounts", parts.mounts, ("/proc/self/mountinfo",)),
        HOST_AUDIT_RULES: _Part(
            "audit rules",
            parts.audit_rules,
            (
                *(f"{PROGRAM} {option}" for option in PROGRAM_RUNS),
                "/etc/audit/audit.rules: its content",
                f"{RULE_FILES}/*{RULE_SUFFIX}: their content",
                *(path for paths in AUDITED.values() for path in paths),
            ),
        ),
        HOST_GROUP: _Part("group docker", parts.group, _GROUP_FILES),
        HOST_LISTENERS: _Part(
            "listeners",
            parts.listeners,
            ("/proc/net/tcp: what listens", "/proc/net/tcp6: the same"),
        ),
        HOST_MACHINE: _Part("machine", parts.machine, (f"{PRODUCT}: its content",)),
        HOST_TOOLKIT: _Part("config.toml", parts.toolkit, (f"{parts.TOOLKIT}: its content",)),
    }
)

_SHAPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        **{kind: partial(_files, looked) for kind, looked in FILES.items()},
        **{kind: part.make for kind, part in _PARTS.items()},
        HOST_ENGINE_SOCKET: partial(_socket, FILES[HOST_ENGINE_SOCKET]),
    }
)
