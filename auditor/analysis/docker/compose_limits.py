"""What a service of a compose file may use of its host: memory, processors, processes."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any, Final

from auditor.analysis.docker.compose_service import Service, UnexpectedError, below, is_open
from auditor.late import late
from auditor.model.pointers import token

_SIZE: Final = late(r"(\d+(?:\.\d+)*) ?([kmgtp])?i?b?", re.IGNORECASE)
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_LIMITS: Final = "/deploy/resources/limits"
_ULIMIT: Final = MappingProxyType({"name": "", "soft": "", "hard": ""})


def limits(service: Service) -> None:
    """Read the limits of a service; none is 0, as the engine says it."""
    memory, at = _written(service, ("mem_limit", "/mem_limit"), ("memory", f"{_LIMITS}/memory"))
    service.found("memory", None if memory is None else _size(memory), 0, at)
    cpus = (
        ("cpus", "/cpus"),
        ("cpu_quota", "/cpu_quota"),
        ("cpuset", "/cpuset"),
        ("cpu_shares", "/cpu_shares"),
    )
    value, at = _written(service, *cpus, ("cpus", f"{_LIMITS}/cpus"))
    limited = value if is_open(value) else None if value is None else True
    service.found("cpuLimited", limited, default=False, pointer=at)
    pids, at = _written(service, ("pids_limit", "/pids_limit"), ("pids", f"{_LIMITS}/pids"))
    number = max(0, pids) if isinstance(pids, int) else pids
    service.found("pidsLimit", number, 0, at)
    shared = service.body.get("shm_size")
    if shared is not None:
        service.fields.put("shmSize", _size(shared), "/shm_size")
    _ulimits(service)


def _written(service: Service, *places: tuple[str, str]) -> tuple[Any, str]:
    """The first value that is written at one of some pointers and limits something."""
    for _, pointer in places:
        value = below(service, *pointer.split("/")[1:])
        if value not in (None, 0, "", "0"):
            return value, pointer
    return None, places[0][1]


def _size(value: object) -> object:
    """A number of bytes, of ``2g`` or ``512 MiB``; what is not known yet stays a text."""
    if isinstance(value, int) or is_open(value):
        return value
    match = _SIZE.fullmatch(str(value))
    if match is None or match[1].count(".") > 1:
        raise UnexpectedError(f"{value} is not a size")
    return int(float(match[1]) * 1024 ** _POWERS[(match[2] or "").lower()])


def _ulimits(service: Service) -> None:
    """What is written of them: a daemon's own are no doing of the service."""
    found = service.get("ulimits", dict)
    entries = []
    for name, value in found.items() if isinstance(found, dict) else ():
        both = value if isinstance(value, dict) else {"soft": value, "hard": value}
        limit = {"name": name, "soft": both.get("soft", 0), "hard": both.get("hard", 0)}
        entries.append((limit, f"/ulimits/{token(name)}"))
    service.each("ulimits", entries, "/ulimits", _ULIMIT)
