"""What is behind the claims of a pod: the folder of a node, when a volume of one is bound to it.

A pod that mounts a PersistentVolumeClaim mounts whatever it is bound to::

    pod     volumes: [{name: models, persistentVolumeClaim: {claimName: models}}]
    claim   models, volumeName: disk            names the volume
    volume  disk, hostPath: {path: /var/lib}    or names the claim, by its claimRef

so the pod's volume is ``hostPath: {path: /var/lib}`` as well. Either end may name the other, in
advance or once they are bound; where both do, they have to agree, or nothing is mounted. A volume
of type ``local`` is a folder of a node too, and made to be written to: its type says so.

A claim that is read only is mounted so by each container, whatever that says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from auditor.analysis.completing import Spots
from auditor.analysis.loose import mapping, string
from auditor.model.fact import Spot

LOCAL: Final = "local"
"""What a folder is called that a volume of this type is: no pod can name one so."""
_SOURCES: Final = ("hostPath", LOCAL)
_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")
UNREAD: Final = ("/", "/dev/shm")  # noqa: S108 - folders that rules know, not used by us
"""What may be behind a claim when nobody read it: all of a node, or what it shares in memory."""


class Claim(msgspec.Struct, frozen=True):
    """A claim: its name, and that of the volume that it asks for, "" for any."""

    name: str
    volume: str


class Disk(msgspec.Struct, frozen=True):
    """A volume that is a folder of a node: which, and the claim that it is kept for.

    ``claim`` is its namespace and its name, both "" for any. ``source`` is the field that names the
    folder.
    """

    name: str
    source: str
    path: str
    claim: tuple[str, str] = ("", "")

    @property
    def pointer(self) -> str:
        """Where the folder is named."""
        return f"/spec/{self.source}"

    def as_host_path(self) -> dict[str, object]:
        """The folder as a pod names one."""
        return {"path": self.path, **({"type": LOCAL} if self.source == LOCAL else {})}


def claim_of(name: str, body: object) -> Claim | None:
    """Read a claim; None when it asks for no volume in particular."""
    volume = mapping(mapping(body).get("spec")).get("volumeName")
    return Claim(name, volume) if isinstance(volume, str) and volume else None


def disk_of(name: str, body: object) -> Disk | None:
    """Read a volume; None when it is no folder of a node."""
    spec = mapping(mapping(body).get("spec"))
    reference = mapping(spec.get("claimRef"))
    claim = string(reference.get("namespace")), string(reference.get("name"))
    for source in _SOURCES:
        path = mapping(spec.get(source)).get("path")
        if isinstance(path, str) and path:
            return Disk(name, source, path, claim)
    return None


def claimed(template: Mapping[str, object]) -> Sequence[tuple[int, str]]:
    """The claims that a pod's spec mounts: the number of the volume, and the name of its claim."""
    volumes = template.get("volumes")
    found = []
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        name = mapping(mapping(volume).get("persistentVolumeClaim")).get("claimName")
        if isinstance(name, str) and name:
            found.append((index, name))
    return found


class Disks:
    """The volumes of a target that are folders of nodes, by what names them."""

    def __init__(self, disks: Iterable[Disk]) -> None:
        self.all = tuple(disks)
        self._named: dict[str, int] = {}
        self._kept: dict[tuple[str, str], int] = {}
        for number, disk in enumerate(self.all):
            self._named.setdefault(disk.name, number)
            if disk.claim[1]:
                self._kept.setdefault(disk.claim, number)

    def behind(self, namespace: str, name: str, claims: Mapping[str, Claim]) -> int | None:
        """The number of the volume that a claim of a namespace is bound to."""
        claim = claims.get(name)
        number = (
            self._kept.get((namespace, name)) if claim is None else self._named.get(claim.volume)
        )
        if number is None:
            return None
        kept = self.all[number].claim
        return number if not kept[1] or kept == (namespace, name) else None


def mounted(
    spec: Mapping[str, object], found: Mapping[int, tuple[Disk, int]]
) -> tuple[dict[str, object], Spots]:
    """Put the folders behind its claims into a pod's spec, and say where they were read.

    ``found`` has the folder of a volume, by its number, and the number of the PersistentVolume
    among what the pod is related to.
    """
    spots: list[tuple[str, Spot | None]] = []

    def with_disk(index: int, volume: dict[str, object]) -> dict[str, object]:
        disk, of = found[index]
        spots.append((f"/spec/volumes/{index}/hostPath", Spot(of, disk.pointer)))
        return {**volume, "hostPath": disk.as_host_path()}

    return _with(spec, found.keys(), with_disk), tuple(spots)


def unread(spec: Mapping[str, object], indices: Iterable[int], path: str) -> dict[str, object]:
    """The same with what may be behind claims that nobody read."""
    return _with(spec, set(indices), lambda _, volume: {**volume, "hostPath": {"path": path}})


def _with(
    spec: Mapping[str, object],
    indices: Iterable[int],
    change: Callable[[int, dict[str, object]], dict[str, object]],
) -> dict[str, object]:
    chosen = set(indices)
    made = dict(spec)
    volumes = spec.get("volumes")
    if not isinstance(volumes, list):
        return made
    made["volumes"] = [
        change(index, volume) if index in chosen and isinstance(volume, dict) else volume
        for index, volume in enumerate(volumes)
    ]
    read_only = {
        string(mapping(volume).get("name"))
        for index, volume in enumerate(volumes)
        if index in chosen and _is_read_only(mapping(volume))
    }
    if read_only:
        for field in _CONTAINERS:
            containers = spec.get(field)
            if isinstance(containers, list):
                made[field] = [_read_only(each, read_only) for each in containers]
    return made


def _is_read_only(volume: Mapping[str, object]) -> bool:
    return mapping(volume.get("persistentVolumeClaim")).get("readOnly") is True


def _read_only(container: object, names: set[str]) -> object:
    """A container whose mounts of some volumes are read only."""
    mounts = mapping(container).get("volumeMounts")
    if not isinstance(mounts, list):
        return container
    changed = [
        {**mount, "readOnly": True} if string(mapping(mount).get("name")) in names else mount
        for mount in mounts
    ]
    return {**mapping(container), "volumeMounts": changed}
