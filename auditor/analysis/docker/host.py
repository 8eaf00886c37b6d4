"""What the parts of a host come to together: settings in effect, files of TLS, data, audit rules.

::

    docker/HostSettings     {"log-level": "debug"}                   docker/HostDaemon
    docker/HostProcesses    dockerd -H fd:// --iptables=false    →   logLevel debug, iptables false,
    docker/Info             DockerRootDir /var/lib/docker            userlandProxy true (by default)

Of several engines on one host it is the one whose data root is that which the engine itself names.
A field of the fact is absent where nobody knows: an engine that has another file of settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.docker.asked import AskedEngine, Part, Parts
from auditor.analysis.docker.auditing import CHANGES, RUNS, Watch, watched_by, watches
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.model.enums import GapCause
from auditor.model.fact import Fact, Origin, Spot
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import (
    HOST_AUDIT,
    HOST_AUDIT_RULES,
    HOST_DAEMON,
    HOST_DATA_ROOT,
    HOST_KEYS,
    HOST_MOUNTS,
    HOST_PROCESSES,
    HOST_SETTINGS,
    HOST_TLS,
    INFO,
)

KEY: Final = ("host",)
_HOME: Final = "/root/.docker"
_RUN: Final = frozenset(
    {
        "dockerd",
        "containerd",
        "containerdShim",
        "containerdShimRuncV1",
        "containerdShimRuncV2",
        "runc",
    }
)
"""What is watched for being run, and not for being changed."""
_TLS: Final = MappingProxyType(
    {
        "authority": ("tlscacert", f"{_HOME}/ca.pem"),
        "certificate": ("tlscert", f"{_HOME}/cert.pem"),
        "key": ("tlskey", f"{_HOME}/key.pem"),
    }
)
"""Fields of the fact: the option that names the file, and where it is without one."""
_encode = msgspec.json.encode


class _Info(msgspec.Struct, frozen=True):
    root: str = msgspec.field(default="", name="DockerRootDir")


class _Engine(msgspec.Struct, frozen=True):
    arguments: list[str]


class _Processes(msgspec.Struct, frozen=True):
    engines: list[_Engine]
    proxies: int


class _Settings(msgspec.Struct, frozen=True):
    settings: dict[str, Any]


class _Keys(msgspec.Struct, frozen=True):
    files: list[dict[str, Any]]
    folders: list[str]
    account: dict[str, int]


class _Mount(msgspec.Struct, frozen=True):
    path: str
    device: str


class _Mounts(msgspec.Struct, frozen=True):
    mounts: list[_Mount]


class _Audited(msgspec.Struct, frozen=True, omit_defaults=True):
    path: str
    unread: str = ""


class _AuditRules(msgspec.Struct, frozen=True, rename="camel"):
    installed: bool
    enabled: int
    rules: list[str]
    links: dict[str, str]
    paths: dict[str, list[_Audited]]
    on_disk: list[str] | None = None


_FORMS: Final[Mapping[str, type[msgspec.Struct]]] = MappingProxyType(
    {
        INFO: _Info,
        HOST_AUDIT_RULES: _AuditRules,
        HOST_KEYS: _Keys,
        HOST_MOUNTS: _Mounts,
        HOST_PROCESSES: _Processes,
        HOST_SETTINGS: _Settings,
    }
)
"""What is taken of each kind."""


class HostFacts(Uncombined):
    """Joins what was seen of one host."""

    id = "docker-host"
    stage = Stage.TARGET
    feeds: Feeds = MappingProxyType(
        {
            HOST_DAEMON: MappingProxyType({"": frozenset({HOST_SETTINGS, HOST_PROCESSES, INFO})}),
            HOST_TLS: MappingProxyType(
                {"": frozenset({HOST_SETTINGS, HOST_PROCESSES, HOST_KEYS, INFO})}
            ),
            HOST_DATA_ROOT: MappingProxyType({"": frozenset({HOST_MOUNTS, INFO})}),
            HOST_AUDIT: MappingProxyType({"": frozenset({HOST_AUDIT_RULES, INFO})}),
        }
    )
    reads = frozenset(kind for fields in feeds.values() for kind in fields[""])

    def __init__(self, tables: Tables) -> None:
        del tables

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take a part of a host, if it is as it should be: whoever read it said so otherwise."""
        try:
            found = msgspec.convert(decoded(resource), _FORMS[resource.kind])
        except msgspec.ValidationError:
            return
        yield Row(KEY, resource.kind, site.origin(resource), _encode(found))

    def derive(self, groups: Groups) -> Iterator[Fact | Gap]:
        """Yield each fact of which all parts were read."""
        for _, rows in groups:
            parts = {row.tag: Part(row.read_at, msgspec.json.decode(row.body)) for row in rows}
            for kind, make in _MAKERS.items():
                if self.feeds[kind][""] <= parts.keys():
                    yield make(parts)


def _daemon(parts: Parts) -> Fact | Gap:
    """The settings in effect."""
    engine = AskedEngine(parts)
    if not engine.found:
        return _several(HOST_DAEMON, parts, engine.root)
    body: dict[str, object] = {
        "name": "dockerd",
        "proxies": parts[HOST_PROCESSES].body["proxies"],
    }
    elsewhere: list[tuple[str, Spot | None]] = [
        ("/name", None),
        ("/proxies", Spot(0, "/proxies")),
    ]
    for field, (name, usual) in _SETTINGS.items():
        found = engine.value(name, usual)
        if found is not None:
            body[field] = sorted(found[0]) if isinstance(found[0], dict) else found[0]
            elsewhere.append((f"/{field}", found[1]))
    debug = engine.value("debug", False)
    if debug is not None and debug[0] is True:
        body["logLevel"] = "debug"
        elsewhere = [("/logLevel", debug[1]), *elsewhere]
    related = (parts[HOST_SETTINGS].origin,)
    subject = parts[HOST_PROCESSES].origin
    return _fact(HOST_DAEMON, body, (subject, *related), tuple(elsewhere))


_SETTINGS: Final = MappingProxyType(
    {
        "logLevel": ("log-level", "info"),
        "iptables": ("iptables", True),
        "userlandProxy": ("userland-proxy", True),
        "cgroupParent": ("cgroup-parent", ""),
        "ulimits": ("default-ulimits", []),
    }
)
"""Fields of the fact: the setting, and what the engine does without it."""


def _tls(parts: Parts) -> Fact | Gap:
    """The files of TLS that the engine was given, each as it was seen."""
    engine = AskedEngine(parts)
    if not engine.found:
        return _several(HOST_TLS, parts, engine.root)
    seen = parts[HOST_KEYS].body
    body: dict[str, object] = {"name": "dockerd", "account": seen["account"]}
    used = [engine.value(name, False) for name in ("tls", "tlsverify")]
    for field, (name, usual) in _TLS.items():
        found = engine.value(name, None)
        if found is None or None in used:
            continue
        path = found[0] or (usual if any(each and each[0] for each in used) else None)
        body[field] = [] if path is None else _files_at(str(path), seen)
    origins = [parts[kind].origin for kind in (HOST_KEYS, HOST_SETTINGS, HOST_PROCESSES)]
    return _fact(HOST_TLS, body, origins, [(f"/{field}", None) for field in body])


def _fact(
    kind: str,
    body: Mapping[str, object],
    origins: Sequence[Origin],
    elsewhere: Sequence[tuple[str, Spot | None]],
) -> Fact:
    """Make a fact of a host, of which the first origin is the subject."""
    subject, *related = origins
    whole = ((subject.target, ""),)
    return Fact(kind, KEY, _encode(body), subject, tuple(related), tuple(elsewhere), whole)


def _files_at(path: str, seen: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The file at a path: none where it is known not to be there, by its name alone elsewhere."""
    found = [each for each in seen["files"] if each.get("path") == path]
    if found or any(path.startswith(f"{folder}/") for folder in seen["folders"]):
        return found
    return [{"path": path}]


def _several(kind: str, parts: Parts, root: str) -> Gap:
    origin = parts[HOST_PROCESSES].origin
    detail = f"of the engines that run there, not exactly one has its data in {root}"
    return Gap(origin.target, kind, GapCause.UNSUPPORTED, detail)


def _data_root(parts: Parts) -> Fact:
    """The file system that the data of the engine is on, by all the paths where it is mounted."""
    root = str(parts[INFO].body.get("DockerRootDir", ""))
    mounts = parts[HOST_MOUNTS].body["mounts"]
    above = [each for each in mounts if f"{root}/".startswith(f"{each['path'].rstrip('/')}/")]
    body: dict[str, object] = {"path": root}
    if above:
        own = max(above, key=lambda each: len(each["path"]))
        body["mountPoints"] = sorted(
            {each["path"] for each in mounts if each["device"] == own["device"]}
        )
    elsewhere = (("/path", Spot(1, "/DockerRootDir")), ("/mountPoints", None))
    origins = (parts[HOST_MOUNTS].origin, parts[INFO].origin)
    return _fact(HOST_DATA_ROOT, body, origins, elsewhere)


def _audit(parts: Parts) -> Fact:
    """Which of the files that matter are watched by a rule in force, and which only on disk."""
    seen = parts[HOST_AUDIT_RULES].body
    links = seen["links"]
    loaded = _watches(seen["rules"] if seen["enabled"] else [], links)
    on_disk = _watches(seen.get("onDisk") or [], links)
    root = str(parts[INFO].body.get("DockerRootDir", ""))
    files: dict[str, list[dict[str, Any]]] = {**seen["paths"], "dataRoot": [{"path": root}]}
    body: dict[str, object] = {"installed": seen["installed"]}
    for role, paths in files.items():
        perms = RUNS if role in _RUN else CHANGES
        body[role] = [
            each if "unread" in each else _watched(each["path"], perms, loaded, on_disk, links)
            for each in paths
        ]
    origins = (parts[HOST_AUDIT_RULES].origin, parts[INFO].origin)
    return _fact(HOST_AUDIT, body, origins, [(f"/{field}", None) for field in body])


def _watches(rules: Iterable[str], links: Mapping[str, Any]) -> list[Watch]:
    found = watches(rules)
    return [msgspec.structs.replace(each, path=_real(each.path, links)) for each in found]


def _watched(
    path: str,
    perms: str,
    loaded: Sequence[Watch],
    on_disk: Sequence[Watch],
    links: Mapping[str, Any],
) -> Mapping[str, object]:
    """Say whether a path is watched, and by which rule; of one that is not, which is on disk."""
    real = _real(path, links)
    by = watched_by(loaded, real, perms)
    if by is not None:
        return {"path": path, "watched": True, "by": by}
    kept = watched_by(on_disk, real, perms)
    return {"path": path, "watched": False, **({"onDisk": kept} if kept is not None else {})}


def _real(path: str, links: Mapping[str, Any]) -> str:
    """A path without the links of folders that most hosts have, as ``/lib`` to ``/usr/lib``."""
    for link, target in links.items():
        if f"{path}/".startswith(f"{link}/"):
            return f"{target}{path[len(link) :]}"
    return path


_MAKERS: Final[Mapping[str, Callable[[Parts], Fact | Gap]]] = MappingProxyType(
    {HOST_DAEMON: _daemon, HOST_TLS: _tls, HOST_DATA_ROOT: _data_root, HOST_AUDIT: _audit}
)
