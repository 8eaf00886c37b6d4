"""Addresses and networks: the answers are those of Kubernetes 1.35 for the same calls."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cel import DYN, CelCheckError, CelEvalError, Environment

ENVIRONMENT = Environment({"x": DYN, "y": DYN})
UNCHECKED = Environment({"x": DYN, "y": DYN}, checked=False)

ADDRESSES = {
    "IPv4": ("127.0.0.1", True),
    "IPv6": ("2001:db8::1", True),
    "all zeros": ("::", True),
    "capitals": ("FE80::A", True),
    "an IPv4 tail": ("::1.2.3.4", True),
    "one group left out": ("1:2:3:4:5:6:7::", True),
    "leading zeros in a group": ("2001:0db8::1", True),
    "nothing": ("", False),
    "a leading zero": ("127.0.0.01", False),
    "too large a number": ("127.0.0.256", False),
    "three numbers": ("127.0.1", False),
    "a space": ("127.0.0.1 ", False),
    "a network": ("10.0.0.0/8", False),
    "a zone": ("fe80::1%eth0", False),
    "mapped": ("::ffff:1.2.3.4", False),
    "mapped in hexadecimal": ("::ffff:102:304", False),
    "two gaps": ("1::2::3", False),
    "five digits": ("::00001", False),
    "digits of another script": ("127.0.0.\u0661", False),
    "a million characters": ("1" * 10**6, False),
}


@pytest.mark.parametrize(("text", "expected"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_is_ip(text: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert ENVIRONMENT.compile("isIP(x)").run(text, None) is expected
    if not expected:
        with pytest.raises(CelEvalError, match="IP"):
            ENVIRONMENT.compile("ip(x)").run(text, None)


KINDS = (
    "[ip(x).isUnspecified(), ip(x).isLoopback(), ip(x).isLinkLocalMulticast(),"
    " ip(x).isLinkLocalUnicast(), ip(x).isGlobalUnicast()]"
)
OF_KIND: dict[str, tuple[str, str]] = {
    "unspecified": ("0.0.0.0", "unspecified"),  # noqa: S104 - an address to look at, not to bind to
    "unspecified 6": ("::", "unspecified"),
    "loopback": ("127.255.0.1", "loopback"),
    "loopback 6": ("::1", "loopback"),
    "link-local multicast": ("224.0.0.251", "multicast"),
    "link-local multicast 6": ("ff02::fb", "multicast"),
    "link-local multicast with flags": ("ff32::1", "multicast"),
    "other multicast": ("224.0.1.1", ""),
    "other multicast 6": ("ff05::1", ""),
    "link-local": ("169.254.169.254", "link-local"),
    "link-local 6": ("febf::1", "link-local"),
    "private": ("10.0.0.1", "global"),
    "unique local": ("fd00::1", "global"),
    "public": ("8.8.8.8", "global"),
    "broadcast": ("255.255.255.255", ""),
    "the next of all": ("fec0::1", "global"),
}


@pytest.mark.parametrize(("text", "kind"), OF_KIND.values(), ids=OF_KIND.keys())
def test_kinds(text: str, kind: str) -> None:
    names = ("unspecified", "loopback", "multicast", "link-local", "global")
    found = ENVIRONMENT.compile(KINDS).run(text, None)
    assert found == [name == kind for name in names]


VALUES: dict[str, tuple[str, object]] = {
    "family 4": ("ip('10.0.0.1').family()", 4),
    "family 6": ("ip('::1').family()", 6),
    "canonical": ("ip.isCanonical('2001:db8::1')", True),
    "capitals are not canonical": ("ip.isCanonical('2001:DB8::1')", False),
    "zeros are not canonical": ("ip.isCanonical('2001:db8:0:0:0:0:0:1')", False),
    "text": ("string(ip('2001:DB8:0:0:1:0:0:1'))", "2001:db8::1:0:0:1"),
    "equal": ("ip('::0001') == ip('::1')", True),
    "families differ": ("ip('0.0.0.0') == ip('::')", False),
    "type": ("type(ip('::1')) == net.IP", True),
    "a network": ("isCIDR('10.0.0.1/8')", True),
    "a network of all": ("isCIDR('::/0')", True),
    "no length": ("isCIDR('10.0.0.0')", False),
    "an empty length": ("isCIDR('10.0.0.0/')", False),
    "too long a length": ("isCIDR('10.0.0.0/33')", False),
    "a length with zeros": ("isCIDR('10.0.0.0/08')", False),
    "a signed length": ("isCIDR('10.0.0.0/+8')", False),
    "a mapped network": ("isCIDR('::ffff:1.2.3.4/120')", False),
    "contains a text": ("cidr('10.0.0.0/8').containsIP('10.1.2.3')", True),
    "contains an address": ("cidr('10.0.0.0/8').containsIP(ip('11.0.0.0'))", False),
    "contains none of the other family": ("cidr('::/0').containsIP('10.0.0.1')", False),
    "contains a network": ("cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", True),
    "contains itself": ("cidr('10.0.0.0/8').containsCIDR(cidr('10.9.0.0/8'))", True),
    "does not contain a larger one": ("cidr('10.0.0.0/8').containsCIDR('10.0.0.0/7')", False),
    "address of a network": ("string(cidr('10.1.2.3/8').ip())", "10.1.2.3"),
    "masked": ("string(cidr('10.1.2.3/8').masked())", "10.0.0.0/8"),
    "masked to nothing": ("string(cidr('2001:db8::1/0').masked())", "::/0"),
    "length": ("cidr('10.0.0.0/8').prefixLength()", 8),
    "not masked, not equal": ("cidr('10.1.2.3/8') == cidr('10.0.0.0/8')", False),
    "type of a network": ("type(cidr('::/0')) == net.CIDR", True),
    "other texts": ("[string(1), string(b'a'), string('b')]", ["1", "a", "b"]),
}


@pytest.mark.parametrize(("source", "expected"), VALUES.values(), ids=VALUES.keys())
def test_values(source: str, expected: object) -> None:
    environment = UNCHECKED if source.startswith("[string") else ENVIRONMENT
    assert environment.compile(source).run(None, None) == expected


FAULTS = {
    "no address in a network": ("cidr('10.0.0.0/8').containsIP('a')", "no IP address"),
    "no network in a network": ("cidr('10.0.0.0/8').containsCIDR('10.0.0.0')", "no IP address"),
    "canonical form of none": ("ip.isCanonical('a')", "no IP address"),
    "no length": ("cidr('10.0.0.0/33')", "no length of a network"),
    "family of a text": ("dyn('a').family()", "no such overload: family(string)"),
    "a number in a network": (
        "cidr('10.0.0.0/8').containsIP(dyn(1))",
        "no such overload: containsIP(net.CIDR, int)",
    ),
    "text of a list": ("string(dyn([]))", "no such overload: string(list)"),
}


@pytest.mark.parametrize(("source", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_faults(source: str, message: str) -> None:
    with pytest.raises(CelEvalError) as caught:
        UNCHECKED.compile(source).run(None, None)
    assert str(caught.value) == message


@pytest.mark.parametrize("source", ["ip(1)", "cidr('::/0').containsIP(1)", "ip('::1').masked()"])
def test_refused_when_loaded(source: str) -> None:
    with pytest.raises(CelCheckError):
        ENVIRONMENT.compile(source)


def test_since() -> None:
    assert ENVIRONMENT.compile("string(ip(x)) == x").since() == "1.30"
    assert ENVIRONMENT.compile("string(1) == '1'").since() == ""


IPS = st.one_of(
    st.ip_addresses(v=4), st.ip_addresses(v=6).filter(lambda address: address.ipv4_mapped is None)
)


@given(IPS, st.integers(0, 128), IPS)
def test_against_python(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    length: int,
    other: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    length = min(length, address.max_prefixlen)
    network = ipaddress.ip_network((address, length), strict=False)
    source = "[string(cidr(x).masked()), cidr(x).containsIP(y), string(cidr(x).ip())]"
    found = UNCHECKED.compile(source).run(f"{address}/{length}", str(other))
    assert found == [str(network), other in network, str(address)]
