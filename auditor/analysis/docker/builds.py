"""Stages of Dockerfiles as builds of images: what goes into one, and what it will be.

::

    FROM python:3.12 AS build                 docker/ImageBuild, part build: base python:3.12
    RUN curl -s https://x.example/i | sh      commands: [{program: sh, does: [runs-download]}, …]
    FROM build                                docker/ImageBuild, last, without a base of its own
    USER 10001                                user: "10001"

A stage that is built on another one of the file has what that one has. A field that is absent is
decided by a base image, which is not read: a user, a health check.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.analysis.docker.doing import doings, mode_opens
from auditor.analysis.docker.shell import SHELLS, Command, command_of, commands_of
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
from auditor.platforms.docker import DOCKERFILE, IMAGE_BUILD
from auditor.secrets.marks import has_marker

_SCRATCH: Final = "scratch"
Found = tuple[object, str]


class _Instruction(msgspec.Struct, frozen=True):
    keyword: str
    words: tuple[str, ...] = ()
    pairs: tuple[Mapping[str, str], ...] = ()
    list: bool = False
    texts: tuple[Mapping[str, str], ...] = ()
    flags: Mapping[str, Any] = MappingProxyType({})
    mounts: tuple[Mapping[str, str], ...] = ()


class _Stage(msgspec.Struct, frozen=True):
    base: str
    on: int | None = None
    name: str = ""
    instructions: tuple[_Instruction, ...] = ()


class _File(msgspec.Struct, frozen=True):
    stages: tuple[_Stage, ...]
    arguments: tuple[Mapping[str, str], ...] = ()


_decode = msgspec.json.Decoder(_File).decode


class Builds:
    """The build of each stage of a Dockerfile."""

    id = "docker-builds"
    stage = Stage.OBJECT
    kinds = frozenset({DOCKERFILE})
    feeds: Feeds = MappingProxyType({IMAGE_BUILD: MappingProxyType({"": frozenset({DOCKERFILE})})})

    def __init__(self, tables: Tables) -> None:
        del tables

    def derive(self, resource: Resource) -> Iterator[Resource | Gap]:
        """Yield the builds of a file."""
        if resource.kind != DOCKERFILE:
            return
        file = _decode(resource.body)
        if _ends(file) > MOST_ENDS:
            detail = f"steps of more than {MOST_ENDS:,} commands"
            yield Gap("", resource.source, GapCause.TRUNCATED, detail, "is it a Dockerfile?")
            return
        for number in range(len(file.stages)):
            yield _Build(file, number).fact(resource)


def _ends(file: _File) -> int:
    """Count what ends commands, of which there may be so many at most."""
    texts = (
        text
        for stage in file.stages
        for each in stage.instructions
        if each.keyword == "RUN"
        for text in (*each.words, *(below["content"] for below in each.texts))
    )
    return ends_in(texts)


class _Build:
    """One stage, as its fields are put together."""

    def __init__(self, file: _File, number: int) -> None:
        self._file = file
        self._number = number
        self._stage = file.stages[number]
        self._at = f"/stages/{number}"
        self._fields = Fields()

    def fact(self, resource: Resource) -> Resource:
        """Make the fact."""
        fields, number = self._fields, self._number
        name = self._stage.name or f"stage {number}"
        fields.put("stage", name, f"{self._at}/name")
        fields.put("last", number == len(self._file.stages) - 1, None)
        if self._stage.on is None and self._stage.base != _SCRATCH:
            fields.put("base", self._stage.base, f"{self._at}/base")
        self._inherited()
        self._settings()
        self._copies()
        self._runs()
        ports = (
            (word, f"{at}/words/{index}")
            for each, at in self._own("EXPOSE")
            for index, word in enumerate(each.words)
        )
        fields.put_each("ports", ports, self._at)
        fact = fields.fact(resource, "dockerfile", IMAGE_BUILD, name)
        return msgspec.structs.replace(fact, pointer=self._at)

    def _own(self, *keywords: str) -> Iterator[tuple[_Instruction, str]]:
        """The instructions of a stage, with their pointers."""
        for index, each in enumerate(self._stage.instructions):
            if each.keyword in keywords:
                yield each, f"{self._at}/instructions/{index}"

    def _last(self, keyword: str) -> tuple[_Instruction, str] | None:
        """The last instruction of a kind, of the stage or of those that it is built on."""
        number: int | None = self._number
        while number is not None:
            stage = self._file.stages[number]
            for index in range(len(stage.instructions) - 1, -1, -1):
                if stage.instructions[index].keyword == keyword:
                    return stage.instructions[index], f"/stages/{number}/instructions/{index}"
            number = stage.on
        return None

    def _is_from_nothing(self) -> bool:
        stage = self._stage
        while stage.on is not None:
            stage = self._file.stages[stage.on]
        return stage.base == _SCRATCH

    def _inherited(self) -> None:
        """Who runs in it and how it is told to work, where the file says so."""
        user, health = self._last("USER"), self._last("HEALTHCHECK")
        if user is not None:
            self._fields.put("user", user[0].words[0], f"{user[1]}/words/0")
        elif self._is_from_nothing():
            self._fields.put("user", "", self._at)
        if health is not None:
            off = health[0].words[0].upper() == "NONE"
            self._fields.put("healthcheck", "disabled" if off else "set", health[1])
        elif self._is_from_nothing():
            self._fields.put("healthcheck", "none", self._at)

    def _settings(self) -> None:
        environment = (
            (dict(pair), f"{at}/pairs/{index}")
            for each, at in self._own("ENV")
            for index, pair in enumerate(each.pairs)
        )
        self._fields.put_each("environment", environment, self._at, VARIABLE)
        arguments = [
            (pair, f"{at}/pairs/{index}")
            for each, at in self._own("ARG")
            for index, pair in enumerate(each.pairs)
        ]
        if not self._number:
            before = enumerate(self._file.arguments)
            arguments = [*((pair, f"/arguments/{index}") for index, pair in before), *arguments]
        found = (({**pair, "secret": is_secret_argument(pair)}, at) for pair, at in arguments)
        self._fields.put_each("arguments", found, self._at, {**VARIABLE, "secret": None})

    def _copies(self) -> None:
        found = (
            (
                {
                    "instruction": each.keyword,
                    "sources": list(each.words[:-1]),
                    "checksum": str(each.flags.get("checksum", "")),
                    "openToAll": mode_opens(str(each.flags.get("chmod", ""))),
                },
                at,
            )
            for each, at in self._own("ADD", "COPY")
        )
        names = {"instruction": "keyword", "sources": "words", "checksum": "flags/checksum"}
        self._fields.put_each("copies", found, self._at, {**names, "openToAll": "flags/chmod"})

    def _runs(self) -> None:
        runs: list[Found] = []
        commands: list[Found] = []
        for each, at in self._own("RUN"):
            found = _commands_of(each)
            does = sorted({word for command in found for word in doings(command)})
            text = "\n".join([" ".join(each.words), *(below["content"] for below in each.texts)])
            runs.append(
                (
                    {
                        "text": text[:LONGEST],
                        "network": str(each.flags.get("network", "default")),
                        "security": str(each.flags.get("security", "sandbox")),
                        "does": does,
                        "secret": _has_secret(each),
                    },
                    at,
                )
            )
            commands += ((command_fields(command), at) for command in found)
        names = {"text": "words/0", "network": "flags/network", "security": "flags/security"}
        derived = {"does": None, "secret": None}
        self._fields.put_each("runs", runs, self._at, {**names, **derived})
        self._fields.put_each("commands", commands, self._at, {"does": None, "text": None})


def _commands_of(each: _Instruction) -> Sequence[Command]:
    """The commands of a RUN: of its list, of its line, of the scripts below it."""
    if each.list:
        return command_of(list(each.words))
    found = commands_of(" ".join(each.words))
    heads = [command for command in found if command.program not in {"<<", ""}]
    is_script = all(command.program in SHELLS for command in heads)
    for text in each.texts if is_script else ():
        found += commands_of(text["content"])
    return [command for command in found if not command.program.startswith("<")]


def _has_secret(each: _Instruction) -> bool:
    texts: Iterable[str] = (*each.words, *(text["content"] for text in each.texts))
    return any(map(has_marker, texts))
