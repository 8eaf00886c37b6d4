"""Which functions and forms of the language an expression uses, and since which Kubernetes.

The versions of forms are those of the API server's CEL environment (kubernetes/apiserver,
``pkg/cel/environment/base.go``); each function carries its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

import msgspec

from auditor.cel.ast import (
    Bind,
    Call,
    Has,
    Ident,
    Index,
    ListLiteral,
    MapLiteral,
    Node,
    OptMap,
    Quantifier,
    Select,
    Transform,
)
from auditor.cel.functions import NEVER, Library
from auditor.cel.roots import is_rooted
from auditor.cel.walk import walk

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED: Final = frozenset({"false", "in", "null", "true"})
_OPTIONALS: Final = "1.28"
_TWO_VARIABLES: Final = "1.32"
_ROOTS: Final = "1.37"
"""Servers before read a leading dot as nothing there, and accept the expression."""


Ages: TypeAlias = Mapping[tuple[str, int], str]
"""The Kubernetes version that brought what a call needs, by the name and position of the call."""


class Feature(msgspec.Struct, frozen=True):
    """A use of a function or form.

    Attributes:
        name: What it is called in a message.
        since: The Kubernetes minor version that brought it, ``""`` or :data:`NEVER`.
        position: Where it is used, in code points.
        function: The name of the function, or ``""`` for a form.
    """

    name: str
    since: str
    position: int
    function: str = ""


def features(node: Node, functions: Library, ages: Ages) -> Iterator[Feature]:
    """Everything in ``node`` that not every Kubernetes has, and all functions.

    ``ages`` are the versions of calls whose overload is known; other calls count as their oldest.
    """
    for part in walk(node):
        feature = _feature(part, functions, ages)
        if feature is not None:
            yield feature


def _feature(node: Node, functions: Library, ages: Ages) -> Feature | None:
    match node:
        case Call(function=name) if name in functions:
            since = ages.get((name, node.position), functions[name].since)
            return Feature(f'function "{name}"', since, node.position, name)
        case Call(function=name) if ages.get((name, node.position)):
            since = ages[name, node.position]
            return Feature("the order of numbers of two types", since, node.position)
        case ListLiteral() | MapLiteral() if any(node.optional):
            return Feature("optional values", _OPTIONALS, node.position)
        case Quantifier(second=str()) | Transform(second=str()):
            return Feature("macros with two variables", _TWO_VARIABLES, node.position)
        case Ident(name) if is_rooted(name):
            return Feature(f"{name} under a macro of that name", _ROOTS, node.position)
        case Select(Ident("kubernetes" | ".kubernetes"), "Quantity" | "Semver" | "URL"):
            return Feature("the name of a type of Kubernetes", NEVER, node.position)
        case Select(field=name) | Has(field=name) if not _NAME.fullmatch(name) or name in _QUOTED:
            return Feature("a field in backquotes", NEVER, node.position)
        case Select(optional=True) | Index(optional=True) | OptMap():
            return Feature("optional values", _OPTIONALS, node.position)
        case Bind():
            return Feature("cel.bind", NEVER, node.position)
        case _:
            return None


def newest(used: Iterable[Feature]) -> str:
    """The version that has all of ``used``: the newest of theirs."""
    return max((feature.since for feature in used), key=rank, default="")


def rank(version: str) -> tuple[int, ...]:
    """A sort key for versions such as ``"1.28"`` and ``"v1.28"``, ``""`` and :data:`NEVER`."""
    if version == NEVER:
        return (1_000_000,)
    return tuple(map(int, version.removeprefix("v").split("."))) if version else ()
