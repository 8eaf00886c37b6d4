"""All functions that an expression may call, by name.

Importing this package imports none of its modules: a run that restores compiled programs asks for
few functions, and gets the modules of those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from auditor.cel.functions import Function, Library, Signature

if TYPE_CHECKING:
    from collections.abc import Callable

STANDARD: Final = "auditor.cel.stdlib"

LIBRARIES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "blocks": ("blocks.share",),
        "cidr": (
            "cidr",
            "containsCIDR",
            "containsIP",
            "ip",
            "isCIDR",
            "masked",
            "prefixLength",
            "string",
        ),
        "encoders": ("base64.decode", "base64.encode"),
        "formatting": ("format",),
        "ip": (
            "family",
            "ip",
            "ip.isCanonical",
            "isGlobalUnicast",
            "isIP",
            "isLinkLocalMulticast",
            "isLinkLocalUnicast",
            "isLoopback",
            "isUnspecified",
            "string",
        ),
        "lists": (
            "distinct",
            "flatten",
            "indexOf",
            "isSorted",
            "lastIndexOf",
            "lists.range",
            "max",
            "min",
            "reverse",
            "slice",
            "sort",
            "sum",
        ),
        "math": (
            "math.abs",
            "math.bitAnd",
            "math.bitNot",
            "math.bitOr",
            "math.bitShiftLeft",
            "math.bitShiftRight",
            "math.bitXor",
            "math.ceil",
            "math.floor",
            "math.greatest",
            "math.isFinite",
            "math.isInf",
            "math.isNaN",
            "math.least",
            "math.round",
            "math.sign",
            "math.sqrt",
            "math.trunc",
        ),
        "named_format": (
            "format.byte",
            "format.date",
            "format.datetime",
            "format.dns1035Label",
            "format.dns1035LabelPrefix",
            "format.dns1123Label",
            "format.dns1123LabelPrefix",
            "format.dns1123Subdomain",
            "format.dns1123SubdomainPrefix",
            "format.labelValue",
            "format.named",
            "format.qualifiedName",
            "format.uri",
            "format.uuid",
            "validate",
        ),
        "quantity": (
            "add",
            "asApproximateFloat",
            "asInteger",
            "compareTo",
            "isGreaterThan",
            "isInteger",
            "isLessThan",
            "isQuantity",
            "quantity",
            "sign",
            "sub",
        ),
        "regex": ("find", "findAll"),
        "semver": (
            "compareTo",
            "isGreaterThan",
            "isLessThan",
            "isSemver",
            "major",
            "minor",
            "patch",
            "semver",
        ),
        "sets": ("sets.contains", "sets.equivalent", "sets.intersects"),
        "strings": (
            "charAt",
            "indexOf",
            "join",
            "lastIndexOf",
            "lowerAscii",
            "replace",
            "reverse",
            "split",
            "strings.quote",
            "substring",
            "trim",
            "upperAscii",
        ),
        "undecided": ("undecided",),
        "url": (
            "getEscapedPath",
            "getHost",
            "getHostname",
            "getPort",
            "getQuery",
            "getScheme",
            "isURL",
            "url",
        ),
    },
)
"""The extension libraries, each a module of this package, and the functions they define."""

_STANDARD_TOO: Final = frozenset({"string"})
"""The names in :data:`LIBRARIES` that the standard functions have overloads of."""


@cache
def standard_library() -> Library:
    """The standard functions and all extensions: one value, which thousands of expressions share.

    It can't be changed; it remembers the functions that it found.
    """
    return _StandardLibrary()


class _StandardLibrary(Mapping[str, Function]):
    """Functions by name, looked for when they are asked for."""

    __slots__ = ("_found", "_modules")

    def __init__(self) -> None:
        self._found: dict[str, Function] = {}
        self._modules: dict[str, list[str]] = {}
        for module, names in LIBRARIES.items():
            for name in names:
                self._modules.setdefault(name, []).append(f"{__name__}.{module}")
        for name in _STANDARD_TOO:
            self._modules[name].append(STANDARD)

    def __getitem__(self, name: str) -> Function:
        found = self._found.get(name)
        if found is None:
            modules = self._modules.get(name, (STANDARD,))
            found = _merge([_functions(module)[name] for module in modules])
            self._found[name] = found
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._modules or name in _functions(STANDARD)

    def __iter__(self) -> Iterator[str]:
        yield from self._modules
        yield from _functions(STANDARD).keys() - self._modules.keys()

    def __len__(self) -> int:
        return len(_functions(STANDARD).keys() | self._modules.keys())


def _functions(module: str) -> Library:
    """The functions that one module defines, by name."""
    found = import_module(module)
    if module == STANDARD:
        standard: Library = found.STDLIB
        return standard
    functions: tuple[Function, ...] = found.FUNCTIONS
    return {function.name: function for function in functions}


def _merge(parts: list[Function]) -> Function:
    """One function of several modules' overloads.

    The type of the first argument and the number of all choose.
    """
    first, *others = parts
    if not others:
        return first
    from auditor.cel.library.define import oldest  # noqa: PLC0415  # few functions need it

    implementations: dict[tuple[str, int], Callable[..., object]] = {}
    for part in parts:
        for signature in part.signatures:
            implementations[_shape(signature)] = part.implementation
    return Function(
        name=first.name,
        implementation=_dispatcher(first.name, implementations),
        signatures=tuple(signature for part in parts for signature in part.signatures),
        library="+".join(part.library for part in parts),
        since=oldest(part.since for part in parts),
        cost=max(part.cost for part in parts),
    )


def _shape(signature: Signature) -> tuple[str, int]:
    types = signature.args if signature.receiver is None else (signature.receiver, *signature.args)
    return types[0].name, len(types)


def _dispatcher(
    name: str, implementations: Mapping[tuple[str, int], Callable[..., object]]
) -> Callable[..., object]:
    from auditor.cel.arithmetic import no_overload, type_name  # noqa: PLC0415  # see _merge

    def call(*args: object) -> object:
        chosen = implementations.get((type_name(args[0]), len(args))) if args else None
        return no_overload(name, *args) if chosen is None else chosen(*args)

    return call
