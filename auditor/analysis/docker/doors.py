"""By which doors a container reaches GPUs, and which ones.

============== =============================================== ===================================
door           what opens it                                   which GPUs, how certain
============== =============================================== ===================================
request        ``--gpus``, or a CDI device                     those named, exact; of a number the
                                                               first so many, proven
environment    ``NVIDIA_VISIBLE_DEVICES`` under the NVIDIA     those named, possible: the settings
               runtime, also as an image sets it               of the toolkit decide
environment    ``AMD_VISIBLE_DEVICES`` under AMD's runtime,    those named, exact; possible where no
               also as an image sets it                        runtime is named
device         ``--device /dev/nvidia0``                       that one, exact
privileged     ``--privileged``                                all, exact
device-rule    ``--device-cgroup-rule`` for NVIDIA's devices,  all, possible: a node has to be made
               with the capability MKNOD                       first
device-folder  a mount of ``/dev``, or of device nodes         all, possible
device-mount   a mount below                                   those named, possible
               ``/var/run/nvidia-container-devices``
============== =============================================== ===================================

Which GPUs a number of them came to is not in what the engine shows. NVIDIA's hook and the CDI of
newer engines both take the lowest indices (moby, ``daemon/nvidia_linux.go``, ``daemon/cdi.go``).
AMD's runtime asks nobody whether a container may have what its variable names (ROCm's
container-toolkit, ``internal/oci/oci.go``), and what it names has the indices of AMD's CDI.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.shares import Certainty
from auditor.late import late

ALL: Final = "all"
_NVIDIA: Final = "nvidia"
_VARIABLE: Final = "NVIDIA_VISIBLE_DEVICES"
_NOTHING: Final = frozenset({"", "void", "none"})
AMD: Final = "amd.com/gpu="
"""How CDI calls the devices of AMD, with an index behind it, or ``all``."""
_AMD_RUNTIME: Final = "amd"
_AMD_VARIABLE: Final = "AMD_VISIBLE_DEVICES"
_AMD_NAMED: Final = late(r"(?P<first>[0-9]{1,4})(-(?P<last>[0-9]{1,4}))?")
_AMD_ID: Final = late(r"(0[xX])?[0-9a-fA-F]{5,32}|GPU-[0-9a-fA-F-]+")
_CDI: Final = late(r"(?P<kind>[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+)=(?P<name>.+)")
_NODE: Final = late(r"/dev/nvidia(?P<index>[0-9]+)")
_NODES: Final = late(r"/dev/(nvidia-caps/.+|dri/.+|davinci[0-9]+|accel/.+)")
"""/dev/kfd is of every GPU of AMD's, and the driver looks there which of their render nodes the
container may open (``kfd_devcgroup_check_permission`` of Linux): by itself it leads to none."""
_FOLDERS: Final = late(r"/|/dev|/dev/(dri|nvidia-caps)")
_MOUNTS: Final = "/var/run/nvidia-container-devices/"
_RULE: Final = late(r"[ac]\s+(195|\*):\S+\s+\S*m?\S*")
"""Character devices of major 195 are NVIDIA's (Linux, ``devices.txt``)."""
_MOST: Final = 64
"""GPUs of a host that a number may stand for."""


class Door(msgspec.Struct, frozen=True):
    """A way to GPUs: its name, which of them ("all" for each), and the field that opens it."""

    name: str
    device: str
    certainty: Certainty
    pointer: str

    @property
    def sharing(self) -> Mechanism:
        """How what it reaches is given to several: nobody gave it, or nobody looks who has it."""
        asked = self.name in {"request", "environment"}
        return Mechanism.OVERLAP if asked else Mechanism.BYPASS


def doors_of(workload: Mapping[str, Any]) -> list[Door]:
    """Find the doors of a ``docker/Workload``; what opens every GPU comes first."""
    found = [
        *_privileged(workload),
        *_requests(workload.get("deviceRequests", ())),
        *_devices(workload.get("devices", ())),
        *_rules(workload),
        *_mounts(workload.get("mounts", ())),
        *_environment(workload),
        *_amd_environment(workload),
    ]
    return sorted(found, key=lambda door: (door.device != ALL, -door.certainty, door.pointer))


def _privileged(workload: Mapping[str, Any]) -> Iterator[Door]:
    if workload.get("privileged") is True:
        yield Door("privileged", ALL, Certainty.EXACT, "/privileged")


def _requests(requests: Sequence[Mapping[str, Any]]) -> Iterator[Door]:
    for number, request in enumerate(requests):
        at = f"/deviceRequests/{number}"
        driver = request.get("driver") or ""
        wanted = {word for each in request.get("capabilities", ()) for word in each}
        if driver not in {"", _NVIDIA, "cdi", "amd"} or not (wanted & {"gpu", _NVIDIA} or driver):
            continue
        ids = request.get("ids") or ()
        maker = AMD if driver == _AMD_RUNTIME else ""
        if ids:
            for name in ids:
                own = f"{maker}{name}" if "=" not in name else name
                yield Door("request", device_id(own), Certainty.EXACT, f"{at}/ids")
        elif request.get("count") == -1:
            yield Door("request", f"{maker}{ALL}", Certainty.EXACT, f"{at}/count")
        else:
            # 0 without ids gets nothing
            for index in range(min(_MOST, max(0, request.get("count") or 0))):
                yield Door("request", f"{maker}{index}", Certainty.PROVEN, f"{at}/count")


def device_id(name: str) -> str:
    """A device without what is before it in CDI: ``nvidia.com/gpu=0`` is ``0``.

    Of another vendor it keeps that, since its indices are others.
    """
    found = _CDI.fullmatch(name)
    if found is None:
        return name
    return found["name"] if found["kind"] == "nvidia.com/gpu" else name


def _devices(devices: Sequence[Mapping[str, Any]]) -> Iterator[Door]:
    for number, each in enumerate(devices):
        source, at = each.get("source", ""), f"/devices/{number}/source"
        node, cdi = _NODE.fullmatch(source), _CDI.fullmatch(source)
        if node is not None:
            yield Door("device", node["index"], Certainty.EXACT, at)
        elif cdi is not None:
            yield Door("request", device_id(source), Certainty.EXACT, at)
        elif _NODES.fullmatch(source):
            yield Door("device", source, Certainty.EXACT, at)
        elif _FOLDERS.fullmatch(source.rstrip("/") or "/"):
            yield Door("device-folder", ALL, Certainty.EXACT, at)


def _rules(workload: Mapping[str, Any]) -> Iterator[Door]:
    dropped, added = workload.get("droppedCapabilities", ()), workload.get("addedCapabilities", ())
    makes = not {"MKNOD", "ALL"} & set(dropped) or bool({"MKNOD", "ALL"} & set(added))
    for number, rule in enumerate(workload.get("deviceCgroupRules", ())):
        if makes and _RULE.fullmatch(rule):
            yield Door("device-rule", ALL, Certainty.POSSIBLE, f"/deviceCgroupRules/{number}")


def _mounts(mounts: Sequence[Mapping[str, Any]]) -> Iterator[Door]:
    for number, mount in enumerate(mounts):
        source, target = mount.get("source", ""), mount.get("target", "")
        if mount.get("type") == "bind" and _FOLDERS.fullmatch(source.rstrip("/") or "/"):
            at = f"/mounts/{number}/source"
            yield Door("device-folder", ALL, Certainty.POSSIBLE, at)
        elif target.startswith(_MOUNTS):
            name = device_id(target.removeprefix(_MOUNTS))
            yield Door("device-mount", name, Certainty.POSSIBLE, f"/mounts/{number}/target")


def _environment(workload: Mapping[str, Any]) -> Iterator[Door]:
    """What the NVIDIA runtime makes of the environment; one that is not named may be that.

    Each of its modes has a runtime of its own: nvidia-cdi, nvidia-legacy.
    ``void`` anywhere voids the list; set but empty injects nothing. A legacy image, one with
    CUDA_VERSION and without NVIDIA_REQUIRE_CUDA, gets all where nothing is set.
    """
    if not str(workload.get("runtime", _NVIDIA)).startswith(_NVIDIA):
        return
    found = _variables(workload)
    if _VARIABLE not in found:
        if "CUDA_VERSION" in found and "NVIDIA_REQUIRE_CUDA" not in found:
            at = f"{found['CUDA_VERSION'][1]}/name"
            yield Door("environment", ALL, Certainty.POSSIBLE, at)
        return
    value, at = found[_VARIABLE]
    names = [each.strip() for each in value.split(",")]
    if "void" in names:
        return
    for name in dict.fromkeys(names):
        if name not in _NOTHING:
            yield Door("environment", device_id(name), Certainty.POSSIBLE, f"{at}/value")


def _variables(workload: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The value of each variable, and where it stands; of several of one name the last counts."""
    return {
        each["name"]: (each.get("value", ""), f"/environment/{number}")
        for number, each in enumerate(workload.get("environment", ()))
    }


def _amd_environment(workload: Mapping[str, Any]) -> Iterator[Door]:
    """What AMD's runtime makes of the environment; one that is not named may be that.

    Indices, ranges of them and ids are separated by commas; what is none of these is passed over.
    """
    runtime = workload.get("runtime")
    if runtime is not None and not str(runtime).startswith(_AMD_RUNTIME):
        return
    certainty = Certainty.EXACT if runtime else Certainty.POSSIBLE
    value, at = _variables(workload).get(_AMD_VARIABLE, ("", ""))
    for name in dict.fromkeys(_amd_devices(value)):
        yield Door("environment", f"{AMD}{name}", certainty, f"{at}/value")


def _amd_devices(value: str) -> Iterator[str]:
    if value.strip().lower() == ALL:
        yield ALL
        return
    for each in map(str.strip, value.split(",")):
        named = _AMD_NAMED.fullmatch(each)
        if named is not None:
            first, last = int(named["first"]), int(named["last"] or named["first"])
            yield from map(str, range(first, min(last, first + _MOST) + 1))
        elif _AMD_ID.fullmatch(each):
            yield each
