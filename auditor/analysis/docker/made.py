"""The steps of an image that is there already, put together as the fields of its build.

Whoever reads a history says where each line of it stands (``/Layers/3/CreatedBy``), the oldest
first. What a line does not say is absent: see :mod:`auditor.analysis.docker.history`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from auditor.analysis.docker.doing import doings, mode_opens
from auditor.analysis.docker.layers import (
    Pair,
    Step,
    pairs_of,
    ports_of,
    run_commands,
    step_of,
    without_shell,
)
from auditor.analysis.docker.steps import (
    LONGEST,
    MOST_ENDS,
    command_fields,
    ends_in,
    is_secret_argument,
)
from auditor.analysis.docker.workload import VARIABLE, Fields
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import IMAGE_BUILD
from auditor.secrets.marks import has_marker

_MOST_TEXT: Final = 400_000
"""Characters of a history that are read."""
_FORM: Final = "history"
_TCP: Final = "/tcp"
"""What a port is of that says nothing else."""
Found = tuple[object, str]


class Line(msgspec.Struct, frozen=True):
    """A line of a history: what made a layer, where it stands, and of what it is a part.

    ``layer`` is where the layer stands; ``holds`` says that there is something in it.
    """

    text: str
    at: str
    layer: str
    comment: str = ""
    holds: bool = False


class Made(msgspec.Struct, frozen=True):
    """The build of an image, None where nothing tells of it, and by what others know the image.

    ``id`` and ``digests`` are what its source calls it, ``lines`` those of its whole history, the
    oldest first.
    """

    build: Resource | Gap | None
    id: str = ""
    digests: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


def too_long(resource: Resource, lines: Iterable[Line], hint: str) -> Gap | None:
    """Say that a history is longer than is read."""
    texts = [line.text for line in lines]
    if sum(map(len, texts)) <= _MOST_TEXT and ends_in(texts) <= MOST_ENDS:
        return None
    detail = f"{resource.name}: a history of more than {_MOST_TEXT:,} characters"
    detail += f" or {MOST_ENDS:,} commands"
    return Gap("", resource.kind, GapCause.TRUNCATED, detail, hint)


class Build:
    """One image, as the fields of its build are put together.

    ``place`` is where its history stands. ``variables`` and ``ports`` are those that the image has:
    one that a line of the history sets is taken from there.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        place: str,
        variables: Sequence[tuple[Pair, str]] = (),
        ports: Sequence[Found] = (),
    ) -> None:
        self._is_known = bool(lines)
        self._place = place
        self._runs: list[Found] = []
        self._commands: list[Found] = []
        self._copies: list[Found] = []
        self._environment: list[tuple[Pair, str]] = []
        self._arguments: dict[tuple[str, bool], Found] = {}
        self._ports: list[Found] = []
        for line in lines:
            self._add(line)
        known = {each["name"] for each, _ in self._environment}
        self._environment += (each for each in variables if each[0]["name"] not in known)
        exposed = {str(port).removesuffix(_TCP) for port, _ in self._ports}
        self._ports += (each for each in ports if str(each[0]).removesuffix(_TCP) not in exposed)

    def fact(self, resource: Resource) -> Resource:
        """Make the fact; of an image without a history it has no steps to speak of."""
        fields = Fields()
        fields.put("stage", resource.name, None)
        fields.put("last", value=False, pointer=None)
        if self._is_known or self._environment:
            fields.put_each("environment", self._environment, self._place, VARIABLE)
        if self._is_known:
            runs = {"text": "", "does": None, "secret": None}
            fields.put_each("runs", self._runs, self._place, runs)
            commands = {"program": "", "text": None, "does": None}
            fields.put_each("commands", self._commands, self._place, commands)
            copies = dict.fromkeys(("instruction", "sources", "checksum", "openToAll"), "")
            fields.put_each("copies", self._copies, self._place, copies)
            given = self._arguments.values()
            fields.put_each("arguments", given, self._place, {**VARIABLE, "secret": None})
        if self._is_known or self._ports:
            fields.put_each("ports", self._ports, self._place)
        return fields.fact(resource, _FORM, IMAGE_BUILD)

    def _add(self, line: Line) -> None:
        step, here = step_of(line.text), line.at
        if step is None:
            if line.holds:
                self._unread(f"a layer of {line.comment or 'unknown origin'}", line.layer)
            return
        match step.keyword:
            case "RUN":
                self._run(step, here)
            case "ADD" | "COPY":
                self._copies.append((_copy(step), here))
            case "ENV":
                self._environment += ((pair, here) for pair in pairs_of(step.rest.split(" ")))
            case "ARG":
                self._given(pairs_of(step.rest.split(" ")), here)
            case "EXPOSE":
                self._ports += ((port, here) for port in ports_of(step.rest))
            case _:
                pass

    def _unread(self, text: str, at: str) -> None:
        """Say that there is a step of which nothing more is known."""
        self._runs.append(({"text": text[:LONGEST]}, at))
        self._commands.append(({"text": text[:LONGEST]}, at))

    def _given(self, pairs: Sequence[Pair], at: str) -> None:
        """Take arguments, each once: a history repeats them at every step."""
        for pair in pairs:
            secret = is_secret_argument(pair)
            item = {**pair, "secret": secret}
            self._arguments.setdefault((pair["name"], secret), (item, at))

    def _run(self, step: Step, at: str) -> None:
        self._given(step.given, at)
        commands = run_commands(step.rest)
        if commands is None:
            self._unread(step.rest, at)
            return
        does = sorted({word for command in commands for word in doings(command)})
        secret = has_marker(step.rest)
        text = without_shell(step.rest)[:LONGEST]
        self._runs.append(({"text": text, "does": does, "secret": secret}, at))
        self._commands += ((command_fields(command), at) for command in commands)


def _copy(step: Step) -> dict[str, Any]:
    """A copy: of the classic builder without its sources, of BuildKit with the options it wrote.

    BuildKit writes no checksum (0.33, ``convert_copy.go``): of a remote file nobody knows whether
    it had one.
    """
    found: dict[str, Any] = {"instruction": step.keyword}
    if step.hashed:
        return found
    words = step.rest.split()
    flags = dict(word[2:].partition("=")[::2] for word in words if word.startswith("--"))
    found["sources"] = [word for word in words if not word.startswith("--")][:-1]
    if "checksum" in flags:
        found["checksum"] = flags["checksum"]
    if "chmod" in flags:
        found["openToAll"] = mode_opens(flags["chmod"])
    return found
