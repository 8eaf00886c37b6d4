"""What is taken of the objects that configure the NVIDIA device plugin.

=======  ================  =========================================================================
key      object            what is in the row
=======  ================  =========================================================================
0        ClusterPolicy     the ConfigMap that it names, its default, how the plugin is started
0        pod template      the same, of a plugin that is installed without the operator
0        Node              the configuration that its label selects, of nodes that have GPUs
1, name  ConfigMap         each of its texts that may be a configuration, read as YAML
=======  ================  =========================================================================

Texts are read as YAML here, once, in the worker that has the object; the reader is an argument,
since what decides has no parser of YAML of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.gpu.nodes import node_row
from auditor.analysis.gpu.plugin_fields import folded
from auditor.analysis.paths import pointer_of
from auditor.analysis.protocol import Row, Site
from auditor.model.resource import Resource

CONFIG_MAP: Final = "k8s/ConfigMap"
POLICY: Final = "k8s/ClusterPolicy.nvidia.com"
TEMPLATE: Final = "k8s/PodTemplate"
NODE: Final = "k8s/Node"
READS: Final = frozenset({CONFIG_MAP, POLICY, TEMPLATE, NODE})
NAMING, CONFIGURED = "0", "1"
"""What the keys begin with."""
LABEL: Final = "nvidia.com/device-plugin.config"
"""The label of a node that selects a key of the ConfigMap."""
MPS_ROOT: Final = "/run/nvidia/mps"
"""Where the operator and the chart of the plugin put MPS."""

_LOOKS_SO: Final = re.compile(r"\b(sharing|flags|timeslicing)\b", re.IGNORECASE)
_LONGEST: Final = 1 << 18
_SECTIONS: Final = ("version", "flags", "sharing", "resources", "imex")
_encode = msgspec.json.encode


class ReadFailure(msgspec.Struct, frozen=True):
    """Why a text is not valid YAML."""

    reason: str


ReadText: TypeAlias = Callable[[str], object]
"""Reads the first YAML document of a text, nulls kept, or says by a ReadFailure why it can't."""


def read_json(text: str) -> object:
    """Read a text that is JSON, where there is no reader of YAML."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        return ReadFailure(str(error))


class Naming(msgspec.Struct, frozen=True):
    """An object that names a ConfigMap for the plugin, and how the plugin is started there.

    ``file`` is the key that the plugin itself is given, "" where the label of the node says which.
    """

    config_map: str
    namespace: str = ""
    default: str = ""
    file: str = ""
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = {}


class Text(msgspec.Struct, frozen=True):
    """A text of a ConfigMap: ``document`` is what it says; ``certain``: it can be nothing else."""

    key: str
    document: dict[str, object] = {}
    failure: str = ""
    certain: bool = False


def extracted(resource: Resource, site: Site, read: ReadText) -> Iterator[Row]:
    """Take what is needed of one object; of what is not as its API has it, nothing."""
    body = decoded(resource)
    if not isinstance(body, dict):
        return
    match resource.kind:
        case "k8s/ConfigMap":
            texts = list(_texts(body.get("data"), read))
            if texts:
                lines = [pointer_of(("data", text.key)) for text in texts]
                origin = site.origin(resource, "", lines)
                yield Row((CONFIGURED, resource.name), "texts", origin, _encode(texts))
        case "k8s/ClusterPolicy.nvidia.com":
            yield Row((NAMING,), "naming", site.origin(resource), _encode(_of_policy(body)))
        case "k8s/PodTemplate":
            for naming in _of_template(body, resource.namespace or "default"):
                yield Row((NAMING,), "naming", site.origin(resource), _encode(naming))
        case "k8s/Node":
            yield from _of_node(resource, body, site)
        case _:
            pass


def _texts(data: object, read: ReadText) -> Iterator[Text]:
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


def _of_policy(body: Mapping[str, object]) -> Naming:
    spec = mapping(body.get("spec"))
    plugin = mapping(spec.get("devicePlugin"))
    config = mapping(plugin.get("config"))
    environment = {
        "MPS_ROOT": _text(mapping(plugin.get("mps")).get("root")) or MPS_ROOT,
        "MIG_STRATEGY": _text(mapping(spec.get("mig")).get("strategy")) or "single",
    }
    environment.update(_environment(plugin.get("env")))
    arguments = tuple(each for each in _list(plugin.get("args")) if isinstance(each, str))
    return Naming(
        _text(config.get("name")),
        default=_text(config.get("default")),
        arguments=arguments,
        environment=environment,
    )


def _of_template(body: Mapping[str, object], namespace: str) -> Iterator[Naming]:
    """Find a plugin in a pod template: a container with its configuration file as a setting."""
    spec = mapping(body.get("spec"))
    volumes = {
        _text(volume.get("name")): _text(mapping(volume.get("configMap")).get("name"))
        for volume in map(mapping, _list(spec.get("volumes")))
    }
    for container in map(mapping, _list(spec.get("containers"))):
        environment = _environment(container.get("env"))
        arguments = tuple(
            each
            for field in ("command", "args")
            for each in _list(container.get(field))
            if isinstance(each, str)
        )
        file = _option(arguments, "--config-file") or environment.get("CONFIG_FILE", "")
        if not file:
            continue
        folder, _, key = file.rpartition("/")
        mounted = {
            _text(mount.get("mountPath")).rstrip("/"): volumes.get(_text(mount.get("name")), "")
            for mount in map(mapping, _list(container.get("volumeMounts")))
        }
        direct = mounted.get(folder, "")
        default = _default_of(spec)
        for name in [direct] if direct else sorted({each for each in volumes.values() if each}):
            yield Naming(name, namespace, default, key if direct else "", arguments, environment)


def _default_of(spec: Mapping[str, object]) -> str:
    for field in ("containers", "initContainers"):
        for container in map(mapping, _list(spec.get(field))):
            found = _environment(container.get("env")).get("DEFAULT_CONFIG", "")
            if found:
                return found
    return ""


def _of_node(resource: Resource, body: Mapping[str, object], site: Site) -> Iterator[Row]:
    labels = mapping(mapping(body.get("metadata")).get("labels"))
    selected = _text(labels.get(LABEL))
    try:
        has_devices = node_row(_encode(body)) is not None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        has_devices = False
    if selected or has_devices:
        yield Row((NAMING,), "node", site.origin(resource), _encode(selected))


def _option(arguments: tuple[str, ...], name: str) -> str:
    for at, argument in enumerate(arguments):
        if argument.startswith(f"{name}="):
            return argument.partition("=")[2]
        if argument == name and at + 1 < len(arguments):
            return arguments[at + 1]
    return ""


def _environment(found: object) -> dict[str, str]:
    return {
        _text(each.get("name")): _text(each.get("value"))
        for each in map(mapping, _list(found))
        if isinstance(each.get("value"), str)
    }


def mapping(value: object) -> Mapping[str, object]:
    """Take a value as an object, anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
