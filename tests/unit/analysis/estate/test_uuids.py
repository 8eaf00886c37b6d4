"""UUIDs as hypervisors, firmware and nodes write them."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.estate.machines import provider_uuid
from auditor.analysis.estate.uuids import turned, uuid_of

ONE = "42344765-bc6d-0ab2-1c40-5a0f7f0f9a11"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ONE, ONE),
        (f" {ONE.upper()}\n", ONE),
        ("", ""),
        (None, ""),
        (7, ""),
        ("42344765bc6d0ab21c405a0f7f0f9a11", ""),
        (ONE[:-1], ""),
        (f"{ONE}1", ""),
        (ONE.replace("4", "g"), ""),
        ("00000000-0000-0000-0000-000000000000", ""),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", ""),
        ("Not Settable", ""),
        ("4" * 1_000_000, ""),
        ("٤2344765-bc6d-0ab2-1c40-5a0f7f0f9a11", ""),
    ],
)
def test_what_is_a_uuid(text: object, found: str) -> None:
    assert uuid_of(text) == found


@given(st.uuids())
def test_turned_is_what_smbios_says(given_one: uuid.UUID) -> None:
    """Python knows the order of firmware as well, and turning twice changes nothing."""
    text = str(given_one)
    assert turned(text) == str(uuid.UUID(bytes=given_one.bytes_le))
    assert turned(turned(text)) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"vsphere://{ONE}", (ONE, True)),
        (f"vsphere://{ONE.upper()}", (ONE, True)),
        (f"vsphere:///{ONE}/", (ONE, True)),
        ("vsphere://gpu-1", ("", True)),
        (f"aws:///eu-1a/{ONE}", ("", False)),
        (ONE, ("", False)),
        (None, ("", False)),
        ({"a": 1}, ("", False)),
    ],
)
def test_what_a_provider_says(text: object, found: tuple[str, bool]) -> None:
    assert provider_uuid(text) == found
