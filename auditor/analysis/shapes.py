"""What rules may read of a kind beyond its body: lists joined from parts, and fields that vary.

A shape is data, so that the engine joins, slices and points back without naming a platform.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from auditor.secrets.hints import find

Path = tuple[str, ...]
Place = tuple[str | int, ...]

_NAMES: frozenset[Path] = frozenset(
    {("name",), ("kind",), ("metadata", "name"), ("metadata", "namespace"), ("owner", "name")}
)


class Shape(msgspec.Struct, frozen=True):
    """``joined`` maps a virtual field to the lists that it concatenates, in order.

    ``volatile`` are sets of paths (``*`` is any element) whose values differ between otherwise
    equal resources, those that differ most last; a rule is memoised by the last that it reads of.
    ``names`` are paths to what only says whom a finding is about, when its message shows it: names,
    and the first few users of an account, who come and go.
    ``noise`` are names with a random ending: their beginning, by pattern, and the name that rules
    see instead.
    ``repeated`` is the field that is the same, byte for byte, in resources of one origin, but for
    noise and for ``apart``: a path in it that tells them apart, with the beginning of its JSON and
    a pattern for it.
    """

    joined: Mapping[str, tuple[Path, ...]] = MappingProxyType({})
    named: Mapping[str, tuple[Path, str]] = MappingProxyType({})
    volatile: tuple[tuple[Path, ...], ...] = ()
    names: frozenset[Path] = _NAMES
    noise: tuple[bytes, re.Pattern[bytes], bytes] | None = None
    repeated: str = ""
    apart: tuple[Path, bytes, re.Pattern[bytes]] | None = None

    def parts_of(self, path: Path) -> tuple[Path, ...]:
        """The lists that the one at a path is joined from; itself when it is not joined."""
        return self.joined.get(path[0], (path,)) if len(path) == 1 else (path,)

    def quiet(self, data: bytes) -> bytes:
        """JSON (or a slice of it) as rules see it: without the noise."""
        return data if self.noise is None else replaced(data, *self.noise)


def replaced(data: bytes, beginning: bytes, pattern: re.Pattern[bytes], name: bytes) -> bytes:
    """As ``pattern.sub(name, data)``, of a pattern whose matches all have one beginning.

    The beginning is looked for at the speed of memory, the pattern only where it is.
    """
    parts: list[bytes] = []
    done, at = 0, find(data, beginning)
    while at >= 0:
        match = pattern.match(data, at)
        if match is not None:
            parts += (data[done:at], name)
            done = match.end()
        at = find(data, beginning, at + 1 if match is None else done)
    return b"".join((*parts, data[done:])) if parts else data


_CONTAINERS: tuple[Path, ...] = (
    ("spec", "initContainers"),
    ("spec", "containers"),
    ("spec", "ephemeralContainers"),
)

_POD_TEMPLATE = Shape(
    joined=MappingProxyType({"allContainers": _CONTAINERS}),
    volatile=(
        tuple((*path, "*", field) for path in _CONTAINERS for field in ("env", "args", "command")),
        (("metadata",), ("owner", "name")),
    ),
    # the volume of the service account's token, as ServiceAccount admission names it
    noise=(
        b"kube-api-access-",
        re.compile(rb"kube-api-access-[a-z0-9]{5}"),
        b"kube-api-access",
    ),
    repeated="spec",
    apart=(("spec", "nodeName"), b'"nodeName":"', re.compile(rb'"nodeName":"[^"]*"')),
)

# A direction that ``policyTypes`` does not name means nothing, whatever its rules. Where it names
# none, the API server fills in Ingress, and Egress if there are rules for it: each that has rules.
_NETWORK_POLICY = Shape(
    joined=MappingProxyType(
        {
            "ingressInEffect": (("spec", "ingress"),),
            "egressInEffect": (("spec", "egress"),),
        }
    ),
    named=MappingProxyType(
        {
            "ingressInEffect": (("spec", "policyTypes"), "Ingress"),
            "egressInEffect": (("spec", "policyTypes"), "Egress"),
        }
    ),
)

SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "k8s/PodTemplate": _POD_TEMPLATE,
        "k8s/PodTemplatePatch": _POD_TEMPLATE,
        "k8s/NetworkPolicy": _NETWORK_POLICY,
        "k8s/AccountUse": Shape(names=_NAMES | {("users",), ("namespace",)}),
    }
)

_PLAIN = Shape()


def shape_of(kind: str) -> Shape:
    """The shape of a resource kind; a kind without one is judged as it was read."""
    return SHAPES.get(kind, _PLAIN)


def prepare(kind: str, body: dict[str, object]) -> dict[str, object]:
    """Return ``body`` with the joined lists of its kind added, for one resource at a time.

    A part that is absent or null adds nothing. A part of another type leaves the joined field out,
    so that an expression that reads it has an error, and the rule no verdict.
    """
    shape = shape_of(kind)
    if not shape.joined:
        return body
    prepared = dict(body)
    for name, parts in shape.joined.items():
        joined = join(body, parts)
        if name in shape.named and joined is not None:
            where, value = shape.named[name]
            names = join(body, (where,))
            joined = None if names is None else joined if not names or value in names else []
        prepared.pop(name, None)
        if joined is not None:
            prepared[name] = joined
    return prepared


def join(body: dict[str, object], parts: tuple[Path, ...]) -> list[object] | None:
    """Concatenate the lists at ``parts``; None when one of them is something else."""
    joined: list[object] = []
    for path in parts:
        value: object = body
        for name in path:
            if value is None:
                break
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        if value is None:
            continue
        if not isinstance(value, list):
            return None
        joined += value
    return joined


def resolve_joined(path: Place, body: dict[str, object], shape: Shape) -> Place:
    """Turn a path through a joined list into the path of the part that holds the element."""
    if not path or path[0] not in shape.joined:
        return path
    parts = shape.joined[str(path[0])]
    if len(path) == 1 or not isinstance(path[1], int):
        return parts[0]
    index = path[1]
    for part in parts:
        value: object = body
        for field in part:
            value = value.get(field) if isinstance(value, dict) else None
        length = len(value) if isinstance(value, list) else 0
        if index < length:
            return (*part, index, *path[2:])
        index -= length
    return path
