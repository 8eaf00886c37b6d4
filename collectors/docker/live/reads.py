"""Reads the kinds that are wanted; what can't be read becomes a gap of its own.

A list tells what there is, and each thing is asked for by its id: what a list says of a container
lacks nearly all that matters. One that goes between the two is gone, which is a gap for it alone.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from auditor.model.enums import CAUSES, Answered, GapCause
from auditor.model.resource import Gap
from auditor.platforms.docker import SERVICE, SWARM
from collectors.docker.host.channel import Machine
from collectors.docker.live.allowlist import LISTS, THINGS, Path
from collectors.docker.live.notes import Notes
from collectors.http.client import Client
from collectors.http.failures import Unanswered

OF_MANAGERS: Final = frozenset({SWARM, SERVICE})
"""Only a manager of a swarm tells of these; on any other host there are none."""
_DENIED: Final = "the API is all or nothing: is there a proxy in between that lets less through?"


class Identity(msgspec.Struct, frozen=True, rename="pascal"):
    """What must not change while a host is read, of ``GET /info``."""

    id: str = msgspec.field(default="", name="ID")
    name: str = ""
    server_version: str = ""
    kernel_version: str = ""
    security_options: list[str] | None = None
    swarm: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def manages(self) -> bool:
        """Whether it is a manager of a swarm."""
        return bool(self.swarm.get("ControlAvailable"))

    @property
    def machine(self) -> Machine:
        """Where it runs, and whether as root."""
        rootless = "name=rootless" in (self.security_options or ())
        return Machine(self.name, self.kernel_version, rootless)


class _Listed(msgspec.Struct, frozen=True, gc=False):
    id: str = msgspec.field(name="Id")


_identity = msgspec.json.Decoder(Identity).decode
_listed = msgspec.json.Decoder(list[_Listed]).decode


def identify(client: Client, prefix: str) -> Identity:
    """Ask which engine this is.

    Raises:
        Unanswered: it does not say.
        msgspec.DecodeError: it says something else.
    """
    return _identity(client.get(f"{prefix}/info").body)


class Reads:
    """One host's things; ``gaps`` is what could not be read of it."""

    def __init__(self, uri: str, client: Client, prefix: str, notes: Notes) -> None:
        self.gaps: set[Gap] = set()
        self._uri = uri
        self._client = client
        self._prefix = prefix
        self._notes = notes
        self._known: dict[str, list[str]] = {}

    def read(self, kind: str) -> None:
        """Read all of one kind."""
        template, listing = THINGS[kind].template, LISTS.get(kind)
        if listing is None:
            self._one(kind, f"{self._prefix}{template}", "")
            return
        for name in self._names(listing):
            self._one(kind, f"{self._prefix}{template.format(id=name)}", name)

    def _names(self, listing: Path) -> list[str]:
        """What a list has; one that two kinds share is asked for once, unless it failed."""
        path = f"{self._prefix}{listing.template}"
        shown = "".join(f"?{name}={value}" for name, value in listing.query.items())
        request = f"{path}{shown}"
        if request in self._known:
            return self._known[request]
        try:
            body = self._client.get(path, listing.query).body
            found = _listed(body)
        except Unanswered as error:
            self._failed(listing.kind, request, "", error)
        except msgspec.DecodeError as error:
            self._failed(listing.kind, request, "", Unanswered(Answered.MALFORMED, str(error)))
        else:
            self._notes.heard("", request, body, 0)
            self._known[request] = sorted({each.id for each in found})
        return self._known.get(request, [])

    def _one(self, kind: str, path: str, name: str) -> None:
        try:
            body = self._client.get(path).body
        except Unanswered as error:
            self._failed(kind, path, name, error)
        else:
            self._notes.heard(kind, path, body, 1)

    def _failed(self, kind: str, request: str, name: str, error: Unanswered) -> None:
        self._notes.failed(kind, request, error)
        cause, detail, hint = CAUSES[error.answered], error.detail, error.hint
        if error.answered is Answered.NOT_FOUND and name:
            cause, hint = GapCause.TRUNCATED, "scan again"
            detail = "it was listed, and gone when it was asked for"
        elif error.answered is Answered.DENIED and not hint:
            hint = _DENIED
        where = f"{name[:12]}: " if name else ""
        self.gaps.add(Gap(self._uri, kind, cause, f"{where}{detail}", hint))
