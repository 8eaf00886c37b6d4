"""The syntax tree: frozen nodes after macro expansion.

Macros are kept as nodes of their own (:class:`Quantifier`, :class:`Transform`, :class:`Bind`,
:class:`Has`) instead of the spec's generic fold, so that the compiler can emit plain loops and the
interpreter can say which element decided. ``position`` is an offset in code points into the source
and takes no part in equality.

Operators are calls under the names of the language definition: ``_+_ _-_ _*_ _/_ _%_ -_ !_
_==_ _!=_ _<_ _<=_ _>_ _>=_ @in``. ``&&``, ``||`` and ``?:`` are :class:`Logical` and
:class:`Ternary`, because they do not evaluate all of their operands.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class _Node(msgspec.Struct, frozen=True, eq=False):
    """Two are equal when they say the same, wherever they stand."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Node) or other.__class__ is not self.__class__:
            return NotImplemented
        return _said(self) == _said(other)

    def __hash__(self) -> int:
        return hash((self.__class__, *_said(self)))


def _said(node: _Node) -> list[object]:
    """The fields of a node but its position."""
    return [getattr(node, name) for name in node.__struct_fields__ if name != "position"]


class Literal(_Node, frozen=True):
    """A constant: None, bool, int, UInt, float, str or bytes."""

    value: object
    position: int = 0


class Ident(_Node, frozen=True):
    """A variable, or a type name such as ``int`` when no variable has that name.

    ``name`` begins with a dot where the source has one and a macro around binds the same name: then
    it is the variable of the environment. See :mod:`auditor.cel.roots`.
    """

    name: str
    position: int = 0


class Select(_Node, frozen=True):
    """``operand.field``, or ``operand.?field`` when ``optional``."""

    operand: Node
    field: str
    optional: bool = False
    position: int = 0


class Has(_Node, frozen=True):
    """``has(operand.field)``."""

    operand: Node
    field: str
    position: int = 0


class Index(_Node, frozen=True):
    """``operand[index]``, or ``operand[?index]`` when ``optional``."""

    operand: Node
    index: Node
    optional: bool = False
    position: int = 0


class Call(_Node, frozen=True):
    """A function, method or operator; ``target`` is the receiver of a method, else None.

    A namespaced function such as ``math.greatest(1, 2)`` or ``ip.isCanonical(s)`` is a global call
    whose ``function`` is the dotted name.
    """

    function: str
    target: Node | None
    args: tuple[Node, ...]
    position: int = 0


class Logical(_Node, frozen=True):
    """``left && right`` (``conjunction``) or ``left || right``; both absorb errors of one side."""

    conjunction: bool
    left: Node
    right: Node
    position: int = 0


class Ternary(_Node, frozen=True):
    """``condition ? then : otherwise``."""

    condition: Node
    then: Node
    otherwise: Node
    position: int = 0


class ListLiteral(_Node, frozen=True):
    """``[a, ?b]``: ``optional[i]`` tells whether element i was written with ``?``."""

    elements: tuple[Node, ...]
    optional: tuple[bool, ...]
    position: int = 0


class MapLiteral(_Node, frozen=True):
    """``{k: v, ?k: v}``."""

    keys: tuple[Node, ...]
    values: tuple[Node, ...]
    optional: tuple[bool, ...]
    position: int = 0


class Quantifier(_Node, frozen=True):
    """``all``, ``exists`` or ``exists_one`` over a list or the keys of a map.

    With two variables, ``first`` is the index or key and ``second`` the element or value. ``kind``
    is one of ``"all"``, ``"exists"``, ``"exists_one"`` (``existsOne`` is the same).
    """

    kind: str
    operand: Node
    first: str
    second: str | None
    body: Node
    position: int = 0


class Transform(_Node, frozen=True):
    """``filter``, ``map``, ``transformList``, ``transformMap``, ``transformMapEntry``.

    ``condition`` is the optional filter; ``body`` is None for ``filter``, whose result is the
    elements themselves.
    """

    kind: str
    operand: Node
    first: str
    second: str | None
    condition: Node | None
    body: Node | None
    position: int = 0


class Bind(_Node, frozen=True):
    """``cel.bind(name, value, body)``; ``optMap`` and ``optFlatMap`` are :class:`OptMap`."""

    name: str
    value: Node
    body: Node
    position: int = 0


class OptMap(_Node, frozen=True):
    """``operand.optMap(name, body)``, or ``optFlatMap`` when ``flat``."""

    operand: Node
    name: str
    body: Node
    flat: bool
    position: int = 0


Node: TypeAlias = (
    Literal
    | Ident
    | Select
    | Has
    | Index
    | Call
    | Logical
    | Ternary
    | ListLiteral
    | MapLiteral
    | Quantifier
    | Transform
    | Bind
    | OptMap
)
