"""Published ports: ``8080:80``, ``127.0.0.1:9000-9001:90-91/udp``, ``[::1]:53:53/udp``."""

from __future__ import annotations

import ipaddress
from typing import Final

import msgspec

from collectors.docker.compose.interpolation import is_open
from collectors.docker.compose.nodes import Node, NotResolved
from collectors.docker.compose.texts import go_text

_PROTOCOLS: Final = frozenset({"tcp", "udp", "sctp"})
_MOST: Final = 1 << 16
_HINT: Final = "a port is written ADDRESS:PUBLISHED:TARGET/PROTOCOL"


class _Spec(msgspec.Struct, frozen=True):
    address: str
    published: str
    target: str
    protocol: str


def ports_of(node: Node) -> Node:
    """Write the ports of a service in long form, each of a range by itself."""
    if not isinstance(node.value, list):
        raise NotResolved("ports are a list", node)
    made: list[Node] = []
    for item in node.value:
        if isinstance(item.value, dict):
            made.append(item)
        elif isinstance(item.value, str | int) and not isinstance(item.value, bool):
            made += _of_text(item, str(item.value))
        else:
            raise NotResolved("not a port", item, _HINT)
    return node.with_value(made)


def _of_text(item: Node, text: str) -> list[Node]:
    spec = _taken_apart(text)
    if is_open(spec.target) or is_open(spec.published) or is_open(spec.address):
        return [_open_port(item, spec)]
    address = _address(item, spec.address)
    start, end = _range(item, spec.target)
    first, last = _range(item, spec.published) if spec.published else (0, 0)
    if spec.published and last - first != end - start and start != end:
        raise NotResolved(f"the two ranges of {text} are not equally long", item, _HINT)
    if spec.protocol.lower() not in _PROTOCOLS:
        raise NotResolved(f"{spec.protocol} is not a protocol", item, _HINT)
    made = []
    for number in range(end - start + 1):
        published = str(first + number) if spec.published else ""
        if start == end and first != last:
            published = f"{first}-{last}"
        made.append((str(start + number), published))
    # as Compose sorts them: by their text
    return [
        _port(item, address, published, int(target), spec.protocol.lower())
        for target, published in sorted(made, key=lambda each: f"{each[0]}/")
    ]


def _taken_apart(text: str) -> _Spec:
    *before, last = text.split(":")
    target, _, protocol = last.partition("/")
    published = before.pop() if before else ""
    return _Spec(":".join(before), published, target, protocol or "tcp")


def _open_port(item: Node, spec: _Spec) -> Node:
    """A port of which a part is not known; an open one in front may bring an address along."""
    address = spec.address or (spec.published if is_open(spec.published) else "")
    target: int | str = spec.target
    if not spec.published and not spec.address and is_open(spec.target):
        address, published = spec.target, spec.target
    else:
        published = spec.published
    if spec.target.isdecimal():
        target = int(spec.target)
    return _port(item, address, published, target, spec.protocol)


def _port(item: Node, address: str, published: str, target: int | str, protocol: str) -> Node:
    values: dict[str, str | int] = {"mode": "ingress", "target": target, "protocol": protocol}
    if address:
        values["host_ip"] = address
    if published:
        values["published"] = published
    return item.with_value({key: item.with_value(value) for key, value in values.items()})


def _address(item: Node, text: str) -> str:
    if not text:
        return ""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ":" in bare and bare is text:
        raise NotResolved(f"{text} is not an address", item, "an IPv6 address stands in [ ]")
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        raise NotResolved(f"{text} is not an address", item, _HINT) from None
    return bare


def _range(item: Node, text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    numbers = [first, last.partition("-")[0]] if "-" in text else [first, first]
    if not all(each.isascii() and each.isdecimal() and int(each) < _MOST for each in numbers):
        raise NotResolved(f"{text or 'nothing'} is not a port", item, _HINT)
    start, end = int(numbers[0]), int(numbers[1])
    if end < start:
        raise NotResolved(f"{text} ends before it begins", item, _HINT)
    return start, end


def port_key(node: Node) -> str:
    """What tells a port from others: one that is published twice alike is one."""
    value = node.value
    if not isinstance(value, dict):
        return go_text(value) if not isinstance(value, list) else ""
    target = value.get("target")
    if target is None:
        raise NotResolved("a port without a target", node)
    found = {
        name: go_text(field.value) if not isinstance(field.value, dict | list) else ""
        for name, field in value.items()
    }
    address, protocol = found.get("host_ip", "0.0.0.0"), found.get("protocol", "tcp")  # noqa: S104 - compared, not bound
    return f"{address}:{found.get('published', '<nil>')}:{found['target']}/{protocol}"
