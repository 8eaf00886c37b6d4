"""The settings of the NVIDIA device plugin that a file, the environment and arguments can give.

An argument counts more than the environment, and that more than the file. The environment gives a
value even where it is empty. Several device list strategies are one text with commas in arguments
and in the environment, and a list in the file, where a comma would be part of the name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from auditor.analysis.gpu.plugin_fields import (
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
from auditor.late import late

_OPTION: Final = late(r"--?([A-Za-z0-9-]+)(?:=(.*))?", re.DOTALL)
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})

MIG_STRATEGIES: Final = frozenset({"none", "single", "mixed"})
LIST_STRATEGIES: Final = frozenset({"envvar", "volume-mounts", "cdi-annotations", "cdi-cri"})
_ALLOWED: Final = (
    ("migStrategy", MIG_STRATEGIES),
    ("deviceIDStrategy", frozenset({"uuid", "index"})),
    ("sharedDevicesAllocationPolicy", frozenset({"distributed", "packed"})),
    ("deviceDiscoveryStrategy", frozenset({"auto", "nvml", "tegra", "vfio"})),
)


class _Text(msgspec.Struct, frozen=True):
    """A setting that is a text: where it stands in the file, its options, its variables."""

    name: str
    plugin: bool
    options: tuple[str, ...]
    variables: tuple[str, ...]
    default: str = ""


_TEXTS: Final = (
    _Text("migStrategy", False, ("mig-strategy",), ("MIG_STRATEGY",), "none"),
    _Text("mpsRoot", False, ("mps-root",), ("MPS_ROOT",)),
    _Text(
        "deviceDiscoveryStrategy",
        False,
        ("device-discovery-strategy",),
        ("DEVICE_DISCOVERY_STRATEGY",),
        "auto",
    ),
    _Text("deviceIDStrategy", True, ("device-id-strategy",), ("DEVICE_ID_STRATEGY",), "uuid"),
    _Text(
        "sharedDevicesAllocationPolicy",
        True,
        ("shared-devices-allocation-policy",),
        ("SHARED_DEVICES_ALLOCATION_POLICY",),
        "distributed",
    ),
    _Text(
        "containerDriverRoot",
        True,
        ("container-driver-root", "driver-root-ctr-path"),
        ("CONTAINER_DRIVER_ROOT", "DRIVER_ROOT_CTR_PATH"),
        "/driver-root",
    ),
    _Text("nvidiaDriverRoot", False, ("nvidia-driver-root",), ("NVIDIA_DRIVER_ROOT",), "/"),
    _Text("nvidiaDevRoot", False, ("nvidia-dev-root",), ("NVIDIA_DEV_ROOT",)),
)


class Start(msgspec.Struct, frozen=True):
    """How the plugin is started: its arguments, and its environment."""

    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}


class Flags(msgspec.Struct, frozen=True):
    """The settings that come to hold; ``texts`` by the names that the file has for them."""

    texts: Mapping[str, str]
    list_strategies: tuple[str, ...]
    pass_device_specs: bool
    channels: tuple[int, ...]


class Given(msgspec.Struct, frozen=True):
    """What arguments and the environment give: every value of an option, in its order."""

    options: Mapping[str, list[str]]
    environment: Mapping[str, str]

    def of(self, options: Iterable[str], variables: Iterable[str]) -> list[str] | None:
        """Return the values of a setting, None where it has none here."""
        for name in options:
            if name in self.options:
                return self.options[name]
        for name in variables:
            if name in self.environment:
                return [self.environment[name]]
        return None


def given(start: Start) -> Given:
    """Take arguments apart, as ``--name=value`` or ``--name value``."""
    options: dict[str, list[str]] = {}
    arguments = iter(start.arguments)
    for argument in arguments:
        found = _OPTION.fullmatch(argument)
        if found is None:
            continue
        value = found[2]
        if value is None:
            value = "true" if found[1] == "pass-device-specs" else next(arguments, "")
        options.setdefault(found[1], []).append(value)
    return Given(options, start.environment)


def switch(start: Given) -> bool | None:
    """Return whether device specs are passed by arguments or the environment.

    Raises:
        Refused: it is not a boolean; the program ends before it reads the file.
    """
    found = start.of(("pass-device-specs",), ("PASS_DEVICE_SPECS",))
    if found is None:
        return None
    if found[-1] in _TRUE:
        return True
    if found[-1] in _FALSE or not found[-1]:
        return False
    raise Refused("command line", f"{found[-1]!r} is not a boolean")


def flags_of(document: Mapping[str, object], start: Given) -> Flags:
    """Put together what the file says under ``flags`` and ``imex``, and what counts more.

    Raises:
        Refused: the file has something of another type.
    """
    specs = switch(start)
    flags = [mapping(each, "flags") for each in folded(document, "flags")]
    plugin = [mapping(each, "plugin") for one in flags for each in folded(one, "plugin")]
    texts = {}
    for setting in _TEXTS:
        value = _text(plugin if setting.plugin else flags, setting.name, setting.default)
        over = start.of(setting.options, setting.variables)
        texts[setting.name] = value if over is None else over[-1]
    texts["nvidiaDevRoot"] = texts["nvidiaDevRoot"] or texts["nvidiaDriverRoot"]
    in_file = _switch(plugin)
    return Flags(
        texts,
        _lists(plugin, start),
        in_file if specs is None else specs,
        _channels(document, start),
    )


def _text(found: Iterable[Mapping[str, object]], name: str, default: str) -> str:
    for each in found:
        for value in folded(each, name):
            default = default if value is None else written(value, name)
    return default


def _switch(found: Iterable[Mapping[str, object]]) -> bool:
    said = False
    for each in found:
        for value in folded(each, "passDeviceSpecs"):
            now = boolean(value, "passDeviceSpecs")
            said = said if now is None else now
    return said


def _lists(found: Iterable[Mapping[str, object]], start: Given) -> tuple[str, ...]:
    names: tuple[str, ...] = ("envvar",)
    for each in found:
        for value in folded(each, "deviceListStrategy"):
            if isinstance(value, str):
                names = (value,)
            elif isinstance(value, list):
                names = tuple(text(one, "a device list strategy") for one in value)
            elif value is not None:
                raise unreadable("deviceListStrategy is neither a text nor a list of texts")
    over = start.of(("device-list-strategy",), ("DEVICE_LIST_STRATEGY",))
    return names if over is None else tuple(_split(over))


def _split(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from (part.strip() for part in value.split(","))


def _channels(document: Mapping[str, object], start: Given) -> tuple[int, ...]:
    found: tuple[int, ...] = ()
    for each in folded(document, "imex"):
        imex = mapping(each, "imex")
        for value in folded(imex, "required"):
            boolean(value, "required")
        for value in folded(imex, "channelIDs"):
            found = tuple(integer(one, "a channel") for one in items(value, "channelIDs"))
    over = start.of(("imex-channel-ids",), ("IMEX_CHANNEL_IDS",))
    if over is None:
        return found
    names = [name for name in _split(over) if name]
    if not all(re.fullmatch(r"[+-]?[0-9]{1,18}", name, re.ASCII) for name in names):
        raise Refused("command line", "an IMEX channel is not an integer")
    return tuple(int(name) for name in names)


def refusal_of(flags: Flags, *, mps: bool) -> str:
    """Say why the plugin does not start with these settings, "" where it does."""
    for name, allowed in _ALLOWED:
        if flags.texts[name] not in allowed:
            return f"{name} can't be {flags.texts[name]!r}"
    unknown = [name for name in flags.list_strategies if name not in LIST_STRATEGIES]
    if unknown:
        return f"deviceListStrategy can't be {unknown[0]!r}"
    if flags.channels not in ((), (0,)):
        return "the only IMEX channel that can be given is 0"
    if mps and not flags.texts["mpsRoot"]:
        return "MPS needs the path mpsRoot"
    if mps and flags.texts["migStrategy"] == "mixed":
        return "MPS does not go with the MIG strategy mixed"
    return ""
