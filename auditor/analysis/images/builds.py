"""What documents say of how an image was made, as the build of that image.

::

    image/Report, image/Configuration                           docker/ImageBuild
    history: [{createdBy: RUN apt-get update # buildkit}]       runs: [{does: [updates-index]}]
    environment: [HF_TOKEN=«redacted:argument»]                 environment: [{name: HF_TOKEN, …}]

So the rules about builds judge a Dockerfile, an image on an engine, one that a scanner looked into
and one that lies here. A configuration has variables and ports that no line of the history sets,
where a program that keeps no history made the image. Of layers that no line is about it is not
known what is in them, and each is a step that says so. Its user and its health check are in
``image/Setup``, with whose it is.
"""

from __future__ import annotations

from typing import Final

import msgspec

from auditor.analysis.docker.layers import pairs_of
from auditor.analysis.docker.made import Build, Line, Made, too_long
from auditor.model.enums import GapCause
from auditor.model.images import Identity, Step
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import IMAGE_BUILD
from auditor.platforms.images import REPORT
from auditor.secrets import redact

_HINT: Final = "is it a report of a scanner, or an image?"
_UNSAID: Final = Step(comment="which its history says nothing")
_PLACE: Final = "/history"
_WORDS: Final = (b'"history":', b'"environment":', b'"unjudged":')


class _Raw(msgspec.Struct, frozen=True, gc=False):
    """What is taken of a report; the rest, which is most of it, is skipped."""

    image: Identity = Identity()
    manifests: tuple[str, ...] = ()
    history: msgspec.Raw = msgspec.Raw(b"[]")
    environment: msgspec.Raw = msgspec.Raw(b"[]")
    ports: tuple[str, ...] = ()
    layers: int = 0
    unjudged: str = ""


class _Made(msgspec.Struct, frozen=True):
    history: tuple[Step, ...]
    environment: tuple[str, ...]


_decode: Final = msgspec.json.Decoder(_Raw).decode


def made_of(resource: Resource) -> Made:
    """The build of an image; none of a report that has no configuration of it."""
    if not _may_have(resource):
        return Made(None)
    try:
        raw = _decode(resource.body)
        made = _made(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        detail = f"{resource.name}: {error}"
        return Made(Gap("", resource.kind, GapCause.MALFORMED, detail, _HINT))
    if raw.unjudged:
        detail = f"{resource.name}: {raw.unjudged}"
        return Made(Gap("", IMAGE_BUILD, GapCause.UNSUPPORTED, detail, ""))
    unsaid = raw.layers - sum(not each.empty for each in made.history)
    steps = (*made.history, *(_UNSAID for _ in range(unsaid)))
    lines = [_line(number, step) for number, step in enumerate(steps)]
    variables = [
        (pair, f"/environment/{number}")
        for number, text in enumerate(made.environment)
        for pair in pairs_of([text])
    ]
    ports = [(port, f"/ports/{number}") for number, port in enumerate(raw.ports)]
    if not (lines or variables or ports):
        return Made(None)
    hint = f"docker history --no-trunc {resource.name}"
    build = Build(lines, _PLACE, variables, ports)
    return Made(
        too_long(resource, lines, hint) or build.fact(resource),
        raw.image.id,
        (*raw.image.digests, *raw.manifests),
        tuple(each.created_by for each in made.history),
    )


def _may_have(resource: Resource) -> bool:
    """Whether a report has any of it; to look for the words costs far less than to decode it."""
    body = resource.body
    return resource.kind != REPORT or any(word in body for word in _WORDS)


def _made(raw: _Raw) -> _Made:
    """Take a history and variables, without secrets."""
    found = {
        "history": redact.decode(bytes(raw.history)),
        "environment": redact.decode(bytes(raw.environment)),
    }
    return msgspec.convert(found, _Made)


def _line(number: int, step: Step) -> Line:
    at = f"{_PLACE}/{number}"
    return Line(step.created_by, f"{at}/createdBy", at, step.comment, not step.empty)
