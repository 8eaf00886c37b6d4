"""The ways to a GPU that no allocation gave: a pod that has one reaches every GPU of its node.

===================  ======================================================  =====================
way                  what it is                                              how certain
===================  ======================================================  =====================
privileged           every device of the node is in the container            exact
device-folder        /dev, or device nodes of GPUs, from the node; whether   possible
                     the container may open them its runtime decides
environment          NVIDIA_VISIBLE_DEVICES and its sisters, where the       possible; exact with
                     NVIDIA runtime heeds them: always for a container with  SYS_ADMIN and the
                     SYS_ADMIN, else as the toolkit is configured; what a    runtime class nvidia
                     container takes over from elsewhere: :mod:`sourced`
annotation           cdi.k8s.io/…, which a runtime with CDI heeds            possible
device-mount         a mount below /var/run/nvidia-container-devices         possible
monitoring           a resource of Intel's plugin that gives all of its      exact where the node
                     GPUs (:mod:`monitoring`)                                offers it
===================  ======================================================  =====================

A variable leads to the GPUs of its maker alone, and so does a device node that only one maker has;
where a node has GPUs of several, those of the others stay apart.

``void`` anywhere in NVIDIA_VISIBLE_DEVICES voids the list, and an empty value injects nothing.
Who writes these: whoever may create the pod.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.gpu.devices import amount
from auditor.analysis.gpu.makers import (
    AMD,
    ASCEND,
    CAMBRICON,
    GAUDI,
    INTEL,
    MOORE_THREADS,
    NEURON,
    NVIDIA,
    called,
)
from auditor.analysis.gpu.monitoring import monitored
from auditor.analysis.gpu.podspec import (
    Capabilities,
    Container,
    Metadata,
    Pod,
    Resources,
    Security,
    Spec,
    Variable,
    Volume,
)
from auditor.analysis.gpu.shares import Certainty
from auditor.late import late
from auditor.model.pointers import token

_FOLDERS: Final = (
    (late(r"/|/dev|/dev/(dri|vfio|accel)[^/]*(/.*)?"), ""),
    (late(r"/dev/(nvidia|nvhost|nvmap|nvgpu|dxg)[^/]*(/.*)?|/proc/driver/nvidia(/.*)?"), NVIDIA),
    (late(r"(/var)?/run/nvidia(/driver(/dev(/.*)?)?)?"), NVIDIA),
    (late(r"/dev/kfd"), AMD),
    (late(r"/dev/hl[^/]*(/.*)?"), GAUDI),
    (late(r"/dev/v?davinci[^/]*(/.*)?"), ASCEND),
    (late(r"/dev/neuron[0-9]*"), NEURON),
    (late(r"/dev/cambricon[^/]*(/.*)?"), CAMBRICON),
    (late(r"/dev/mtgpu[^/]*"), MOORE_THREADS),
)
"""Where device nodes are: on Tegra nvmap and its like, of NVIDIA's driver in a container below /run
(its root has a /dev of its own), of Gaudi accel and hl; and whose GPUs those are."""
VARIABLES: Final = MappingProxyType(
    {
        "NVIDIA_VISIBLE_DEVICES": NVIDIA,
        "AMD_VISIBLE_DEVICES": AMD,
        "HABANA_VISIBLE_DEVICES": GAUDI,
        "ASCEND_VISIBLE_DEVICES": ASCEND,
        "AWS_NEURON_VISIBLE_DEVICES": NEURON,
        "CAMBRICON_VISIBLE_DEVICES": CAMBRICON,
        "MTHREADS_VISIBLE_DEVICES": MOORE_THREADS,
    }
)
"""Variables by which runtimes give out devices, and how the resources of those begin."""
_VOLCANO: Final = "volcano.sh/"
_NOTHING: Final = frozenset({"", "void", "none"})
_MOUNTS: Final = "/var/run/nvidia-container-devices"
_ANNOTATION: Final = "cdi.k8s.io/"
_MONITORING: Final = "monitoring"
_ADMIN: Final = frozenset({"SYS_ADMIN", "CAP_SYS_ADMIN", "ALL"})


class Way(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A way past the allocation: its name, how certain, and the JSON pointer that opens it.

    ``gpus`` is how the resources of the GPUs begin that it leads to, "" for all of the node.
    """

    name: str
    certainty: int
    pointer: str
    gpus: str = ""

    def leads_to(self, resource: str) -> bool:
        """Say whether it leads to GPUs of a resource; of those "" may be any, ``x/`` any of x."""
        if resource.startswith(_VOLCANO):  # which divides NVIDIA's
            resource = NVIDIA
        return resource.startswith(self.gpus) or self.gpus.startswith(resource)

    @property
    def tells_of_gpus(self) -> bool:
        """Whether who has it has GPUs, so that its node has some."""
        return self.name == _MONITORING


def believed(way: Way, monitored: Collection[str]) -> Way:
    """Say how certain a way is on a node, by the GPUs that resources of it give a look at."""
    if way.name != _MONITORING or way.gpus in monitored:
        return way
    return msgspec.structs.replace(way, certainty=Certainty.POSSIBLE)


def certainty_of(ways: Iterable[Way]) -> Certainty:
    """Say how certain it is that a pod reaches GPUs: as its surest way is."""
    return Certainty(max(way.certainty for way in ways))


def reached(ways: Iterable[Way]) -> str:
    """Say in words which GPUs of a node some ways lead to: those of the widest."""
    found = {way.gpus for way in ways}
    if all(gpus.startswith(INTEL) for gpus in found) and len(found) > 1:
        return called(INTEL)
    return called(found.pop() if len(found) == 1 else "")


def ways_of(pod: Pod) -> list[Way]:
    """Find the ways past the allocation in a pod or a pod template."""
    spec = pod.spec or Spec()
    metadata = pod.metadata or Metadata()
    found = [*_volumes(spec.volumes or ()), *_annotations(metadata.annotations or {})]
    runtime = (spec.runtimeClassName or "").startswith("nvidia")
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for index, container in enumerate(getattr(spec, field) or ()):
            found += _container(container, f"/spec/{field}/{index}", runtime=runtime)
    return found


def _volumes(volumes: Iterable[Volume]) -> Iterator[Way]:
    for index, volume in enumerate(volumes):
        path = volume.hostPath.path if volume.hostPath is not None else ""
        for folders, gpus in _FOLDERS if path else ():
            if folders.fullmatch(path.rstrip("/") or "/"):
                pointer = f"/spec/volumes/{index}/hostPath/path"
                yield Way("device-folder", Certainty.POSSIBLE, pointer, gpus)


def is_injecting(annotation: str) -> bool:
    """Say whether a runtime with CDI injects devices by an annotation of such a name."""
    return annotation.startswith(_ANNOTATION)


def _annotations(annotations: dict[str, str]) -> Iterator[Way]:
    for name in sorted(annotations):
        if is_injecting(name):
            yield Way("annotation", Certainty.POSSIBLE, f"/metadata/annotations/{token(name)}")


def _container(container: Container, at: str, *, runtime: bool) -> Iterator[Way]:
    security = container.securityContext or Security()
    if security.privileged:
        yield Way("privileged", Certainty.EXACT, f"{at}/securityContext/privileged")
    for index, mount in enumerate(container.volumeMounts or ()):
        if mount.mountPath == _MOUNTS or mount.mountPath.startswith(_MOUNTS + "/"):
            pointer = f"{at}/volumeMounts/{index}/mountPath"
            yield Way("device-mount", Certainty.POSSIBLE, pointer, NVIDIA)
    yield from _monitoring(container.resources or Resources(), f"{at}/resources")
    last = {each.name: index for index, each in enumerate(container.env or ())}
    for name, index in sorted(last.items()):
        variable = (container.env or ())[index]
        if name in VARIABLES and _opens(variable):
            sure = runtime and is_admin(container)
            certainty = Certainty.EXACT if sure else Certainty.POSSIBLE
            yield Way("environment", certainty, f"{at}/env/{index}/value", VARIABLES[name])


def _monitoring(resources: Resources, at: str) -> Iterator[Way]:
    for name, value in sorted(resources.asked.items()):
        gpus = monitored(name)
        if gpus and amount(value):
            field = "limits" if name in (resources.limits or {}) else "requests"
            yield Way(_MONITORING, Certainty.EXACT, f"{at}/{field}/{token(name)}", gpus)


def _opens(variable: Variable) -> bool:
    """Say whether a value asks for devices; one from elsewhere is not known, and may."""
    return variable.valueFrom is not None or names_devices(variable.value or "")


def names_devices(value: str) -> bool:
    """Say whether a value of such a variable asks for any device."""
    names = {each.strip() for each in value.split(",")}
    return "void" not in names and not names <= _NOTHING


def is_admin(container: Container) -> bool:
    """Say whether a container has SYS_ADMIN, by which the toolkit takes it for a privileged one."""
    added = (container.securityContext or Security()).capabilities or Capabilities()
    return not _ADMIN.isdisjoint(each.upper() for each in added.add or ())
