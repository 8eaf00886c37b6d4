"""What is taken of the objects that configure the NVIDIA device plugin.

=======  ================  =========================================================================
key      object            what is in the row
=======  ================  =========================================================================
0        ClusterPolicy     the ConfigMap that it names, its default, how the plugin is started
0        pod template      the same, of a plugin that is installed without the operator
0        Node              the configuration that its label selects, of nodes that have GPUs
1, name  ConfigMap         each of its texts that may be a configuration, read as YAML; none too
=======  ================  =========================================================================

Texts are read as YAML here, once, in the worker that has the object; the reader is an argument,
since what decides has no parser of YAML of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.gpu.naming import (
    CONFIG_MAP,
    POLICY,
    may_name,
    of_policy,
    of_template,
)
from auditor.analysis.gpu.nodes import node_row
from auditor.analysis.gpu.plugin_fields import folded
from auditor.analysis.loose import mapping, string
from auditor.analysis.paths import pointer_of
from auditor.analysis.protocol import Row, Site
from auditor.analysis.texts import ReadFailure, ReadText
from auditor.late import late
from auditor.model.resource import Resource

TEMPLATE: Final = "k8s/PodTemplate"
NODE: Final = "k8s/Node"
READS: Final = frozenset({CONFIG_MAP, POLICY, TEMPLATE, NODE})
NAMING, CONFIGURED = "0", "1"
"""What the keys begin with."""
LABEL: Final = "nvidia.com/device-plugin.config"
"""The label of a node that selects a key of the ConfigMap."""

_LOOKS_SO: Final = late(r"\b(sharing|flags|timeslicing)\b", re.IGNORECASE)
_LONGEST: Final = 1 << 18
_SECTIONS: Final = ("version", "flags", "sharing", "resources", "imex")
_encode = msgspec.json.encode


class Text(msgspec.Struct, frozen=True):
    """A text of a ConfigMap: ``document`` is what it says; ``certain``: it can be nothing else."""

    key: str
    document: dict[str, object] = {}
    failure: str = ""
    certain: bool = False


def extracted(resource: Resource, site: Site, read: ReadText) -> Iterator[Row]:
    """Take what is needed of one object; of what is not as its API has it, nothing."""
    if resource.kind == TEMPLATE and not may_name(resource.body):
        return
    body = decoded(resource)
    if not isinstance(body, dict):
        return
    match resource.kind:
        case "k8s/ConfigMap":
            texts = list(texts_of(body.get("data"), read))
            lines = [pointer_of(("data", text.key)) for text in texts]
            origin = site.origin(resource, "", lines)
            yield Row((CONFIGURED, resource.name), "texts", origin, _encode(texts))
        case "k8s/ClusterPolicy.nvidia.com":
            yield Row((NAMING,), "naming", site.origin(resource), _encode(of_policy(body)))
        case "k8s/PodTemplate":
            for naming in of_template(body, resource.namespace or "default"):
                yield Row((NAMING,), "naming", site.origin(resource), _encode(naming))
        case "k8s/Node":
            yield from _of_node(resource, body, site)
        case _:
            pass


def texts_of(data: object, read: ReadText) -> Iterator[Text]:
    """Find the texts of a ConfigMap that may be a configuration, in the order of their keys."""
    for key, text in sorted(mapping(data).items()):
        if not isinstance(text, str) or not _LOOKS_SO.search(text):
            continue
        if len(text) > _LONGEST:
            yield Text(key, failure="it is too long for a configuration")
            continue
        found = read(text)
        if isinstance(found, ReadFailure):
            yield Text(key, failure=found.reason)
        elif isinstance(found, dict):
            sections = {name: values[-1] for name in _SECTIONS if (values := folded(found, name))}
            inside = [sections.get(name) for name in ("sharing", "flags")]
            if sections.get("version") == "v1" and any(isinstance(each, dict) for each in inside):
                yield Text(key, sections, certain=True)
            elif "sharing" in sections or "flags" in sections:
                yield Text(key, sections)


def _of_node(resource: Resource, body: Mapping[str, object], site: Site) -> Iterator[Row]:
    labels = mapping(mapping(body.get("metadata")).get("labels"))
    selected = string(labels.get(LABEL))
    try:
        has_devices = node_row(_encode(body)) is not None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        has_devices = False
    if selected or has_devices:
        yield Row((NAMING,), "node", site.origin(resource), _encode(selected))
