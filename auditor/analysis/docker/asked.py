"""The engine that was asked, among those that run on its host: by its arguments and its settings.

Of several it is the one whose data root is that which the Engine API names. What stands in its file
of settings counts, unless it has another file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from auditor.analysis.docker.arguments import Options, options_of
from auditor.late import late
from auditor.model.fact import Origin, Spot
from auditor.platforms.docker import HOST_PROCESSES, HOST_SETTINGS, INFO

_DAEMON_JSON: Final = "/etc/docker/daemon.json"
_DATA: Final = "/var/lib/docker"
_REMAPPED: Final = late(r"/[0-9]+\.[0-9]+")
"""What is put behind the data root of an engine that maps users: the first user and group."""


class Part(msgspec.Struct, frozen=True):
    """What was read of one kind, and where."""

    origin: Origin
    body: Mapping[str, Any]


Parts = Mapping[str, Part]


class AskedEngine:
    """The engine that was asked, by its arguments and its file of settings."""

    def __init__(self, parts: Parts) -> None:
        self.root = str(parts[INFO].body.get("DockerRootDir", ""))
        self._settings = parts[HOST_SETTINGS].body["settings"]
        engines = parts[HOST_PROCESSES].body["engines"]
        known = [options_of(each["arguments"]) for each in engines]
        fitting = [number for number, each in enumerate(known) if self._is_ours(each)]
        self.found = len(fitting) == 1
        self._number = fitting[0] if fitting else 0
        self._options: Options = known[self._number] if known else {}

    def _is_ours(self, options: Options) -> bool:
        own = options.get("data-root")
        if own is None and self._has_file(options):
            own = self._settings.get("data-root", self._settings.get("graph"))
        root = str(own or _DATA).rstrip("/")
        here: str = self.root
        behind = here.removeprefix(root)
        return bool(here.startswith(root) and (not behind or _REMAPPED.fullmatch(behind)))

    @staticmethod
    def _has_file(options: Options) -> bool:
        return bool(options.get("config-file", _DAEMON_JSON) == _DAEMON_JSON)

    def value(self, name: str, usual: object) -> tuple[object, Spot | None] | None:
        """What a setting is, and where that was read; None where nobody knows."""
        if name in self._options:
            return self._options[name], Spot(0, f"/engines/{self._number}/arguments")
        if not self._has_file(self._options):
            return None
        if name in self._settings:
            return self._settings[name], Spot(1, f"/settings/{name}")
        return usual, None
