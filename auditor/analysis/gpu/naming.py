"""What names a ConfigMap as the configuration of the NVIDIA device plugin.

The operator's ClusterPolicy does, and so does a pod of the plugin, with or without the operator: it
is given a file of a ConfigMap that it mounts, or a side container copies there what the label of
the node selects::

    ClusterPolicy   spec.devicePlugin.config {name: plugin-config, default: any}
                    status.namespace: gpu-operator
    container       --config-file=/config/any                       mounts plugin-config at /config
    container       CONFIG_FILE=/config/config.yaml, and beside it
    config-manager  CONFIG_FILE_SRCDIR=/available-configs           mounts plugin-config there

A node without the label has the default. Where none is named the config-manager falls back, in the
order of ``FALLBACK_STRATEGIES``, to the text called ``default`` (named), to the only one (single),
or to none (empty). The chart of the plugin sets the first two, the operator the last alone: so a
ConfigMap with one text is in effect everywhere with the one, and nowhere with the other.

Many programs have an option ``--config-file``: a container is the plugin's where its image, its
command or a setting that only the plugin has says so, or where a config-manager is beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.gpu.plugins import arguments_of
from auditor.analysis.loose import elements, mapping, string, strings
from auditor.ports import Reference, References
from auditor.secrets.hints import find

CONFIG_MAP: Final = "k8s/ConfigMap"
POLICY: Final = "k8s/ClusterPolicy.nvidia.com"
MPS_ROOT: Final = "/run/nvidia/mps"
"""Where the operator and the chart of the plugin put MPS."""

_PROGRAM: Final = "device-plugin"
_OWN: Final = frozenset(
    {
        *("MIG_STRATEGY", "DEVICE_LIST_STRATEGY", "DEVICE_ID_STRATEGY", "PASS_DEVICE_SPECS"),
        *("FAIL_ON_INIT_ERROR", "MPS_ROOT", "NVIDIA_DRIVER_ROOT"),
    }
)
"""Variables by which the plugin is set; its options are called alike."""
_OPTIONS: Final = tuple("--" + name.lower().replace("_", "-") for name in sorted(_OWN))
_SOURCE: Final = "CONFIG_FILE_SRCDIR"
_MARKS: Final = (b"--config-file", b"CONFIG_FILE", b"\\u")
"""The last is how JSON writes any other letter, so that nobody hides one."""
_DEFAULT: Final = "DEFAULT_CONFIG"
_FALLBACKS: Final = "FALLBACK_STRATEGIES"
_OF_CHART: Final = ("named", "single")
_OF_OPERATOR: Final = ("empty",)


class Naming(msgspec.Struct, frozen=True):
    """An object that names a ConfigMap for the plugin, and how the plugin is started there.

    ``file`` is the key that the plugin itself is given, "" where the label of the node says which.
    ``namespace`` is "" where the object does not say it. ``fallbacks`` are what nodes without the
    label have where there is no ``default``.
    """

    config_map: str
    namespace: str = ""
    default: str = ""
    file: str = ""
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    fallbacks: tuple[str, ...] = _OF_CHART

    def default_of(self, keys: Sequence[str]) -> str:
        """Say which text of a ConfigMap nodes without the label use; "" for none."""
        if self.file or self.default:
            return self.file or self.default
        for each in self.fallbacks:
            if each == "named" and "default" in keys:
                return "default"
            if each == "single" and len(keys) == 1:
                return keys[0]
            if each not in _OF_CHART:
                break
        return ""


def may_name(body: bytes) -> bool:
    """Say whether a pod template may start anything with a configuration file.

    By what is written in it: nearly none does, and it need not be decoded.
    """
    for mark in _MARKS:  # noqa: SIM110 - once for each of a hundred thousand pods
        if find(body, mark) >= 0:
            return True
    return False


def of_policy(body: Mapping[str, object]) -> Naming:
    """Find what a ClusterPolicy names; "" for none."""
    spec = mapping(body.get("spec"))
    plugin = mapping(spec.get("devicePlugin"))
    config = mapping(plugin.get("config"))
    environment = {
        "MPS_ROOT": string(mapping(plugin.get("mps")).get("root")) or MPS_ROOT,
        "MIG_STRATEGY": string(mapping(spec.get("mig")).get("strategy")) or "single",
    }
    environment.update(_environment(plugin.get("env")))
    arguments = tuple(strings(plugin.get("args")))
    return Naming(
        string(config.get("name")),
        string(mapping(body.get("status")).get("namespace")),
        string(config.get("default")),
        arguments=arguments,
        environment=environment,
        fallbacks=_OF_OPERATOR,
    )


def of_template(body: Mapping[str, object], namespace: str) -> Iterator[Naming]:
    """Find what a pod template names: a plugin in it with its configuration file as a setting."""
    spec = mapping(body.get("spec"))
    containers = [
        mapping(each)
        for field in ("containers", "initContainers")
        for each in elements(spec.get(field))
    ]
    environments = [_environment(container.get("env")) for container in containers]
    managed = any(_SOURCE in each or _DEFAULT in each for each in environments)
    volumes = {
        string(volume.get("name")): string(mapping(volume.get("configMap")).get("name"))
        for volume in map(mapping, elements(spec.get("volumes")))
    }
    default = next((found for each in environments if (found := each.get(_DEFAULT))), "")
    fallbacks = next((found for each in environments if (found := each.get(_FALLBACKS))), "")
    for container, environment in zip(containers, environments, strict=True):
        arguments = arguments_of(container)
        file = _option(arguments, "--config-file") or environment.get("CONFIG_FILE", "")
        if not file or _SOURCE in environment or _DEFAULT in environment:
            continue
        if not managed and not _is_plugin(container, arguments, environment):
            continue
        folder, _, key = file.rpartition("/")
        direct = _mounts(container, volumes).get(folder, "")
        names = {direct} if direct else _sources(containers, environments, volumes)
        for name in sorted(names):
            file = key if direct else ""
            falls = tuple(each.strip() for each in fallbacks.split(","))
            yield Naming(name, namespace, default, file, arguments, environment, falls)


def _is_plugin(
    container: Mapping[str, object], arguments: Sequence[str], environment: Mapping[str, str]
) -> bool:
    said = (string(container.get("image")), *arguments)
    return (
        any(_PROGRAM in each for each in said)
        or not _OWN.isdisjoint(environment)
        or any(each.partition("=")[0] in _OPTIONS for each in arguments)
    )


def _sources(
    containers: Sequence[Mapping[str, object]],
    environments: Sequence[Mapping[str, str]],
    volumes: Mapping[str, str],
) -> set[str]:
    """Find the ConfigMaps that a config-manager copies from; of one that does not say, all."""
    found = {
        _mounts(container, volumes).get(environment[_SOURCE].rstrip("/"), "")
        for container, environment in zip(containers, environments, strict=True)
        if _SOURCE in environment
    }
    return (found or set(volumes.values())) - {""}


def _mounts(container: Mapping[str, object], volumes: Mapping[str, str]) -> dict[str, str]:
    return {
        string(mount.get("mountPath")).rstrip("/"): volumes.get(string(mount.get("name")), "")
        for mount in map(mapping, elements(container.get("volumeMounts")))
    }


def _option(arguments: Sequence[str], name: str) -> str:
    for at, argument in enumerate(arguments):
        if argument.startswith(f"{name}="):
            return argument.partition("=")[2]
        if argument == name and at + 1 < len(arguments):
            return arguments[at + 1]
    return ""


def _environment(found: object) -> dict[str, str]:
    return {
        string(each.get("name")): string(each.get("value"))
        for each in map(mapping, elements(found))
        if isinstance(each.get("value"), str)
    }


def _named_by_policy(body: bytes) -> Iterator[Reference]:
    policy = _decoded(body)
    naming, by = of_policy(policy), f"ClusterPolicy {_name(policy)}"
    if naming.config_map:
        yield Reference(CONFIG_MAP, naming.namespace, naming.config_map, by)


def _named_by_daemon_set(body: bytes) -> Iterator[Reference]:
    daemon_set = _decoded(body)
    namespace = string(mapping(daemon_set.get("metadata")).get("namespace"))
    template = mapping(mapping(daemon_set.get("spec")).get("template"))
    for naming in of_template(template, namespace):
        by = f"DaemonSet {_name(daemon_set)}"
        yield Reference(CONFIG_MAP, naming.namespace, naming.config_map, by)


def _name(body: Mapping[str, object]) -> str:
    return string(mapping(body.get("metadata")).get("name"))


def _decoded(body: bytes) -> Mapping[str, object]:
    try:
        return mapping(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


REFERENCES: Final[References] = MappingProxyType(
    {POLICY: _named_by_policy, "k8s/DaemonSet": _named_by_daemon_set}
)
"""Which objects of a cluster name the ConfigMaps that the analysis of GPU sharing needs."""
