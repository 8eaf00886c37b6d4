"""Versions as labels, tags and engines write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version as Peer

from auditor.analysis.advisories.versions import Version, numbers_of, version_of

NUMBERS = st.lists(st.integers(0, 30), min_size=2, max_size=4).map(tuple)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("580.105.08", Version((580, 105, 8))),
        ("580.105.8", Version((580, 105, 8))),
        ("v1.17.8", Version((1, 17, 8))),
        ("v1.17.8-rc.1", Version((1, 17, 8), earlier=True)),
        ("1.4.0-rc.3", Version((1, 4, 0), earlier=True)),
        ("29.0.0beta1", Version((29, 0, 0), earlier=True)),
        ("1.7.13-k3s1", None),
        ("20.10.24+dfsg1", None),
        ("1.1.5+ds1", None),
        ("v1.32.3-eks-1234", None),
        ("latest", None),
        ("", None),
        ("1.2.", None),
        ("１.2", None),  # noqa: RUF001 - a digit of another alphabet
        ("1.2\n", None),
        ("9999999999.1", None),
    ],
)
def test_a_program_tells_its_version(text: str, expected: Version | None) -> None:
    assert version_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v1.17.4-ubuntu20.04", Version((1, 17, 4))),
        ("v0.17.3-ubi9", Version((0, 17, 3))),
        ("25.06-trtllm-python-py3", Version((25, 6))),
        ("4.5.2-4.8.1-ubuntu22.04", Version((4, 5, 2))),
        ("v1.18.0-rc.2-ubuntu20.04", Version((1, 18, 0), earlier=True)),
        ("580-5.15.0-1058-gke-ubuntu22.04", Version((580,))),
        ("25.06+py3", None),
        ("latest", None),
    ],
)
def test_a_tag_tells_the_version_of_an_image(text: str, expected: Version | None) -> None:
    assert version_of(text, of_image=True) == expected


@given(NUMBERS, NUMBERS)
def test_the_order_is_that_of_a_peer(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    """As packaging has it; where the first names only the beginning nothing is said."""
    found = Version(one).is_before(other)
    text, against = ".".join(map(str, one)), ".".join(map(str, other))
    if found is None:
        assert against.startswith(f"{text}.")
    else:
        assert found == (Peer(text) < Peer(against))


@given(NUMBERS)
def test_what_comes_before_a_release_is_before_it(numbers: tuple[int, ...]) -> None:
    assert Version(numbers, earlier=True).is_before(numbers)
    assert not Version(numbers).is_before(numbers)
    assert Version(numbers).is_before((*numbers, 0)) is False
    assert Version(numbers, earlier=True).is_before((*numbers, 0))


def test_a_branch_alone_says_nothing_of_its_releases() -> None:
    branch = Version((580,))
    assert branch.is_before(numbers_of("580.159.03")) is None
    assert branch.is_before(numbers_of("595.71.05"))
    assert branch.is_before(numbers_of("570.211.01")) is False
