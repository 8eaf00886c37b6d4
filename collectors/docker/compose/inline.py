"""Dockerfiles that stand in a compose file: ``dockerfile_inline`` of what a service is built of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from auditor.model.pointers import steps
from auditor.model.resource import Resource
from auditor.platforms.docker import DOCKERFILE
from auditor.secrets.redact import redact
from collectors.docker.compose.nodes import Node, NotResolved
from collectors.docker.dockerfile.content import HIDDEN, body_of
from collectors.docker.dockerfile.faults import MOST_BYTES, NotBuiltError
from collectors.docker.dockerfile.stages import AROUND, Around

_FIELD = "dockerfile_inline"


def inline_of(service: Node) -> Node | None:
    """The text of a Dockerfile in a service; None where there is none."""
    build = service.get("build")
    found = None if build is None else build.get(_FIELD)
    return found if found is not None and isinstance(found.value, str) else None


class Inline:
    """The Dockerfile of one service, whose lines are told by that of its field."""

    def __init__(self, service: str, text: Node) -> None:
        self.text = text
        self._service = service

    def resource(self, project: str, source: str, number: int) -> Resource:
        """Make the resource of it; ``project`` is the main file, ``source`` where it stands.

        Raises:
            NotResolved: BuildKit does not take it, or it is more than we read.
        """
        return Resource(
            kind=DOCKERFILE,
            api_version="",
            name=self._service,
            namespace="",
            uid=f"{project}#{self._service}",
            source=source,
            document=number,
            line=self.text.line,
            body=msgspec.json.encode(redact(self._body(self.text, HIDDEN))),
            clean=True,
            rendered="" if source == project else project,
        )

    def _body(self, text: Node, around: Around) -> dict[str, Any]:
        value = str(text.value)
        if len(value) > MOST_BYTES:
            raise NotResolved(f"{_FIELD} of more than {MOST_BYTES:,} characters", self.text)
        try:
            return body_of(value, around, {})
        except NotBuiltError as error:
            detail = f"{_FIELD} of {self._service}, line {error.line}: {error.detail}"
            raise NotResolved(detail, self.text, error.hint, error.cause) from error

    def line(self, pointer: str) -> int:
        """Return the line of the field: how its text is folded is not known any more."""
        steps(pointer)
        return self.text.line

    def original(self, services: Mapping[str, Node]) -> object:
        """Return the file with its secrets, of services of which nothing is hidden."""
        service = services.get(self._service)
        text = None if service is None else inline_of(service)
        return None if text is None else self._body(text, AROUND)
