"""Random calls of library functions, made from their signatures.

Whatever is added to the library is called here without being named. Functions that read a text of
some form (an address, a version) get texts that some of them understand.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from auditor.cel import Function, Signature, Type

TEXTS: Final = (
    *("''", "'a'", "'aXbXc'", "'Größe 😀'", "' x '", "'true'", "'1'", "'-17'", "'1.5'", "'1e3'"),
    *("'500Mi'", "'2'", "'10.0.0.1'", "'::1'", "'10.0.0.0/8'", "'fd00::/8'", "'1.2.3'"),
    *("'v1.2.3-rc.1+b'", "'https://u@example.com:8443/p?q=1#f'", "'a-b.c'", "'YQ=='", "'a,b'"),
    *("'2024-02-29T12:30:45.5Z'", "'1h30m'", "'^[a-z]+$'", "'(a)|b'", "'%s %d'", "'UTC'"),
)
_ADDRESSES: Final = ("'10.0.0.1'", "'10.1.0.0'", "'::1'", "'fd00::a'", "'127.0.0.1'")
_NETWORKS: Final = ("'10.0.0.0/8'", "'10.0.0.1/32'", "'fd00::/8'", "'0.0.0.0/0'")
_QUANTITIES: Final = ("'500Mi'", "'2'", "'1500m'", "'-1Ki'", "'0'", "'9e18'", "'1.5'")
_URLS: Final = ("'https://u@example.com:8443/p?q=1#f'", "'http://[::1]/'", "'/a/b'")
_VERSIONS: Final = ("'1.2.3'", "'1.2.4-rc.1+b'", "'v1.2'", "'0.0.0'")
FITTING: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("ip", "isIP", "ip.isCanonical", "containsIP"), _ADDRESSES),
    **dict.fromkeys(("cidr", "isCIDR", "containsCIDR"), _NETWORKS),
    "blocks.share": _NETWORKS,
    **dict.fromkeys(("quantity", "isQuantity"), _QUANTITIES),
    **dict.fromkeys(("url", "isURL"), _URLS),
    **dict.fromkeys(("semver", "isSemver"), _VERSIONS),
    **dict.fromkeys(("matches", "find", "findAll"), ("'[a-z]+'", "'^a|b$'", "'x*'", "'a'")),
    "timestamp": ("'2024-02-29T12:30:45.5Z'", "'2020-06-01T00:00:00+05:30'"),
    "duration": ("'1h30m'", "'-1.5s'", "'0s'"),
    "format": ("'%s'", "'%d'", "'%s %s'", "'100%%'", "'%.2f'", "'%x'"),
    "format.named": ("'dns1123Label'", "'uuid'"),
    "base64.decode": ("'YQ=='", "'YWI'", "''"),
}
"""Texts that functions understand: half of the texts that they are called with."""

CONSTANTS: Final[Mapping[str, tuple[str, ...]]] = {
    "bool": ("true", "false"),
    "int": ("0", "1", "2", "-1", "7", "63", "9223372036854775807", "-9223372036854775808"),
    "uint": ("0u", "1u", "7u", "18446744073709551615u"),
    "double": ("0.0", "1.0", "-2.5", "1e300", "0.0 / 0.0", "1.0 / 0.0"),
    "string": TEXTS,
    "bytes": ("b''", "b'a'", r"b'\xff\x00'"),
    "null_type": ("null",),
    "google.protobuf.Timestamp": ("timestamp(0)", "timestamp('2024-02-29T12:30:45.5Z')"),
    "google.protobuf.Duration": ("duration('1s')", "duration('-90m')", "duration('0s')"),
    "type": ("int", "type('')"),
    "dyn": ("1", "'a'", "null", "[1]", "x", "x.name", "x.labels"),
    "object": ("x",),
}
PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "bool": ("x.spec.hostNetwork",),
    "int": ("x.spec.priority", "x.ports[0]"),
    "double": ("x.spec.weight",),
    "string": ("x.metadata.name", "x.metadata.labels.app", "x.spec.containers[0].image"),
    "list": ("x.ports", "x.spec.containers", "x.spec.containers.map(c, c.name)"),
    "map": ("x.metadata.labels", "x.spec"),
}
ELEMENTS: Final = ("int", "string", "double", "bool", "uint")
MISTYPED: Final = 0.05


class Calls:
    """Writes calls of the functions of a library; the same random source gives the same ones."""

    def __init__(self, random: Random, functions: Mapping[str, Function]) -> None:
        self._random = random
        self._makers: dict[str, list[tuple[str, Signature]]] = {}
        for name in sorted(functions):
            for signature in functions[name].signatures:
                kind = signature.result.name
                self._makers.setdefault(kind, []).append((name, signature))

    def call(self, name: str, signature: Signature, depth: int = 2) -> str:
        """A call of one overload."""
        names: dict[str, Type] = {}
        args = [self._argument(name, self._bound(kind, names), depth) for kind in signature.args]
        written = f"{name}({', '.join(args)})"
        if signature.receiver is None:
            return written
        receiver = self._argument(name, self._bound(signature.receiver, names), depth)
        return f"({receiver}).{written}"

    def _argument(self, name: str, kind: Type, depth: int) -> str:
        if kind.name == "string" and name in FITTING and self._random.random() < 0.5:
            return self._random.choice(FITTING[name])
        if kind.name == "list" and name in FITTING and self._random.random() < 0.5:
            return f"[{', '.join(self._random.choices(FITTING[name], k=2))}]"
        return self._value(kind, depth)

    def _bound(self, kind: Type, names: dict[str, Type]) -> Type:
        """``kind`` with a type for each of its variables."""
        if kind.name.startswith("?"):
            return names.setdefault(kind.name, Type(self._random.choice(ELEMENTS)))
        return Type(kind.name, tuple(self._bound(arg, names) for arg in kind.args))

    def _value(self, kind: Type, depth: int) -> str:
        random = self._random
        if random.random() < MISTYPED:
            kind = Type(random.choice(tuple(CONSTANTS)))
        form = random.random()
        if form < 0.3 and kind.name in PATHS:
            return random.choice(PATHS[kind.name])
        if depth > 0 and form < 0.5 and kind.name in self._makers and not kind.args:
            return self.call(*random.choice(self._makers[kind.name]), depth - 1)
        match kind:
            case Type("list", (element,)):
                parts = [self._value(element, depth - 1) for _ in range(random.randrange(4))]
                return f"[{', '.join(parts)}]"
            case Type("map", (key, value)):
                return f"{{{self._value(key, 0)}: {self._value(value, depth - 1)}}}"
            case Type("optional_type", (inner,)):
                some = f"optional.of({self._value(inner, depth - 1)})"
                return random.choice((some, some, "optional.none()", "x.?labels"))
        if kind.name in CONSTANTS:
            return random.choice(CONSTANTS[kind.name])
        makers = self._makers.get(kind.name)
        if not makers:
            return "x"
        shallow = [maker for maker in makers if maker[1].receiver is None] or makers
        return self.call(*random.choice(shallow), depth - 1)
