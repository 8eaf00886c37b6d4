"""Isolation as a vector, and the level of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.gpu.isolation import (
    ISOLATION,
    Cap,
    Compute,
    Faults,
    Isolation,
    Kernel,
    Level,
    Mechanism,
    Memory,
    level_of,
)
from auditor.model.gpus import LEVELS

VECTORS = st.builds(
    Isolation,
    st.sampled_from(Memory),
    st.sampled_from(Cap),
    st.sampled_from(Faults),
    st.sampled_from(Compute),
    st.sampled_from(Kernel),
)


@pytest.mark.parametrize(
    ("mechanism", "level"),
    [
        (Mechanism.BYPASS, Level.NONE),
        (Mechanism.UNKNOWN, Level.NONE),
        (Mechanism.TIME_SLICING, Level.SHARED),
        (Mechanism.FRACTION, Level.SHARED),
        (Mechanism.SHARED_CLAIM, Level.SHARED),
        (Mechanism.COMPUTE_INSTANCE, Level.SHARED),
        (Mechanism.SOFT_SLICE, Level.SOFT_QUOTA),
        (Mechanism.MPS, Level.MEMORY_SOFT),
        (Mechanism.MPS_UNLIMITED, Level.MEMORY_SOFT),
        (Mechanism.VGPU_TIME_SLICED, Level.MEMORY),
        (Mechanism.MIG, Level.HARDWARE),
        (Mechanism.PARTITION, Level.HARDWARE),
        (Mechanism.VGPU_MIG, Level.HARDWARE),
        (Mechanism.EXCLUSIVE, Level.EXCLUSIVE),
        (Mechanism.PASSTHROUGH, Level.EXCLUSIVE_VM),
        (Mechanism.CONFIDENTIAL, Level.CONFIDENTIAL),
    ],
)
def test_each_mechanism_has_its_level(mechanism: Mechanism, level: Level) -> None:
    assert level_of(ISOLATION[mechanism]) is level


def test_every_mechanism_has_an_isolation() -> None:
    assert set(ISOLATION) == set(Mechanism)


@given(VECTORS, VECTORS)
def test_the_weakest_of_two_is_on_no_higher_level_than_either(
    one: Isolation, other: Isolation
) -> None:
    both = one.weakest(other)
    assert level_of(both) <= min(level_of(one), level_of(other))
    assert both == other.weakest(one)
    assert one.weakest(one) == one


@given(VECTORS, VECTORS)
def test_more_of_a_quality_never_lowers_the_level(one: Isolation, other: Isolation) -> None:
    if one.weakest(other) == one:
        assert level_of(one) <= level_of(other)


def test_a_level_is_written_as_one_word() -> None:
    words = [level.word for level in Level]
    assert words[0] == "none"
    assert words[2] == "soft-quota"
    assert len(set(words)) == len(words)


def test_reports_know_the_words_of_the_levels() -> None:
    assert [level.word for level in Level] == list(LEVELS)
