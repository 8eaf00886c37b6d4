r"""What the NVIDIA device plugin makes of its configuration: who gets how many replicas of what.

A configuration is the text of a file, here one that is a value of a ConfigMap, already read as YAML
by whoever has a reader of YAML (:data:`auditor.analysis.texts.ReadText`)::

    version: v1                         strategy      time-slicing
    flags:                              resources     nvidia.com/gpu.shared: 4 of each GPU
      migStrategy: single               MIG strategy  single
    sharing:
      timeSlicing:
        renameByDefault: true
        resources:
        - {name: nvidia.com/gpu, replicas: 4}

What surprises, all of it seen on the plugin's own parser (tests/vectors):

* an explicit ``rename``, and ``devices`` that are not all, are parsed and then dropped: replicas
  hold for every device. They are only *refused* where they can't be parsed;
* ``timeSlicing: {}`` and ``timeSlicing: null`` are refused, ``mps: null`` is not; a strategy under
  another name (``timeSlice``) is no sharing, without a word; where both are there, MPS holds;
* ``nvidia.com/`` is put before every name, so ``amd.com/gpu`` is refused, and ``gpu`` is not;
* a resource that is there twice has the larger number of replicas, its labels the first;
* within a strategy the case of names counts, everywhere else it does not (:mod:`plugin_fields`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from auditor.analysis.gpu.makers import NVIDIA
from auditor.analysis.gpu.plugin_fields import (
    Refusal,
    Refused,
    boolean,
    folded,
    integer,
    items,
    mapping,
    text,
    unreadable,
    written,
)
from auditor.analysis.gpu.plugin_flags import (
    Flags,
    Given,
    Start,
    flags_of,
    given,
    refusal_of,
    switch,
)
from auditor.late import late

_LONGEST: Final = 63
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_NAME: Final = late(rf"{_LABEL}(?:\.{_LABEL})*")
_LEAST: Final = 2
_LARGEST: Final = 2**63 - 1
_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_DEVICE: Final = late(
    rf"[0-9]+(?::[0-9]+)?|(?:GPU|MIG)-{_UUID}|MIG-GPU-{_UUID}/[0-9]+/[0-9]+", re.ASCII
)

TIME_SLICING, MPS, NONE = "time-slicing", "mps", "none"


class Entry(msgspec.Struct, frozen=True):
    """A resource that is shared: its own name, the name that pods ask for, slots a device."""

    name: str
    resource: str
    replicas: int


class PluginConfig(msgspec.Struct, frozen=True):
    """What the plugin makes of a configuration.

    ``refusal``: it does not start; the rest is what it had found out by then.
    ``dropped`` are the fields that it parses and does without.
    """

    strategy: str = NONE
    entries: tuple[Entry, ...] = ()
    renames: bool = False
    fails_above_one: bool | None = None
    flags: Flags | None = None
    dropped: tuple[str, ...] = ()
    refusal: Refusal | None = None

    def replicas(self) -> dict[str, int]:
        """Say how often each device is given out, by the name that pods ask for."""
        found: dict[str, int] = {}
        for entry in self.entries:
            found[entry.resource] = max(entry.replicas, found.get(entry.resource, 0))
        return found

    def advertised(self, devices: Mapping[str, int]) -> dict[str, int]:
        """Say how much of each resource the kubelet is told, of so many devices a resource."""
        found, names = {}, {entry.name: entry.resource for entry in self.entries}
        for name, count in devices.items():
            resource = names.get(name, name)
            found[resource] = count * self.replicas().get(resource, 1)
        return found


def plugin_config(document: object, start: Start | None = None) -> PluginConfig:
    """Say what the plugin makes of a file, and of how it is started.

    ``document`` is the file as YAML has it, the first document where it holds several, with its
    nulls; an empty file is None.
    """
    try:
        read = given(start or Start())
        switch(read)
        return _read(mapping(document, "the file"), read)
    except Refused as refused:
        return PluginConfig(refusal=Refusal(refused.stage, refused.reason))


class _Sharing(msgspec.Struct, frozen=True):
    """What stands under one strategy."""

    entries: tuple[Entry, ...] = ()
    renames: bool = False
    fails_above_one: bool | None = None
    dropped: tuple[str, ...] = ()


def _read(document: Mapping[str, object], start: Given) -> PluginConfig:
    for version in folded(document, "version"):
        if written(version, "version") not in ("", "v1"):
            raise unreadable(f"version {version} is not v1")
    flags = flags_of(document, start)
    dropped = _resources(document)
    slices, mps = _Sharing(), None
    for each in folded(document, "sharing"):
        sharing = mapping(each, "sharing")
        for value in folded(sharing, "timeSlicing"):
            slices = _sharing(value)
        for value in folded(sharing, "mps"):
            mps = None if value is None else _sharing(value)
    held = mps or slices
    fails = True if mps is not None and held.fails_above_one is None else held.fails_above_one
    reason = refusal_of(flags, mps=mps is not None)
    return PluginConfig(
        strategy=MPS if mps is not None else TIME_SLICING if slices.entries else NONE,
        entries=held.entries,
        renames=held.renames,
        fails_above_one=fails,
        flags=flags,
        dropped=tuple(dict.fromkeys((*held.dropped, *dropped))),
        refusal=Refusal("start", reason) if reason else None,
    )


def _resources(document: Mapping[str, object]) -> list[str]:
    """Parse the section ``resources``, which the plugin does and then drops."""
    dropped: list[str] = []
    for each in folded(document, "resources"):
        section = mapping(each, "resources")
        for kind in ("gpus", "mig"):
            for value in folded(section, kind):
                for item in items(value, kind):
                    entry = mapping(item, f"an entry of {kind}")
                    if "pattern" not in entry or "name" not in entry:
                        raise unreadable(f"an entry of {kind} has no pattern, or no name")
                    text(entry["pattern"], "a pattern")
                    _name(entry["name"])
                    dropped = ["resources"]
    return dropped


def _sharing(value: object) -> _Sharing:
    section = mapping(value, "a strategy")
    renames = boolean(section.get("renameByDefault"), "renameByDefault") or False
    fails = boolean(section.get("failRequestsGreaterThanOne"), "failRequestsGreaterThanOne")
    listed = items(section.get("resources"), "resources")
    if not listed:
        raise unreadable("the strategy has no resources")
    dropped: list[str] = []
    entries = tuple(_entry(item, dropped, renames=renames) for item in listed)
    return _Sharing(entries, renames, fails, tuple(dropped))


def _entry(item: object, dropped: list[str], *, renames: bool) -> Entry:
    entry = mapping(item, "an entry of resources")
    for field in ("name", "replicas"):
        if field not in entry:
            raise unreadable(f"an entry of resources has no {field}")
    name = _name(entry["name"])
    if "devices" in entry and _are_named(entry["devices"]):
        dropped.append("devices")
    replicas = integer(entry["replicas"], "replicas")
    if not _LEAST <= replicas <= _LARGEST:
        raise unreadable(f"{replicas} replicas")
    if "rename" in entry:
        _name(entry["rename"])
        dropped.append("rename")
    return Entry(name, f"{name}.shared" if renames else name, replicas)


def _name(value: object) -> str:
    name = NVIDIA + text(value, "a name").removeprefix(NVIDIA)
    if len(name) > _LONGEST or not _NAME.fullmatch(name, len(NVIDIA)):
        raise unreadable(f"the name {name[:80]!r}")
    return name


def _are_named(devices: object) -> bool:
    """Say whether an entry names devices, which is dropped, or means all of them."""
    if devices == "all":
        return False
    if isinstance(devices, int) and not isinstance(devices, bool) and devices > 0:
        return True
    if isinstance(devices, list):
        for each in devices:
            if not (isinstance(each, str | int) and _DEVICE.fullmatch(str(each))):
                raise unreadable("an item of devices is no index and no id")
        return True
    raise unreadable("devices is neither all, nor a count, nor a list")
