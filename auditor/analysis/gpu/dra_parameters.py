"""How NVIDIA's DRA driver shares a device, by the parameters that a claim or a class gives it.

The driver decodes parameters strictly: a field that it does not know, another case, or another kind
or version is refused, and so is a strategy in another spelling. What it refuses, or can't use once
the devices are prepared, gives nobody a device; then there is nothing to be said. Both strategies
also need a feature gate, which stands in no object that is read: parameters are taken as if it were
on. Here is what each comes to::

    {kind: GpuConfig, sharing: {strategy: TimeSlicing}}                     time-slicing
    {…, sharing: {strategy: MPS}}                                           MPS without a limit
    {…, sharing: {strategy: MPS, mpsConfig: {defaultPinned…: 10Gi}}}        MPS
    {…, sharing: {strategy: MPS, timeSlicingConfig: {…}}}                   nothing: it fails at use
    {…, sharing: {strategy: mps}}                                           nothing: it is refused

A limit for some devices only (``defaultPerDevicePinnedMemoryLimit``) leaves the others without one,
and which devices a claim has does not stand in its parameters: it counts as no limit.

Of several configurations the driver takes the last that is for a request, whole: one that leaves
sharing open takes back what a class said. A GpuConfig is for GPUs, a MigDeviceConfig for instances;
one that names no request and is for the other is passed over (``prepareDevices`` of the driver).
"""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from auditor.analysis.gpu.isolation import Mechanism
from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.library.amounts import parse
from auditor.late import late

_LEAST: Final = 1 << 20
"""The driver refuses limits below one MiB when it prepares a device."""


class _Strict(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Decoded as the driver does: no other fields."""


class _TimeSlicing(_Strict, gc=False):
    interval: str | None = None


class _Mps(_Strict, gc=False):
    defaultActiveThreadPercentage: int | None = None  # noqa: N815 - the field's name in the API
    defaultPinnedDeviceMemoryLimit: str | int | float | None = None  # noqa: N815 - as above
    defaultPerDevicePinnedMemoryLimit: (  # noqa: N815 - as above
        dict[str, str | int | float] | None
    ) = None
    multiUser: bool | None = None  # noqa: N815 - as above


class _GpuSharing(_Strict, gc=False):
    strategy: Literal["TimeSlicing", "MPS"]
    timeSlicingConfig: _TimeSlicing | None = None  # noqa: N815 - the field's name in the API
    mpsConfig: _Mps | None = None  # noqa: N815 - as above


class _MigSharing(_Strict, gc=False):
    strategy: Literal["TimeSlicing", "MPS"]
    mpsConfig: _Mps | None = None  # noqa: N815 - the field's name in the API


class _Gpu(_Strict, gc=False, tag_field="kind", tag="GpuConfig"):
    apiVersion: Literal["resource.nvidia.com/v1beta1"]  # noqa: N815 - the field's name in the API
    sharing: _GpuSharing | None = None


class _Mig(_Strict, gc=False, tag_field="kind", tag="MigDeviceConfig"):
    apiVersion: Literal["resource.nvidia.com/v1beta1"]  # noqa: N815 - the field's name in the API
    sharing: _MigSharing | None = None


_decode = msgspec.json.Decoder(_Gpu | _Mig).decode
_INTERVALS: Final = (None, "Default", "Short", "Medium", "Long")
_PERCENT: Final = 100
_NEGATIVE: Final = late(r"-[0-9]+", re.ASCII)


class Setting(msgspec.Struct, frozen=True):
    """What a configuration sets: for instances of MIG or for GPUs, and how they are shared."""

    for_instances: bool
    mechanism: Mechanism | None


def setting_of(parameters: bytes) -> Setting | None:
    """Say what a configuration sets; None where the driver refuses it."""
    try:
        found = _decode(parameters)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    for_instances = isinstance(found, _Mig)
    if found.sharing is None:
        return Setting(for_instances, None)
    mechanism = _strategy_of(found.sharing)
    return None if mechanism is None else Setting(for_instances, mechanism)


def _strategy_of(sharing: _GpuSharing | _MigSharing) -> Mechanism | None:
    match sharing:
        case _GpuSharing(strategy="TimeSlicing", timeSlicingConfig=config):
            usable = sharing.mpsConfig is None and _is_interval(config)
            return Mechanism.TIME_SLICING if usable else None
        case _MigSharing(strategy="TimeSlicing"):
            return Mechanism.TIME_SLICING if sharing.mpsConfig is None else None
        case _GpuSharing() if sharing.timeSlicingConfig is not None:
            return None
        case _:
            return _mps(sharing.mpsConfig or _Mps())


def _is_interval(config: _TimeSlicing | None) -> bool:
    return config is None or config.interval in _INTERVALS


def _mps(config: _Mps) -> Mechanism | None:
    percentage = config.defaultActiveThreadPercentage
    if percentage is not None and not 0 <= percentage <= _PERCENT:
        return None
    each = config.defaultPerDevicePinnedMemoryLimit or {}
    if any(_NEGATIVE.fullmatch(index) for index in each):
        return None
    limits = [config.defaultPinnedDeviceMemoryLimit, *each.values()]
    if not all(limit is None or _is_usable(limit) for limit in limits):
        return None
    limited = config.defaultPinnedDeviceMemoryLimit is not None
    return Mechanism.MPS if limited else Mechanism.MPS_UNLIMITED


def _is_usable(limit: str | float) -> bool:
    """Say whether a limit is a quantity of Kubernetes, and not below what the driver takes."""
    try:
        return parse(str(limit)).compare(parse(str(_LEAST))) >= 0
    except (CelEvalError, CelLimitError):
        return False
