"""What the checker says about types that do not fit, in the words of a rule's author."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from auditor.cel.functions import Function, Library, Signature
from auditor.cel.types import Type

_SHORT: Final[Mapping[str, str]] = {
    "google.protobuf.Timestamp": "timestamp",
    "google.protobuf.Duration": "duration",
    "null_type": "null",
    "optional_type": "optional",
}
_CONVERTIBLE: Final = frozenset({"int", "uint", "double", "string"})
_MAX_SHOWN: Final = 6


def spell(kind: Type) -> str:
    """A type as messages show it: ``?A`` is ``A``, times and optionals have short names."""
    name = _SHORT.get(kind.name, kind.name.removeprefix("?"))
    return f"{name}({', '.join(map(spell, kind.args))})" if kind.args else name


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint at the nearest known name, empty if none is near."""
    import difflib  # noqa: PLC0415 - only who is wrong waits for it

    close = difflib.get_close_matches(name, sorted(known), 1)
    return f"did you mean {close[0]!r}?" if close else ""


def operator_complaint(
    operator: str, given: Sequence[Type], overloads: Sequence[Signature]
) -> tuple[str, str]:
    """Message and hint for operands that an operator has no overload for."""
    symbol = operator.strip("_@")
    message = f"{_applied(symbol, given)} has no overload"
    match operator:
        case "_==_" | "_!=_":
            hint = "both sides must be of one type" + _conversion(given)
        case "@in":
            hint = "the right side is a list, or a map with keys, of what is on the left"
            if given[1].name == "string":
                hint = "for a part of a text write text.contains(part)"
        case "_[_]" | "_[?_]":
            hint = "a list takes an int, a map takes a key of its own type"
        case "!_":
            hint = "! takes a bool; compare with == to get one"
        case _:
            hint = f"{symbol} takes {_shown(symbol, given, overloads)}" + _conversion(given)
    return message, hint


def call_complaint(function: Function, given: Sequence[Type], *, method: bool) -> tuple[str, str]:
    """Message and hint for a call whose form, number or types of arguments are wrong."""
    name = function.name
    same_form = [each for each in function.signatures if (each.receiver is not None) == method]
    shown = same_form or function.signatures
    usage = f"write {_listed(_usage(name, each) for each in shown)}"
    count = len(given) - method
    if not same_form:
        return f"{name}() is {'not a method' if method else 'a method'}", usage
    if all(len(each.args) != count for each in same_form):
        plural = "" if count == 1 else "s"
        return f"{name}() does not take {count} argument{plural} here", usage
    return f"{_called(name, given, method=method)} has no overload", usage


def unknown_function(name: str, functions: Library) -> tuple[str, str]:
    """Message and hint for a function that does not exist."""
    return f"unknown function {name!r}", did_you_mean(name, functions)


def _applied(symbol: str, given: Sequence[Type]) -> str:
    if symbol in {"[", "[?"} or symbol.startswith("["):
        opening = "[?" if "?" in symbol else "["
        return f"{spell(given[0])}{opening}{spell(given[1])}]"
    if len(given) == 1:
        return f"{symbol}{spell(given[0])}"
    return f"{spell(given[0])} {symbol} {spell(given[1])}"


def _conversion(given: Sequence[Type]) -> str:
    names = sorted({each.name for each in given})
    if len(names) < 2 or not _CONVERTIBLE.issuperset(names):
        return ""
    to = "string" if "string" in names else "double" if "double" in names else names[0]
    return f"; convert one, for example with {to}()"


def _shown(symbol: str, given: Sequence[Type], overloads: Sequence[Signature]) -> str:
    """The overloads that take one of the given operands in its place, or else all."""
    near = [
        each
        for each in overloads
        if any(want.name == kind.name for want, kind in zip(each.args, given, strict=True))
    ]
    return _listed(_applied(symbol, each.args) for each in near or overloads)


def _usage(name: str, signature: Signature) -> str:
    given = signature.args
    method = signature.receiver is not None
    if signature.receiver is not None:
        given = (signature.receiver, *given)
    return _called(name, given, method=method)


def _called(name: str, given: Sequence[Type], *, method: bool) -> str:
    receiver = f"{spell(given[0])}." if method else ""
    return f"{receiver}{name}({', '.join(map(spell, given[method:]))})"


def _listed(parts: Iterable[str]) -> str:
    """``a, b or c``, shortened."""
    unique = list(dict.fromkeys(parts))
    if len(unique) > _MAX_SHOWN:
        unique = [*unique[:_MAX_SHOWN], "..."]
        return ", ".join(unique)
    *most, last = unique
    return f"{', '.join(most)} or {last}" if most else last
