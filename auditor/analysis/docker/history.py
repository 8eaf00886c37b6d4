"""Histories of images as builds: what made an image that is on an engine already.

::

    GET /images/ID/history                                    docker/ImageBuild
    CreatedBy: RUN /bin/sh -c curl x | sh # buildkit          commands: [{does: [runs-download]}]
    CreatedBy: /bin/sh -c #(nop) ADD file:8a4e… in /x         copies: [{instruction: ADD}]
    CreatedBy: ""  Size: 1982347                              runs: [{text: "a layer of …"}]
    Tags: [debian:12]                                         the image debian:12, from here on

So a rule about a build judges it before and after. What the history does not say is absent: the
sources of a copy that are only digests, the mode of one (BuildKit writes it by its version), what
is in a layer that was imported; the network of a step it never says. Who runs in the image, and its
health check, are rules about ``docker/Image``: ``last`` is false.

Layers of another image that is tagged on the same engine are judged with that one. The engine only
knows them of an image that its classic builder made: others' layers all are the image's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MappingProxyType
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
from auditor.analysis.protocol import Feeds, Stage, Tables
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import IMAGE_BUILD, IMAGE_HISTORY
from auditor.secrets.marks import has_marker

_MOST_TEXT: Final = 400_000
"""Characters of a history that are read."""
_FORM: Final = "history"
Found = tuple[object, str]


class _Layer(msgspec.Struct, frozen=True, rename="pascal"):
    created_by: str = ""
    comment: str = ""
    size: int = 0
    tags: tuple[str, ...] | None = None


class _History(msgspec.Struct, frozen=True, rename="pascal"):
    layers: tuple[_Layer, ...]


_decode = msgspec.json.Decoder(_History).decode


class Histories:
    """The build of each image that an engine has."""

    id = "docker-histories"
    stage = Stage.OBJECT
    feeds: Feeds = MappingProxyType(
        {IMAGE_BUILD: MappingProxyType({"": frozenset({IMAGE_HISTORY})})}
    )

    def __init__(self, tables: Tables) -> None:
        del tables

    def derive(self, resource: Resource) -> Iterator[Resource | Gap]:
        """Yield the build of a history; a gap where it is none, or longer than is read."""
        if resource.kind != IMAGE_HISTORY:
            return
        try:
            layers = _own(_decode(resource.body).layers)
        except msgspec.ValidationError as error:
            detail = f"{resource.name}: {error}"
            yield Gap("", IMAGE_HISTORY, GapCause.MALFORMED, detail, "is it a Docker Engine?")
            return
        texts = [layer.created_by for _, layer in layers]
        if sum(map(len, texts)) > _MOST_TEXT or ends_in(texts) > MOST_ENDS:
            detail = f"{resource.name}: a history of more than {_MOST_TEXT:,} characters"
            detail += f" or {MOST_ENDS:,} commands"
            hint = f"docker history --no-trunc {resource.name}"
            yield Gap("", IMAGE_HISTORY, GapCause.TRUNCATED, detail, hint)
            return
        yield _Build(layers).fact(resource)


def _own(layers: Sequence[_Layer]) -> list[tuple[int, _Layer]]:
    """The layers up to those of another image, the oldest first, with their numbers."""
    found: list[tuple[int, _Layer]] = []
    for number, layer in enumerate(layers):
        if number and layer.tags:
            break
        found.append((number, layer))
    return found[::-1]


class _Build:
    """One image, as the fields of its build are put together."""

    def __init__(self, layers: Sequence[tuple[int, _Layer]]) -> None:
        self._is_known = bool(layers)
        self._runs: list[Found] = []
        self._commands: list[Found] = []
        self._copies: list[Found] = []
        self._environment: list[Found] = []
        self._arguments: dict[tuple[str, bool], Found] = {}
        self._ports: list[Found] = []
        for number, layer in layers:
            self._add(layer, f"/Layers/{number}")

    def fact(self, resource: Resource) -> Resource:
        """Make the fact; of an image without a history it has no steps to speak of."""
        fields = Fields()
        fields.put("stage", resource.name, None)
        fields.put("last", value=False, pointer=None)
        if self._is_known:
            runs = {"text": "", "does": None, "secret": None}
            fields.put_each("runs", self._runs, "/Layers", runs)
            commands = {"program": "", "text": None, "does": None}
            fields.put_each("commands", self._commands, "/Layers", commands)
            copies = dict.fromkeys(("instruction", "sources", "checksum", "openToAll"), "")
            fields.put_each("copies", self._copies, "/Layers", copies)
            fields.put_each("environment", self._environment, "/Layers", VARIABLE)
            given = self._arguments.values()
            fields.put_each("arguments", given, "/Layers", {**VARIABLE, "secret": None})
            fields.put_each("ports", self._ports, "/Layers")
        return fields.fact(resource, _FORM, IMAGE_BUILD)

    def _add(self, layer: _Layer, at: str) -> None:
        step, here = step_of(layer.created_by), f"{at}/CreatedBy"
        if step is None:
            if layer.size:
                self._unread(f"a layer of {layer.comment or 'unknown origin'}", at)
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
