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

from collections.abc import Sequence

import msgspec

from auditor.analysis.docker.made import Build, Line, Made, too_long
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from auditor.platforms.docker import IMAGE_HISTORY


class _Layer(msgspec.Struct, frozen=True, rename="pascal"):
    created_by: str = ""
    comment: str = ""
    size: int = 0
    tags: tuple[str, ...] | None = None


class _History(msgspec.Struct, frozen=True, rename="pascal"):
    layers: tuple[_Layer, ...]
    id: str = ""


_decode = msgspec.json.Decoder(_History).decode


def made_of(resource: Resource) -> Made:
    """The build of a history; a gap where it is none, or longer than is read."""
    try:
        found = _decode(resource.body)
    except msgspec.ValidationError as error:
        detail = f"{resource.name}: {error}"
        hint = "is it a Docker Engine?"
        return Made(Gap("", IMAGE_HISTORY, GapCause.MALFORMED, detail, hint))
    lines = _own(found.layers)
    hint = f"docker history --no-trunc {resource.name}"
    build = too_long(resource, lines, hint) or Build(lines, "/Layers").fact(resource)
    return Made(build, found.id, (), tuple(each.created_by for each in found.layers[::-1]))


def _own(layers: Sequence[_Layer]) -> list[Line]:
    """The lines of layers up to those of another image, the oldest first."""
    found: list[Line] = []
    for number, layer in enumerate(layers):
        if number and layer.tags:
            break
        at = f"/Layers/{number}"
        text, comment, holds = layer.created_by, layer.comment, bool(layer.size)
        found.append(Line(text, f"{at}/CreatedBy", at, comment, holds))
    return found[::-1]
