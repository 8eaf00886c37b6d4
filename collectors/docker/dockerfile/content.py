"""A Dockerfile as one resource: its stages with their instructions, each at its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from auditor.model.enums import GapCause
from auditor.model.pointers import pointers_of, steps
from auditor.model.resource import Resource
from auditor.platforms.docker import DOCKERFILE
from auditor.secrets.redact import redact, redact_field
from collectors.docker.dockerfile.faults import MOST_BYTES, Budget, NotBuiltError
from collectors.docker.dockerfile.instructions import Instruction
from collectors.docker.dockerfile.lines import parsed
from collectors.docker.dockerfile.stages import AROUND, Around, Build, Stage
from collectors.documents.guards import Unreadable, decode
from collectors.documents.ledger import Ledger

_FRONTENDS: Final = ("docker/dockerfile", "docker.io/docker/dockerfile")
_HINT: Final = "does docker build take it?"


class DockerfileContent:
    """Implements :class:`collectors.documents.recognise.Content` for one Dockerfile."""

    def __init__(self, ledger: Ledger, data: bytes) -> None:
        self._ledger = ledger
        self._data = data
        self._lines: dict[str, int] = {}

    def resources(self) -> Iterator[Resource]:
        """Yield the file.

        Raises:
            Unreadable: BuildKit does not take it, or it is more than we read.
        """
        name = self._ledger.source.rpartition("/")[2]
        body = self._body(HIDDEN, self._lines)
        yield Resource(
            kind=DOCKERFILE,
            api_version="",
            name=name,
            namespace="",
            uid=f"{self._ledger.source}#",
            source=self._ledger.source,
            document=0,
            line=1,
            body=msgspec.json.encode(redact(body)),
            clean=True,
        )

    def _body(self, around: Around, lines: dict[str, int]) -> dict[str, Any]:
        if len(self._data) > MOST_BYTES:
            detail = f"{len(self._data):,} bytes, more than {MOST_BYTES:,}"
            raise Unreadable(GapCause.TRUNCATED, detail, "is it a Dockerfile?")
        try:
            return body_of(decode(self._data), around, lines)
        except NotBuiltError as error:
            hint = error.hint or _HINT
            raise Unreadable(error.cause, error.detail, hint, error.line) from error

    def line(self, number: int, pointer: str) -> int:
        """Return the line of the instruction that a field is of."""
        del number
        found, here = 1, ""
        for step in steps(pointer):
            here = f"{here}/{step}"
            found = self._lines.get(here, found)
        return found

    def lines(self, number: int, pointer: str, value: object) -> list[int]:
        """Return the lines of all nodes of a value."""
        return [self.line(number, f"{pointer}{place}") for place in pointers_of(value)]

    def all_lines(self, number: int) -> list[int] | None:
        """Tell that lines have to be looked up."""
        del number
        return None

    def original(self, number: int) -> object:
        """Return the file with its secrets: read once more, and nothing hidden."""
        del number
        return self._body(AROUND, {})


def _hide(name: str, value: str) -> str:
    """Keep what a name says is secret out of every text that it is put into."""
    found = redact_field(name, value)
    return found if isinstance(found, str) else value


HIDDEN: Final = Around(hide=_hide)
"""Reads a file and leaves secrets out of what variables are put into."""


def body_of(text: str, around: Around, lines: dict[str, int]) -> dict[str, Any]:
    """Make the body of a file of its text; ``lines`` gets those of its parts by their pointers.

    Raises:
        NotBuiltError: BuildKit does not take it.
    """
    budget = Budget()
    found = parsed(text, budget)
    if found.syntax and not found.syntax.split(":")[0].split("@")[0].startswith(_FRONTENDS):
        detail = f"another program reads it: syntax={found.syntax}"
        raise NotBuiltError(detail, 1, cause=GapCause.UNSUPPORTED, hint="review it by hand")
    build = Build(found.escape, budget, around)
    made = build.through(found)
    body: dict[str, Any] = {"stages": []}
    if made.arguments:
        body["arguments"] = []
        for each in made.arguments:
            for name, value in each.pairs:
                lines[f"/arguments/{len(body['arguments'])}"] = each.line
                body["arguments"].append(_pair(name, value))
    for number, stage in enumerate(made.stages):
        lines[f"/stages/{number}"] = stage.line
        body["stages"].append(_stage(build, stage))
        for index, each in enumerate(stage.instructions):
            lines[f"/stages/{number}/instructions/{index}"] = each.line
    return body


def _pair(name: str, value: str | None) -> dict[str, str]:
    return {"name": name} if value is None else {"name": name, "value": value}


def _stage(build: Build, stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = {"base": stage.base}
    if stage.on is not None:
        found["on"] = stage.on
    named = {"name": stage.name, "platform": stage.platform}
    found.update({name: value for name, value in named.items() if value})
    if stage.variable:
        found["variable"] = True
    found["instructions"] = [_instruction(build, stage, each) for each in stage.instructions]
    return found


def _instruction(build: Build, stage: Stage, each: Instruction) -> dict[str, Any]:
    found: dict[str, Any] = {"keyword": each.keyword}
    if each.pairs:
        found["pairs"] = [_pair(name, value) for name, value in each.pairs]
    if each.words:
        found["words"] = each.words
    if each.is_json:
        found["list"] = True
    if each.heredocs:
        found["texts"] = [{"name": text.name, "content": text.content} for text in each.heredocs]
    flags: Mapping[str, Any] = {
        name: values if name in {"exclude", "device"} else values[0]
        for name, values in each.flags.items()
        if name != "mount"
    }
    found.update({"flags": flags} if flags else {})
    mounts = list(build.mounts(stage, each))
    if mounts:
        found["mounts"] = mounts
    if each.triggered:
        found["triggered"] = True
    if each.variable:
        found["variable"] = True
    return found
