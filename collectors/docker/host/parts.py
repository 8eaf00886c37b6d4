"""Bodies of a host that are more than files: settings, processes, mounts, audit rules, groups.

Each is parsed here, at the edge, so that a text which is not what it should be is a gap of its
kind, and nothing of it but what rules need is kept.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from auditor.late import late
from auditor.model.enums import Answered
from collectors.docker.host.observed import CONTAINER_ID, Observed, Output, Process
from collectors.docker.host.probes import (
    AUDITED,
    ENGINES,
    LINKS,
    PRODUCT,
    PROGRAM,
    PROXY,
    RULE_FILES,
    SHELLS,
)
from collectors.hosts.seen import NOT_SEEN, Stat, Unread

SETTINGS: Final = "/etc/docker/daemon.json"
TOOLKIT: Final = "/etc/nvidia-container-runtime/config.toml"
_GROUP: Final = "/etc/group"
_LOGINS: Final = "/etc/passwd"
_SOURCES: Final = "/etc/nsswitch.conf"
_RULES: Final = "/etc/audit/audit.rules"
_MOUNTS: Final = "/proc/self/mountinfo"
_OF_FILES: Final = frozenset({"files", "compat", "systemd"})
"""Sources of groups that say no more of the group docker than ``/etc/group``: nsswitch.conf(5)."""
_LOCAL: Final = frozenset(
    {
        *("autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts"),
        *("efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "overlay", "proc", "pstore"),
        *("rpc_pipefs", "securityfs", "sysfs", "tracefs"),
    }
)
"""File systems that hold no data of an engine."""
_ESCAPE: Final = late(r"\\([0-7]{3})")
_ENABLED: Final = late(r"^enabled[ =]([0-9])", re.MULTILINE)
_REFUSED: Final = ("must be root", "not permitted", "ermission denied")
_WITHOUT: Final = ("not in kernel", "not supported")
_NO_RULES: Final = "No rules"
_LISTENS: Final = "0A"
_BOM: Final = b"\xef\xbb\xbf"
_PORT_BASE: Final = 16


class UnreadError(Exception):
    """A part of what a kind is about is not known."""

    def __init__(self, what: str, why: Unread) -> None:
        """``what`` was looked at."""
        super().__init__(f"{what}: {why.detail}")
        self.answered = why.answered
        self.detail = f"{what}: {why.detail}"


def text_of(seen: Observed, path: str) -> bytes | None:
    """The text of a file; None where it is not there.

    Raises:
        UnreadError: it is not known.
    """
    found = seen.texts.get(path)
    if isinstance(found, bytes):
        return found
    at = seen.at(path)
    if found is None and at is None:
        return None
    raise UnreadError(path, found or (at if isinstance(at, Unread) else NOT_SEEN))


def _malformed(what: str, why: str) -> UnreadError:
    return UnreadError(what, Unread(Answered.MALFORMED, why))


def settings(seen: Observed) -> Mapping[str, Any]:
    """The file of settings of the engine; an empty one has none, as none at all."""
    text = text_of(seen, SETTINGS)
    body = (text or b"").removeprefix(_BOM).strip()
    try:
        found = msgspec.json.decode(body) if body else {}
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise _malformed(SETTINGS, f"it is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise _malformed(SETTINGS, "it is not a JSON object")
    return {"path": SETTINGS, "present": text is not None, "settings": found}


def toolkit(seen: Observed) -> Mapping[str, Any]:
    """The configuration of NVIDIA's container toolkit."""
    text = text_of(seen, TOOLKIT)
    try:
        found = tomllib.loads((text or b"").decode())
    except (tomllib.TOMLDecodeError, RecursionError, UnicodeError) as error:
        raise _malformed(TOOLKIT, "it is not TOML") from error
    return {"path": TOOLKIT, "present": text is not None, "settings": found}


def processes(seen: Observed) -> Mapping[str, Any]:
    """Engines of the host itself, forwarders of ports, and shells in containers."""
    if isinstance(seen.processes, Unread):
        raise UnreadError("/proc", seen.processes)
    of_host = [each for each in seen.processes if not _container(each)]
    engines = [each for each in of_host if each.name in ENGINES and each.user == 0]
    if not engines:
        why = "no engine is seen: processes of others may be hidden"
        raise UnreadError("/proc", Unread(Answered.DENIED, why))
    shells = {_container(each) for each in seen.processes if each.name in SHELLS}
    return {
        "engines": [{"arguments": list(each.arguments)} for each in engines],
        "proxies": sum(each.name == PROXY for each in of_host),
        "shells": sorted(shells - {""}),
    }


def containers(seen: Observed) -> Mapping[str, Any]:
    """Whether the processes of containers may gain rights, as the kernel says."""
    if isinstance(seen.confined, Unread):
        raise UnreadError("/proc", seen.confined)
    found = sorted(seen.confined.items())
    return {"containers": [{"id": name, "noNewPrivileges": state} for name, state in found]}


def _container(process: Process) -> str:
    """The id of the container that a process runs in, "" for none."""
    found = CONTAINER_ID.search(process.groups)
    return found[0] if found is not None else ""


def mounts(seen: Observed) -> Mapping[str, Any]:
    """What is mounted where, with the number of its file system: proc(5), ``mountinfo``."""
    text = text_of(seen, _MOUNTS)
    if text is None:
        raise _malformed(_MOUNTS, "there is none")
    found = []
    for line in text.decode(errors="replace").splitlines():
        place, dash, kind = line.partition(" - ")
        fields = place.split(" ")
        if not dash or len(fields) < _FIELDS:
            raise _malformed(_MOUNTS, f"{line[:60]!r}")
        if kind.split(" ")[0] not in _LOCAL:
            path = _ESCAPE.sub(lambda each: chr(int(each[1], 8)), fields[4])
            found.append({"path": path, "device": fields[2], "type": kind.split(" ")[0]})
    return {"mounts": found}


_FIELDS: Final = 6


def audit_rules(seen: Observed) -> Mapping[str, Any]:
    """The rules that are loaded, whether they are in force, and which files are there to watch."""
    rules, installed = _rules(seen.outputs.get(f"{PROGRAM} -l", NOT_SEEN))
    return {
        "installed": installed,
        "rules": rules,
        "enabled": _enabled(seen.outputs.get(f"{PROGRAM} -s", NOT_SEEN)) if rules else 0,
        **_on_disk(seen),
        "links": dict(_links(seen)),
        "paths": {role: list(_audited(paths, seen)) for role, paths in AUDITED.items()},
    }


def _rules(listed: Output | Unread | None) -> tuple[list[str], bool]:
    what = f"{PROGRAM} -l"
    if isinstance(listed, Unread):
        raise UnreadError(what, listed)
    if listed is None:
        return [], False
    if listed.code:
        if any(word in listed.text for word in _REFUSED):
            raise UnreadError(what, Unread(Answered.DENIED, "permission denied"))
        if not any(word in listed.text for word in _WITHOUT):
            raise _malformed(what, listed.text[:100] or f"it ended with {listed.code}")
        return [], True
    return [each for each in listed.text.splitlines() if each.strip() and each != _NO_RULES], True


def _on_disk(seen: Observed) -> Mapping[str, Any]:
    """The rules of the files that are loaded at the next start; nothing where nobody may read them.

    ``augenrules`` makes the first of them of the others.
    """
    rules: dict[str, None] = {}
    for path in (_RULES, *sorted(each for each in seen.texts if each.startswith(RULE_FILES))):
        try:
            text = text_of(seen, path)
        except UnreadError:
            return {}
        lines = map(str.strip, (text or b"").decode(errors="replace").splitlines())
        rules.update(dict.fromkeys(each for each in lines if each.startswith("-")))
    return {"onDisk": list(rules)}


def _enabled(status: Output | Unread | None) -> int:
    """Whether the kernel goes by its rules: 0 if not, 2 if nobody can change that."""
    what = f"{PROGRAM} -s"
    if isinstance(status, Unread):
        raise UnreadError(what, status)
    found = _ENABLED.search(status.text) if status is not None else None
    if found is None:
        raise _malformed(what, "it does not say whether rules are in force")
    return int(found[1])


def _links(seen: Observed) -> Iterator[tuple[str, str]]:
    """The folders that are links, with what they lead to."""
    for path in LINKS:
        at = seen.at(path)
        if isinstance(at, Stat) and at.link:
            yield path, posixpath.normpath(posixpath.join(posixpath.dirname(path), at.link))


def _audited(paths: Sequence[str], seen: Observed) -> Iterator[Mapping[str, str]]:
    """Those that are there, each once, and those of which nobody knows."""
    known: set[tuple[int, int]] = set()
    for path in paths:
        at = seen.at(path)
        if isinstance(at, Unread):
            yield {"path": path, "unread": at.detail}
        elif at is not None and (at.device, at.inode) not in known and at.type != "device":
            known.add((at.device, at.inode))
            yield {"path": path}


def docker_group(seen: Observed) -> tuple[int, Sequence[str]] | None:
    """The number and the members of the group ``docker``; None where there is none.

    Raises:
        UnreadError: the groups of the host are not known.
    """
    for line in (text_of(seen, _GROUP) or b"").decode(errors="replace").splitlines():
        name, _, number, members, *_ = (*line.split(":"), "", "", "", "")
        if name == "docker" and number.isascii() and number.isdigit():
            return int(number), [each for each in members.split(",") if each]
    return None


def group(seen: Observed) -> Mapping[str, Any]:
    """Who is in the group ``docker``: by the group, by their login, or by what is not read here."""
    found = docker_group(seen)
    elsewhere = sorted(set(_sources(seen)) - _OF_FILES)
    if found is None:
        return {"present": False, "members": [], "elsewhere": elsewhere}
    number, members = found
    logins = (text_of(seen, _LOGINS) or b"").decode(errors="replace").splitlines()
    own = (line.partition(":")[0] for line in logins if line.endswith(f":{number}"))
    return {
        "present": True,
        "number": number,
        "members": sorted({*members, *own}),
        "elsewhere": elsewhere,
    }


def _sources(seen: Observed) -> Iterator[str]:
    """Where the host asks for groups."""
    for line in (text_of(seen, _SOURCES) or b"").decode(errors="replace").splitlines():
        database, _, sources = line.partition("#")[0].partition(":")
        if database.strip() == "group":
            yield from re.sub(r"\[[^\]]*\]", " ", sources).split()


def machine(seen: Observed) -> Mapping[str, Any]:
    """The UUID of the machine; none where its firmware tells none, as on boards without DMI."""
    text = text_of(seen, PRODUCT)
    return {} if text is None else {"uuid": text.decode(errors="replace").strip()}


def listeners(seen: Observed) -> Mapping[str, Any]:
    """The addresses and ports of TCP that something listens on."""
    found = {
        pair for path in ("/proc/net/tcp", "/proc/net/tcp6") for pair in _listening(seen, path)
    }
    return {"listeners": [{"address": address, "port": port} for address, port in sorted(found)]}


def _listening(seen: Observed, path: str) -> Iterable[tuple[str, int]]:
    text = text_of(seen, path) or b""
    for line in text.decode(errors="replace").splitlines():
        fields = line.split()
        try:
            address, _, port = fields[1].partition(":")
            if fields[3] == _LISTENS:
                yield _address(bytes.fromhex(address)), int(port, _PORT_BASE)
        except (IndexError, ValueError) as error:
            raise _malformed(path, f"{line[:60]!r}") from error


def _address(data: bytes) -> str:
    """An address as people write it; the kernel writes words of four bytes, the last byte first."""
    words = b"".join(data[at : at + 4][::-1] for at in range(0, len(data), 4))
    return str(ipaddress.ip_address(words))
