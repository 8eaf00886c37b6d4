"""What the versions of a target are read of, and what the conditions of advisories are.

======================  ===========================================================================
object                  what is taken of it
======================  ===========================================================================
pod template, container the images of the table ``stack-images``, by their tags
ClusterPolicy           the images that the GPU operator is told to run, but for a driver that
                        objects NVIDIADriver describe; ``spec.cdi``
Node                    labels of feature discovery (the driver, the manager of virtual GPUs, the
                        model of AMD's GPUs);
                        ``status.nodeInfo.containerRuntimeVersion``
ResourceSlice           ``driverVersion`` of the devices of ``gpu.nvidia.com``
DeviceConfig            ``spec.driver.version``, a release of ROCm
docker/Version, Info    ``Components``; the authorization plugins
vsphere/Host            ``config.product``: the version with the build
======================  ===========================================================================

Rows of one version of one component are counted together, whatever the number of nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec

from auditor.analysis import facts
from auditor.analysis.advisories.images import KnownImages
from auditor.analysis.advisories.pack import (
    AUTHORIZATION,
    CDI,
    CDI_ALONE,
    OLDER_INSTINCT,
)
from auditor.analysis.bodies import decoded
from auditor.analysis.loose import elements, mapping
from auditor.analysis.protocol import Row, Site
from auditor.model.resource import Resource
from auditor.platforms.docker import INFO, VERSION, WORKLOAD
from auditor.platforms.kubernetes import is_built_in
from auditor.platforms.stack import COMPONENT, IMAGE
from auditor.platforms.vsphere import HOST

NODE: Final = "k8s/Node"
SLICE: Final = "k8s/ResourceSlice"
CLUSTER_POLICY: Final = "k8s/ClusterPolicy.nvidia.com"
DEVICE_CONFIG: Final = "k8s/DeviceConfig.amd.com"
TEMPLATES: Final = frozenset({facts.KIND, facts.PATCH})
INSTALLED: Final = frozenset({NODE, SLICE, DEVICE_CONFIG, VERSION, INFO, HOST})
"""The kinds that say what is installed."""
RUN: Final = TEMPLATES | {CLUSTER_POLICY, WORKLOAD}
"""The kinds that say which images are run."""

CONDITIONS: Final = "0"
SEEN: Final = "1"
"""What the keys of rows begin with, in the order in which they come."""
CONDITION: Final = "condition"
COUNTED: Final = "counted"
"""The tag of rows that are counted together."""

_LABELS: Final = MappingProxyType(
    {
        "nvidia.com/cuda.driver-version.full": "nvidia-driver",
        "nvidia.com/vgpu.host-driver-version": "nvidia-vgpu-manager",
    }
)
_RUNTIMES: Final = MappingProxyType({"containerd": "containerd-cri", "docker": "docker-engine"})
_PARTS: Final = MappingProxyType(
    {"Engine": "docker-engine", "containerd": "containerd", "runc": "runc"}
)
_MODEL: Final = "amd.com/gpu.product-name"
_OLDER: Final = ("MI210", "MI250", "MI300A")
_OPERANDS: Final = ("toolkit", "devicePlugin", "migManager", "driver", "dcgm", "dcgmExporter")
_NVIDIA: Final = "gpu.nvidia.com"
_STRATEGY: Final = "DEVICE_LIST_STRATEGY"
_Body: TypeAlias = Mapping[str, Any]
_Reader: TypeAlias = Callable[[Resource, _Body, Site, KnownImages], Iterator[Row]]
_encode = msgspec.json.encode


class Counted(msgspec.Struct, frozen=True):
    """Where a version was seen first, by name, and how often."""

    name: str
    count: int = 1


decode_counted: Final = msgspec.json.Decoder(Counted).decode


def rows_of(resource: Resource, site: Site, images: KnownImages) -> Iterator[Row]:
    """Take what one object says of versions and conditions; nothing of what is not as it should be.

    What is malformed of a field of its own kind the rules about that kind say.
    """
    reader = _READERS.get(resource.kind)
    if reader is None or (resource.kind in TEMPLATES and not _may_say(resource, images)):
        return
    try:
        body = mapping(decoded(resource))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    yield from reader(resource, body, site, images)


def _may_say(template: Resource, images: KnownImages) -> bool:
    """Whether a template counts, and may name a known image, or how devices are handed over."""
    if _is_made(template):
        return False
    return images.may_be_in(template.body) or _STRATEGY.encode() in template.body


def combined(one: Row, other: Row) -> Row:
    """Count together; the first by name stands for all of them."""
    first, second = sorted((one, other), key=lambda row: decode_counted(row.body).name)
    ours, theirs = decode_counted(first.body), decode_counted(second.body)
    counted = Counted(ours.name, ours.count + theirs.count)
    return msgspec.structs.replace(first, body=_encode(counted))


def _list(body: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    return map(mapping, elements(body.get(name)))


def _is_made(template: Resource) -> bool:
    """Whether a controller made a pod of a template that we have."""
    owner = (template.parent or template).controller
    return owner is not None and is_built_in(owner.api_version, owner.kind)


def _of_template(template: Resource, body: _Body, site: Site, images: KnownImages) -> Iterator[Row]:
    spec = mapping(body.get("spec"))
    owner = template.parent or template
    name = f"{facts.plain_kind(owner)} {owner.namespace}/{owner.name}".replace(" /", " ")
    for container in (*_list(spec, "initContainers"), *_list(spec, "containers")):
        image = container.get("image")
        if isinstance(image, str):
            yield from _images(template, site, images, name, image)
        for variable in _list(container, "env"):
            value = variable.get("value")
            if variable.get("name") == _STRATEGY and isinstance(value, str) and "cdi-" in value:
                yield _condition(site, template, {CDI: True})


def _of_cluster_policy(
    resource: Resource, body: _Body, site: Site, images: KnownImages
) -> Iterator[Row]:
    spec = mapping(body.get("spec"))
    for operand in _OPERANDS:
        found = mapping(spec.get(operand))
        elsewhere = found.get("enabled") is False or found.get("useNvidiaDriverCRD") is True
        reference = "" if elsewhere else _operand_image(found)
        if reference:
            name = f"ClusterPolicy {resource.name}"
            yield from _images(resource, site, images, name, reference)
    cdi = mapping(spec.get("cdi"))
    enabled = cdi.get("enabled")
    if isinstance(enabled, bool):
        alone = enabled and cdi.get("default") is True
        yield _condition(site, resource, {CDI: enabled, CDI_ALONE: alone})


def _operand_image(operand: Mapping[str, Any]) -> str:
    """Put an image together as the operator does; "" for what leads to none.

    One alone is a whole reference: ``findings/gpu-operator-image-alone.sh``.
    """
    words = [str(operand.get(each) or "") for each in ("repository", "image", "version")]
    repository, image, version = words
    if image and not repository and not version:
        return image
    mark = "@" if version.startswith("sha256:") else ":"
    return f"{repository}/{image}{mark}{version}" if all(words) else ""


def _of_node(resource: Resource, body: _Body, site: Site, images: KnownImages) -> Iterator[Row]:
    del images
    name = f"node {resource.name}"
    labels = mapping(mapping(body.get("metadata")).get("labels"))
    for label, component in _LABELS.items():
        version = labels.get(label)
        if isinstance(version, str) and version:
            yield _seen(resource, site, component, version, name)
    model = labels.get(_MODEL)
    if isinstance(model, str):
        yield _condition(site, resource, {OLDER_INSTINCT: any(each in model for each in _OLDER)})
    info = mapping(mapping(body.get("status")).get("nodeInfo"))
    runtime, _, version = str(info.get("containerRuntimeVersion") or "").partition("://")
    if runtime in _RUNTIMES and version:
        yield _seen(resource, site, _RUNTIMES[runtime], version, name)


def _of_device_config(
    resource: Resource, body: _Body, site: Site, images: KnownImages
) -> Iterator[Row]:
    del images
    driver = mapping(mapping(body.get("spec")).get("driver"))
    version = driver.get("version")
    if isinstance(version, str) and version and driver.get("enable") is not False:
        yield _seen(resource, site, "amd-rocm", version, f"DeviceConfig {resource.name}")


def _of_slice(resource: Resource, body: _Body, site: Site, images: KnownImages) -> Iterator[Row]:
    del images
    spec = mapping(body.get("spec"))
    if spec.get("driver") != _NVIDIA:
        return
    versions = set()
    for device in _list(spec, "devices"):
        inner = mapping(device.get("basic")) or device
        said = mapping(mapping(inner.get("attributes")).get("driverVersion"))
        versions.add(str(said.get("version") or said.get("string") or ""))
    node = str(spec.get("nodeName") or resource.name)
    for version in sorted(versions - {""}):
        yield _seen(resource, site, "nvidia-driver", version, f"node {node}")


def _of_workload(resource: Resource, body: _Body, site: Site, images: KnownImages) -> Iterator[Row]:
    image = body.get("image")
    if isinstance(image, str):
        yield from _images(resource, site, images, f"container {resource.name}", image)


def _of_engine(resource: Resource, body: _Body, site: Site, images: KnownImages) -> Iterator[Row]:
    del images
    for part in _list(body, "Components"):
        component = _PARTS.get(str(part.get("Name")))
        version = str(part.get("Version") or "")
        if component and version:
            yield _seen(resource, site, component, version, "the engine")


def _of_info(resource: Resource, body: _Body, site: Site, images: KnownImages) -> Iterator[Row]:
    del images
    plugins = body.get("Plugins")
    if isinstance(plugins, dict):
        yield _condition(site, resource, {AUTHORIZATION: bool(plugins.get("Authorization"))})


def _of_host(resource: Resource, body: _Body, site: Site, images: KnownImages) -> Iterator[Row]:
    del images
    product = mapping(mapping(body.get("config")).get("product"))
    version, build = str(product.get("version") or ""), str(product.get("build") or "")
    if version and build:
        yield _seen(resource, site, "esxi", f"{version}.{build}", f"host {resource.name}")


def _images(
    resource: Resource, site: Site, images: KnownImages, name: str, reference: str
) -> Iterator[Row]:
    for component, version in images.components(reference):
        key = (SEEN, IMAGE, component, version)
        owner = resource.parent or resource
        yield Row(key, COUNTED, site.origin(owner), _encode(Counted(name)))


def _seen(resource: Resource, site: Site, component: str, version: str, name: str) -> Row:
    key = (SEEN, COMPONENT, component, version)
    return Row(key, COUNTED, site.origin(resource), _encode(Counted(name)))


def _condition(site: Site, resource: Resource, said: Mapping[str, bool]) -> Row:
    owner = resource.parent or resource
    return Row((CONDITIONS,), CONDITION, site.origin(owner), _encode(said))


_READERS: Final[Mapping[str, _Reader]] = MappingProxyType(
    {
        **dict.fromkeys(TEMPLATES, _of_template),
        CLUSTER_POLICY: _of_cluster_policy,
        NODE: _of_node,
        SLICE: _of_slice,
        DEVICE_CONFIG: _of_device_config,
        WORKLOAD: _of_workload,
        VERSION: _of_engine,
        INFO: _of_info,
        HOST: _of_host,
    }
)
"""What reads a kind."""
