"""Names of devices and of what they are asked for by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.gpu.devices import amount, is_accelerator, mig_profile, parse_device
from auditor.analysis.gpu.isolation import Mechanism


@pytest.mark.parametrize(
    ("text", "gpu", "path", "replica"),
    [
        ("GPU-1", "GPU-1", [], ""),
        ("GPU-1::3", "GPU-1", [], "3"),
        ("MIG-7", "", [(Mechanism.MIG, "MIG-7")], ""),
        ("MIG-7::0", "", [(Mechanism.MIG, "MIG-7")], "0"),
        (
            "MIG-GPU-1a/9/0",
            "GPU-1a",
            [(Mechanism.MIG, "9"), (Mechanism.COMPUTE_INSTANCE, "0")],
            "",
        ),
        ("card0", "card0", [], ""),
    ],
)
def test_ids(text: str, gpu: str, path: list[tuple[Mechanism, str]], replica: str) -> None:
    found = parse_device(text)
    assert (found.gpu, found.replica) == (gpu, replica)
    assert [(step.mechanism, step.id) for step in found.path] == path


@given(st.text())
def test_any_id_is_some_device(text: str) -> None:
    found = parse_device(text)
    assert found.gpu or found.path or not text.partition("::")[0]


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("nvidia.com/gpu", True),
        ("nvidia.com/gpu.shared", True),
        ("nvidia.com/mig-1g.10gb", True),
        ("nvidia.com/gpumem", False),
        ("nvidia.com/gpumem-percentage", False),
        ("nvidia.com/gpucores", False),
        ("amd.com/gpu", True),
        ("gpu.intel.com/i915", True),
        ("gpu.intel.com/memory.max", False),
        ("gpu.intel.com/millicores", False),
        ("volcano.sh/vgpu-number", True),
        ("volcano.sh/vgpu-memory", False),
        ("cpu", False),
        ("rdma/hca", False),
    ],
)
def test_what_is_counted(name: str, counted: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_accelerator(name) is counted


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("nvidia.com/gpu", ""),
        ("nvidia.com/mig-1g.10gb", "mig-1g.10gb"),
        ("nvidia.com/mig-1g.10gb.shared", "mig-1g.10gb"),
        ("nvidia.com/mig-1c.2g.20gb", "mig-1c.2g.20gb"),
    ],
)
def test_profiles(name: str, profile: str) -> None:
    assert mig_profile(name) == profile


@pytest.mark.parametrize(
    ("value", "count"),
    [(2, 2), ("2", 2), ("1k", 1000), ("1e0", 1), ("500m", 0), ("-1", 0), ("x", 0), (True, 0)],
)
def test_amounts_are_read_as_the_server_stores_them(value: object, count: int) -> None:
    assert amount(value) == count
