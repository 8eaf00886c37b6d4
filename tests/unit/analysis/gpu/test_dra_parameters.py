"""How a DRA driver shares a device, against what the driver itself made of its parameters."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.gpu.dra_parameters import setting_of
from auditor.analysis.gpu.isolation import Mechanism
from tests.unit.analysis.gpu.vectors import rows, rows_of

NAME = "dra-driver"
OF_OBJECTS = rows_of(NAME, "webhook-")
LIMITS = rows_of(NAME, "pinned-")
ELSEWHERE = rows_of(NAME, "vfio-", "cd-")
"""Parameters that share nothing: passthrough, and the channels of a compute domain."""
SHARING = [
    row
    for row in rows(NAME)
    if row not in OF_OBJECTS and row not in LIMITS and row not in ELSEWHERE
]
UNUSABLE = frozenset({"gpu-mps-mem-tiny", "gpu-mps-mem-negative"})
"""Valid, and below one MiB: refused when the device is prepared, as the rows ``pinned-*`` say."""
TWICE = frozenset({"gpu-dup-field"})
"""A key twice can't be in an object of the API."""
OF_THE_CLAIM = frozenset({"pinned-index-out", "pinned-unknown-uuid"})
"""Refused for the devices that the claim has, which are not in the parameters."""


def ids(row: dict[str, Any]) -> str:
    return str(row["id"])


def parameters(row: dict[str, Any]) -> bytes:
    given_in = row["input"]
    return str(given_in.get("text") or json.dumps(given_in["parameters"])).encode()


def by_its_strategy(sharing: dict[str, Any]) -> Mechanism:
    if sharing["strategy"] == "TimeSlicing":
        return Mechanism.TIME_SLICING
    limited = "defaultPinnedDeviceMemoryLimit" in sharing.get("mpsConfig", {})
    return Mechanism.MPS if limited else Mechanism.MPS_UNLIMITED


def expected(row: dict[str, Any]) -> Mechanism | None:
    outcome = row["outcome"]
    gate_off = "feature gate" in outcome.get("error", "")
    used = (outcome["accepted"] or gate_off) and "laterError" not in outcome
    sharing = outcome.get("normalized", {}).get("sharing")
    if not used or sharing is None or row["id"] in UNUSABLE:
        return None
    return by_its_strategy(sharing)


def strategy_of(parameters: bytes) -> Mechanism | None:
    """How the driver shares a device by its parameters; None where nothing comes of them."""
    found = setting_of(parameters)
    return None if found is None else found.mechanism


def test_every_row_is_in_one_group() -> None:
    sizes = len(SHARING), len(LIMITS), len(OF_OBJECTS), len(ELSEWHERE)
    assert sum(sizes) == len(rows(NAME))
    assert sizes == (51, 15, 13, 9)


@pytest.mark.parametrize("row", [row for row in SHARING if row["id"] not in TWICE], ids=ids)
def test_shares_as_the_driver_does(row: dict[str, Any]) -> None:
    assert strategy_of(parameters(row)) == expected(row)


@pytest.mark.parametrize("row", ELSEWHERE, ids=ids)
def test_other_parameters_share_nothing(row: dict[str, Any]) -> None:
    assert strategy_of(parameters(row)) is None


@pytest.mark.parametrize("row", [row for row in LIMITS if row["id"] not in OF_THE_CLAIM], ids=ids)
def test_a_limit_counts_where_every_device_has_one(row: dict[str, Any]) -> None:
    given_in, outcome = row["input"], row["outcome"]
    mps = {
        name: given_in[name]
        for name in ("defaultPinnedDeviceMemoryLimit", "defaultPerDevicePinnedMemoryLimit")
    }
    made = {
        "apiVersion": "resource.nvidia.com/v1beta1",
        "kind": "GpuConfig",
        "sharing": {"strategy": "MPS", "mpsConfig": mps},
    }
    found = strategy_of(json.dumps(made).encode())
    if not outcome["accepted"]:
        assert found is None
    else:
        all_limited = outcome["limits"].keys() == set(given_in["devices"])
        assert found == (Mechanism.MPS if all_limited else Mechanism.MPS_UNLIMITED)


@pytest.mark.parametrize("row", OF_OBJECTS, ids=ids)
def test_what_the_webhook_refuses_shares_nothing(row: dict[str, Any]) -> None:
    """The webhook sees objects; of their parameters for the GPU driver it says the same."""
    spec = row["input"]["object"]["spec"]
    entries = spec.get("spec", spec)["devices"]["config"]
    found = [
        strategy_of(json.dumps(each["opaque"]["parameters"]).encode())
        for each in entries
        if each["opaque"]["driver"] == "gpu.nvidia.com"
    ]
    errors = {error.get("path") for error in row["outcome"].get("errors", ())} - {None}
    assert sum(each is None for each in found) >= len(errors)
    if row["id"] in {"webhook-gpu-ok", "webhook-v1beta2"}:
        assert found == [Mechanism.MPS_UNLIMITED]


@pytest.mark.parametrize("odd", [b"", b"null", b"[]", b'{"kind": 1}', b"\xff", b"[" * 9000])
def test_odd_parameters_say_nothing(odd: bytes) -> None:
    assert strategy_of(odd) is None


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_limit_is_taken_or_not(limit: str, device: str) -> None:
    mps = {
        "defaultPinnedDeviceMemoryLimit": limit,
        "defaultPerDevicePinnedMemoryLimit": {device: limit},
    }
    made = {
        "apiVersion": "resource.nvidia.com/v1beta1",
        "kind": "GpuConfig",
        "sharing": {"strategy": "MPS", "mpsConfig": mps},
    }
    assert strategy_of(json.dumps(made).encode()) in (None, Mechanism.MPS)
