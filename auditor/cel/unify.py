"""Which types fit which, while some are not known yet.

Gradual: ``dyn`` fits everything. A type variable is bound by what it first has to fit, and becomes
more general when something more general comes along; the rules are those of the checker of cel-go
(``checker/types.go``), so that what fits there fits here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from auditor.cel.functions import Signature
from auditor.cel.types import DYN, NULL, Type

_NEVER_NULL: Final = frozenset(
    ("bool", "int", "uint", "double", "string", "bytes", "list", "map", "type")
)


def is_variable(kind: Type) -> bool:
    """Whether a type is a variable of a signature or of a :class:`Unifier`."""
    return kind.name[0] == "?"


class Unifier:
    """The type variables of one expression and what they stand for."""

    __slots__ = ("_bound", "_count", "_undo")

    def __init__(self) -> None:
        self._bound: dict[str, Type] = {}
        self._undo: list[tuple[str, Type | None]] = []
        self._count = 0

    def fresh(self) -> Type:
        """A new variable."""
        self._count += 1
        return Type(f"?{self._count}")

    def instantiate(self, signature: Signature) -> tuple[tuple[Type, ...], Type]:
        """The parameters, receiver first, and the result, with variables of their own."""
        names: dict[str, Type] = {}
        given = signature.args
        if signature.receiver is not None:
            given = (signature.receiver, *given)
        return tuple(self._rename(each, names) for each in given), self._rename(
            signature.result, names
        )

    def _rename(self, kind: Type, names: dict[str, Type]) -> Type:
        if is_variable(kind):
            if kind.name not in names:
                names[kind.name] = self.fresh()
            return names[kind.name]
        if not kind.args:
            return kind
        return Type(kind.name, tuple(self._rename(each, names) for each in kind.args))

    def resolve(self, kind: Type) -> Type:
        """``kind`` with the variables replaced that are bound."""
        bound = self._bound.get(kind.name)
        if bound is not None:
            return self.resolve(bound)
        if not kind.args:
            return kind
        return Type(kind.name, tuple(map(self.resolve, kind.args)))

    def settle(self, kind: Type) -> Type:
        """``kind`` without variables: what is still free can be anything."""
        return _settle(self.resolve(kind))

    def fits(self, given: Type, wanted: Type) -> bool:
        """Whether a value of one type can be where the other is wanted; binds variables if so."""
        return self.all_fit((given,), (wanted,))

    def all_fit(self, given: Iterable[Type], wanted: Iterable[Type]) -> bool:
        """As :meth:`fits` for each pair; if one does not fit, nothing is bound."""
        mark = len(self._undo)
        if all(map(self._fits, given, wanted)):
            return True
        while len(self._undo) > mark:
            name, before = self._undo.pop()
            if before is None:
                del self._bound[name]
            else:
                self._bound[name] = before
        return False

    def _fits(self, given: Type, wanted: Type) -> bool:
        if is_variable(wanted):
            fits, known = self._bind(wanted, given)
            if fits or known:
                return fits
        if is_variable(given):
            return self._bind(given, wanted)[0]
        if DYN in (given, wanted):
            return True
        if NULL in (given, wanted):
            return not {given.name, wanted.name} & _NEVER_NULL
        if given.name != wanted.name or len(given.args) != len(wanted.args):
            return False
        return given.name == "type" or all(map(self._fits, given.args, wanted.args))

    def _bind(self, variable: Type, kind: Type) -> tuple[bool, bool]:
        """Whether a variable can stand for a type, and whether it already stood for one."""
        known = self._bound.get(variable.name)
        if kind in (variable, known):
            return True, True
        if known is None:
            free = not self._occurs(variable, kind)
            if free:
                self._set(variable, kind)
            return free, False
        if not self._fits(kind, known):
            return False, True
        general = kind if _covers(kind, known) else known
        if not self._occurs(variable, general):
            self._set(variable, general)
        return True, True

    def _set(self, variable: Type, kind: Type) -> None:
        self._undo.append((variable.name, self._bound.get(variable.name)))
        self._bound[variable.name] = kind

    def _occurs(self, variable: Type, kind: Type) -> bool:
        if kind == variable:
            return True
        if is_variable(kind):
            bound = self._bound.get(kind.name)
            return bound is not None and self._occurs(variable, bound)
        return any(self._occurs(variable, each) for each in kind.args)


def more_general(first: Type, second: Type) -> Type:
    """The more general one of two types that fit each other."""
    return first if _covers(first, second) else second


def _covers(general: Type, special: Type) -> bool:
    if general == DYN or is_variable(general):
        return True
    if special == DYN or is_variable(special) or general.name != special.name:
        return False
    return general.name == "type" or all(map(_covers, general.args, special.args))


def _settle(kind: Type) -> Type:
    if is_variable(kind):
        return DYN
    return Type(kind.name, tuple(map(_settle, kind.args))) if kind.args else kind
