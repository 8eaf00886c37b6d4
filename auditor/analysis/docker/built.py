"""Services that a compose file has built: what the Dockerfile says of their image.

::

    compose.yaml            web: {build: {context: ./web, target: run}}      no user of its own
    web/Dockerfile    3     FROM python:3.12 AS run
                      4     USER 10001                                       user: "10001"

The last USER and HEALTHCHECK of the stage count, or of those that it is built on. Where there is
none the base image decides, which is not read: it is named. What depends on an argument that the
compose file gives is not known.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.completing import Aspect, Spots
from auditor.analysis.protocol import Row, Site
from auditor.analysis.related import Related
from auditor.model.fact import Spot
from auditor.model.resource import Resource
from auditor.platforms.docker import COMPOSE_SERVICE, DOCKERFILE

IMAGE: Final = "image"
ASPECT: Final = Aspect(
    (("user",), ("healthcheck",), ("base",)), frozenset({COMPOSE_SERVICE, DOCKERFILE}), False
)
_FORM: Final = b'"form":"compose"'
_FILE: Final = "Dockerfile"
_SCRATCH: Final = "scratch"
_OPEN: Final = "{{"
_PULLS: Final = (None, "build")
"""The values of pull_policy with which what is built is what runs."""
_KEYWORDS: Final = {"user": "USER", "healthcheck": "HEALTHCHECK"}
_FIELDS: Final = tuple(_KEYWORDS)


class Build(msgspec.Struct, frozen=True):
    """What a service is built of: the uid of its Dockerfile, a file or in the project.

    ``arguments`` are the names of those that it gives.
    """

    file: str
    target: str = ""
    arguments: tuple[str, ...] = ()


class Found(msgspec.Struct, frozen=True):
    """What a stage says of a field; ``variable``: arguments may change it."""

    value: str
    pointer: str
    variable: bool = False


class Image(msgspec.Struct, frozen=True):
    """What a stage makes; ``base`` is "" where it is made of nothing."""

    name: str
    base: str
    variable: bool
    found: dict[str, Found]


class Images(msgspec.Struct, frozen=True):
    """What the stages of a file make, and the names of its arguments."""

    stages: tuple[Image, ...]
    arguments: tuple[str, ...] = ()


class _Pair(msgspec.Struct, frozen=True):
    name: str


class _Instruction(msgspec.Struct, frozen=True):
    keyword: str
    words: tuple[str, ...] = ()
    pairs: tuple[_Pair, ...] = ()
    variable: bool = False


class _Stage(msgspec.Struct, frozen=True):
    base: str
    on: int | None = None
    name: str = ""
    variable: bool = False
    instructions: tuple[_Instruction, ...] = ()


class _File(msgspec.Struct, frozen=True):
    stages: tuple[_Stage, ...]
    arguments: tuple[_Pair, ...] = ()


_decode_build = msgspec.json.Decoder(Build).decode
_decode_images = msgspec.json.Decoder(Images).decode


def is_open(fact: Resource) -> bool:
    """Whether an image decides something of the workload of a compose file."""
    if fact.partial or _FORM not in fact.body:
        return False
    return any(f'"{field}":'.encode() not in fact.body for field in _FIELDS)


def rows(resource: Resource, site: Site) -> Iterator[Row]:
    """Take what a service is built of, or what the stages of a Dockerfile make."""
    if resource.kind == COMPOSE_SERVICE:
        build = _build_of(resource)
        if build is not None:
            body = msgspec.json.encode(build)
            yield Row(("", ""), COMPOSE_SERVICE, site.origin(resource), body)
    elif resource.kind == DOCKERFILE:
        try:
            file = msgspec.convert(decoded(resource), _File)
        except msgspec.ValidationError:
            return  # said where it becomes a build
        stages = tuple(_image(file, number) for number in range(len(file.stages)))
        each = (*file.arguments, *(pair for stage in file.stages for pair in _arguments(stage)))
        images = Images(stages, tuple(sorted({pair.name for pair in each})))
        pointers = {found.pointer: None for image in stages for found in image.found.values()}
        bases = {f"/stages/{number}/base": None for number in range(len(stages))}
        origin = site.origin(resource, "", (*pointers, *bases))
        yield Row(("", ""), DOCKERFILE, origin, msgspec.json.encode(images))


def _build_of(resource: Resource) -> Build | None:
    """What a service is built of; None where that is no file that could be read with it."""
    body = decoded(resource)
    build = body.get("build") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(build, dict) or resource.partial:
        return None
    if body.get("image") is not None and body.get("pull_policy") not in _PULLS:
        return None
    context, file = build.get("context", "."), build.get("dockerfile") or _FILE
    target, arguments = build.get("target") or "", build.get("args")
    if not all(isinstance(each, str) and _OPEN not in each for each in (context, file, target)):
        return None
    project = resource.rendered or resource.source
    names = tuple(arguments) if isinstance(arguments, dict) else ()
    if "dockerfile_inline" in build:  # it is called so by collectors/docker/compose/inline.py
        return Build(f"{project}#{resource.name}", target.lower(), names)
    path = posixpath.normpath(posixpath.join(posixpath.dirname(project), context, file))
    return Build(f"{path}#", target.lower(), names)  # as the collector of Dockerfiles calls it


def _arguments(stage: _Stage) -> Iterator[_Pair]:
    return (pair for each in stage.instructions if each.keyword == "ARG" for pair in each.pairs)


def _image(file: _File, number: int) -> Image:
    """What a stage makes, by the stages that it is built on."""
    found: dict[str, Found] = {}
    stage, here, variable = file.stages[number], number, False
    while True:
        for index, each in reversed(tuple(enumerate(stage.instructions))):
            for field, keyword in _KEYWORDS.items():
                if each.keyword == keyword and field not in found:
                    at = f"/stages/{here}/instructions/{index}"
                    found[field] = _found(field, each, at, variable=variable)
        variable = variable or stage.variable
        if stage.on is None:
            break
        here = stage.on
        stage = file.stages[here]
    base = "" if stage.base == _SCRATCH else stage.base
    if not base:
        for field, value in (("user", ""), ("healthcheck", "none")):
            found.setdefault(field, Found(value, f"/stages/{here}/base", variable))
    return Image(file.stages[number].name, base, variable, found)


def _found(field: str, each: _Instruction, at: str, *, variable: bool) -> Found:
    word = each.words[0]
    if field == "user":
        return Found(word, f"{at}/words/0", variable or each.variable)
    return Found("disabled" if word.upper() == "NONE" else "set", at, variable)


class Builds:
    """What the services of a target are built of."""

    def __init__(self) -> None:
        self._services: dict[str, Build] = {}
        self._files: dict[str, Row] = {}

    def add(self, row: Row) -> None:
        """Take in a service, or a Dockerfile."""
        if row.tag == COMPOSE_SERVICE:
            self._services.setdefault(row.read_at.uid, _decode_build(row.body))
        else:
            self._files.setdefault(row.read_at.uid, row)

    def complete(self, uid: str, body: dict[str, object], related: Related) -> Spots:
        """Complete the body of a workload by what it is built of; say where that was read."""
        build = self._services.get(uid)
        row = None if build is None else self._files.get(build.file)
        if build is None or row is None:
            return ()
        images = _decode_images(row.body)
        image = _target(images, build.target)
        if image is None:
            return ()
        given = next((name for name in build.arguments if name in images.arguments), "")
        spots: list[tuple[str, Spot | None]] = []
        for field in _FIELDS:
            found = image.found.get(field)
            if field in body or found is None:
                continue
            body[field] = f"{{{{ {given} }}}}" if given and found.variable else found.value
            spots.append((f"/{field}", Spot(related.number(row.read_at), found.pointer)))
        undecided = any(field not in body for field in _FIELDS)
        if undecided and image.base and not (given and image.variable):
            body["base"] = image.base
            at = f"/stages/{images.stages.index(image)}/base"
            spots.append(("/base", Spot(related.number(row.read_at), at)))
        return tuple(spots)


def _target(images: Images, name: str) -> Image | None:
    """The stage of a name or number, as BuildKit finds it; the last where none is named."""
    if not name:
        return images.stages[-1]
    named = [each for each in images.stages if each.name == name]
    if named:
        return named[-1]
    number = int(name) if name.isascii() and name.isdecimal() else len(images.stages)
    return images.stages[number] if number < len(images.stages) else None
