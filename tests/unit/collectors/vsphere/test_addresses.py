"""Targets as people type them."""

from __future__ import annotations

import pytest

from auditor.errors import UsageError
from collectors.vsphere.live.address import Address, parse_address


@pytest.mark.parametrize(
    ("typed", "expected", "uri"),
    [
        ("vsphere://vc.example", Address("", "vc.example"), "vsphere://vc.example/"),
        ("vsphere://audit@VC.example/", Address("audit", "vc.example"), "vsphere://vc.example/"),
        (
            "vsphere://audit@vsphere.local@vc:8443",
            Address("audit@vsphere.local", "vc:8443"),
            "vsphere://vc:8443/",
        ),
        (
            "vsphere://CORP%5Caudit@vc:443/",
            Address("CORP\\audit", "vc"),
            "vsphere://vc/",
        ),
        ("vsphere://a@[::1]:8443/", Address("a", "[::1]:8443"), "vsphere://[::1]:8443/"),
        (
            "vsphere://a@vc/?cluster=gpu%20one&datacenter=B",
            Address("a", "vc", "B", "gpu one"),
            "vsphere://vc/?datacenter=B&cluster=gpu%20one",
        ),
    ],
)
def test_an_address(typed: str, expected: Address, uri: str) -> None:
    found = parse_address(typed)
    assert (found, found.uri) == (expected, uri)
    assert parse_address(uri).uri == uri


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("vsphere://", "'' is not the name of a host"),
        ("vsphere://audit@", "'' is not the name of a host"),
        ("vsphere://vc/sdk", "'vc/sdk' is not the name of a host"),
        ("vsphere://vc:0", "'vc:0' is not the name of a host"),
        ("vsphere://vc:99999", "'vc:99999' is not the name of a host"),
        ("vsphere://vc#x", "'vc#x' is not the name of a host"),
        ("vsphere://vc/?folder=x", "folder is not an option of a vCenter"),
        ("vsphere://vc/?cluster=", "cluster needs one name"),
        ("vsphere://vc/?cluster=a&cluster=b", "cluster needs one name"),
        ("vsphere://audit:hunter2-secret@vc", "a password has no place in an address"),
    ],
)
def test_what_is_not_an_address(typed: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_address(typed)
    assert said in raised.value.message
    assert "hunter2" not in raised.value.message + raised.value.hint
