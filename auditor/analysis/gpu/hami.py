"""What HAMi and Volcano write: which devices a node has, and which of them a pod was given.

::

    Node   hami.io/node-nvidia-register     [{"id": "GPU-1", "count": 10, "mode": "hami-core", …}]
           volcano.sh/node-vgpu-register    the same, or GPU-1,10,81559,NVIDIA-H100,true,hami-core:
    Pod    hami.io/vgpu-devices-allocated   GPU-1,NVIDIA,3000,30:;
           volcano.sh/vgpu-ids-new          the same

Of a pod ``:`` ends each device of a container and ``;`` each container, init containers first. What
has no comma counts for nothing, so the last semicolon leaves one more container without devices. A
device of fewer than four fields makes the whole text void, as does a number over 32 bits.

Who writes it: the register of a node the device plugin, with a right to patch nodes that tenants
should not have. The annotations of a pod the scheduler and the device plugin; but whoever may patch
the pod may write them anew, and its tenant is one of these. So :mod:`declared` lets them only
add to what else is known of a pod, and takes the mechanism from the node.

Shown by HAMi's own parsers at revision 4707fb02; ``tests/vectors/hami.json`` holds every row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from auditor.late import late

ALLOCATED: Final = (
    "hami.io/vgpu-devices-allocated",
    "hami.io/vgpu-devices-to-allocate",
    "volcano.sh/vgpu-ids-new",
    "volcano.sh/devices-to-allocate",
)
"""What was given to a pod, the device plugin's word before the scheduler's plan."""
NODES: Final = ("hami.io/vgpu-node", "volcano.sh/vgpu-node")
"""The node for which a pod was given something."""
MODES: Final = ("nvidia.com/vgpu-mode", "volcano.sh/vgpu-mode")
"""How a pod wants to have its devices divided."""
_NVIDIA: Final = "hami.io/node-nvidia-register"
_VOLCANO: Final = "volcano.sh/node-vgpu-register"
_SCORES: Final = "hami.io/node-nvidia-score"
_NUMBER: Final = late(r"[+-]?[0-9]{1,100}")
_SLOT: Final = late(r"\[([^]-]*)-([^]-]*)\]")
_INT32: Final = range(-(2**31), 2**31)
_INT64: Final = range(-(2**63), 2**63)
_UINT64: Final = range(2**64)
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_FIELDS: Final = {
    "id": "",
    "type": "",
    "mode": "",
    "health": False,
    "index": _UINT64,
    "count": _INT32,
    "devmem": _INT32,
    "devcore": _INT32,
    "numa": _INT64,
}
"""The fields of a register that are read: of texts and booleans the zero, of numbers the range."""


class Slice(msgspec.Struct, frozen=True):
    """A part of a device that a container was given: memory in MiB, cores in percent."""

    uuid: str
    type: str
    memory: int
    cores: int


class Registered(msgspec.Struct, frozen=True):
    """A device that a node registers; ``count`` pods may have it at once."""

    id: str
    type: str = ""
    mode: str = ""
    health: bool = False
    index: int = 0
    count: int = 0
    devmem: int = 0
    devcore: int = 0
    numa: int = 0


def number(text: str, within: Collection[int]) -> int:
    """Read a whole number as Go's ParseInt does.

    Raises:
        ValueError: it is not one, or too large.
    """
    if _NUMBER.fullmatch(text) is None or int(text) not in within:
        raise ValueError("a number is not readable")
    return int(text)


def parse_bool(text: str) -> bool:
    """Read a boolean as Go's ParseBool does.

    Raises:
        ValueError: it is not one.
    """
    if text not in _TRUE | _FALSE:
        raise ValueError("a boolean is not readable")
    return text in _TRUE


def containers_of(text: str) -> list[list[Slice]]:
    """Take the annotation of a pod apart: for each container the devices that it was given.

    Raises:
        ValueError: HAMi reads nothing of it.
    """
    return [list(_slices(each)) for each in text.split(";")]


def _slices(container: str) -> Iterator[Slice]:
    for segment in container.split(":"):
        if "," not in segment:
            continue
        fields = segment.split(",")
        if len(fields) < 4:
            raise ValueError("a device has fewer than four fields")
        yield Slice(fields[0], fields[1], number(fields[2], _INT32), number(fields[3], _INT32))


def held(containers: Sequence[Sequence[Slice]], starting: Collection[int]) -> dict[str, bool]:
    """Find the devices that a pod holds, and whether it does after its init containers.

    ``starting`` are the containers that end before the others begin, by their number.
    """
    found: dict[str, bool] = {}
    for index, container in enumerate(containers):
        for each in container:
            found[each.uuid] = found.get(each.uuid, False) or index not in starting
    return found


def template_slot(device: str) -> tuple[int, int]:
    """Take the older name of a MIG instance apart, ``GPU-1[template-slot]``.

    Raises:
        ValueError: it is not such a name.
    """
    found = _SLOT.search(device)
    if found is None:
        raise ValueError("the id has no [template-slot]")
    return number(found[1], _INT64), number(found[2], _INT64)


def registered(annotations: Mapping[str, str]) -> list[Registered]:
    """Read what a node registers, of HAMi or of Volcano; nothing where it registers nothing.

    Raises:
        ValueError: the scheduler reads nothing of it.
    """
    if _NVIDIA in annotations:
        if _SCORES in annotations:
            json_list(annotations[_SCORES])
        return registered_json(annotations[_NVIDIA])
    text = annotations.get(_VOLCANO)
    if text is None:
        return []
    return registered_json(text) if text.startswith("[") else registered_text(text, _VOLCANO_FORMS)


def registered_json(text: str) -> list[Registered]:
    """Read a register in JSON; the case of keys does not matter, those not known are dropped.

    Raises:
        ValueError: it is not a list of devices, or has none.
    """
    found = [_registered(each) for each in json_list(text)]
    if not found:
        raise ValueError("no device is in the list")
    return found


def json_list(text: str) -> list[object]:
    """Read a list in JSON, null as an empty one.

    Raises:
        ValueError: it is not JSON, or not a list.
    """
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    if found is not None and not isinstance(found, list):
        raise ValueError("it is not a list")
    return found or []


def _registered(entry: object) -> Registered:
    if not isinstance(entry, dict | None):
        raise ValueError("a device is not an object")  # noqa: TRY004 - callers catch what is not readable
    taken: dict[str, object] = {"id": ""}
    for key, value in (entry or {}).items():
        kind = _FIELDS.get(str(key).lower())
        if kind is None or value is None:
            continue
        if isinstance(kind, range):
            valid = isinstance(value, int) and not isinstance(value, bool) and value in kind
        else:
            valid = type(value) is type(kind)
        if not valid:
            raise ValueError(f"{str(key).lower()} is of another type")
        taken[str(key).lower()] = value
    return msgspec.convert(taken, Registered)


COLON_FORMS: Final = (
    ("id", "count", "devmem", "devcore", "type", "numa", "health"),
    ("id", "count", "devmem", "devcore", "type", "numa", "health", "index", "mode"),
)
"""The fields of HAMi's form without JSON, which two other vendors' devices still use."""
_VOLCANO_FORMS: Final = (
    ("id", "count", "devmem", "type", "health"),
    ("id", "count", "devmem", "type", "health", "mode"),
)


def registered_text(text: str, forms: Collection[Sequence[str]] = COLON_FORMS) -> list[Registered]:
    """Read a register in the form without JSON; where no mode is given it is hami-core.

    Raises:
        ValueError: it has no colon, or a device is not as one of the forms.
    """
    if ":" not in text:
        raise ValueError("there is no colon")
    found = []
    for segment in text.split(":"):
        if "," in segment:
            values = segment.split(",")
            names = next((form for form in forms if len(form) == len(values)), None)
            if names is None:
                raise ValueError(f"a device has {len(values)} fields")
            taken = {name: _field(name, value) for name, value in zip(names, values, strict=True)}
            found.append(msgspec.convert({"mode": "hami-core", **taken}, Registered))
    return found


def _field(name: str, text: str) -> object:
    kind = _FIELDS[name]
    if isinstance(kind, range):
        return number(text, kind)
    return parse_bool(text) if isinstance(kind, bool) else text
