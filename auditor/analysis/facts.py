"""The facts about pods: how one is made, what it is called, and how it points back.

``k8s/PodTemplate`` facts have the body ``{metadata, spec, owner}``. ``k8s/PodTemplatePatch`` has
the same for what an operator completes from elsewhere: an absent field there says nothing.
"""

from __future__ import annotations

from typing import Final

import msgspec

from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from auditor.platforms.kubernetes import PREFIX

KIND: Final = "k8s/PodTemplate"
PATCH: Final = "k8s/PodTemplatePatch"
encode = msgspec.json.encode

OWNER: tuple[tuple[str, str | None], ...] = (
    ("/owner/controller", None),  # what is true of ownerReferences
    ("/owner/apiVersion", "/apiVersion"),
    ("/owner/kind", "/kind"),
    ("/owner/namespace", "/metadata/namespace"),
    ("/owner/name", "/metadata/name"),
)
"""Where the owner of a template is read from."""


class TemplateLocation(msgspec.Struct, frozen=True):
    """Where a template stands in its object; see :class:`auditor.model.resource.Resource`."""

    pointer: str
    anchor: str
    part: str
    kind: str = KIND
    elsewhere: tuple[tuple[str, str], ...] = ()


def part_name(pointer: str) -> str:
    """A short name, as ``workerGroupSpecs/0`` of ``/spec/workerGroupSpecs/0/template``."""
    return pointer.removeprefix("/").removeprefix("spec/").removesuffix("/template")


def template(
    resource: Resource, raw: bytes, location: TemplateLocation, *, heuristic: bool
) -> Resource:
    """Make the fact: the template's own JSON with its owner spliced in at the end.

    The last of two equal keys wins in every JSON reader that we use, so an ``owner`` that a
    template brings along can't pose as ours.
    """
    owner: dict[str, object] = {
        "apiVersion": resource.api_version,
        "kind": plain_kind(resource),
        "namespace": resource.namespace,
        "name": resource.name,
    }
    above = resource.controller
    if above is not None:
        controller = {"apiVersion": above.api_version, "kind": above.kind, "name": above.name}
        owner["controller"] = controller
    inner = raw.strip()[:-1].rstrip()
    comma = b"" if inner.endswith(b"{") else b","
    return Resource(
        kind=PATCH if resource.partial else location.kind,
        api_version=resource.api_version,
        name=resource.name,
        namespace=resource.namespace,
        uid=resource.uid,
        source=resource.source,
        document=resource.document,
        line=resource.line,
        body=inner + comma + b'"owner":' + encode(owner) + b"}",
        labels=resource.labels,
        controller=resource.controller,
        pointer=location.pointer,
        anchor=location.anchor,
        elsewhere=(*location.elsewhere, *OWNER) if location.elsewhere else OWNER,
        part=location.part,
        parent=resource,
        heuristic=heuristic,
        clean=resource.clean,
        partial=resource.partial,
        rendered=resource.rendered,
    )


def plain_kind(resource: Resource) -> str:
    """The kind as its object says it: ``Deployment``."""
    return resource.kind.removeprefix(PREFIX).partition(".")[0]


def unread_text(resource: Resource, pointer: str, why: str) -> Gap:
    """The gap where a patch of pods is a text that says nothing by itself."""
    name = f"{resource.namespace}/{resource.name}".removeprefix("/")
    return Gap(
        target="",
        scope=resource.source,
        cause=GapCause.UNSUPPORTED,
        detail=f"{plain_kind(resource)} {name}: {pointer} can't be read: {why}",
        hint="write what the patch says into the fields of the template",
        line=resource.line,
    )


def no_object(resource: Resource, pointer: str) -> Gap:
    """The gap where a template is something else than a map."""
    return Gap(
        target="",
        scope=resource.source,
        cause=GapCause.MALFORMED,
        detail=f"{resource.kind} {resource.namespace}/{resource.name}: {pointer} is not an object",
        line=resource.line,
    )
