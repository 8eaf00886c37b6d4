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

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: None, bool, int, UInt, float, str or bytes."""

    value: object
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Ident:
    """A variable, or a type name such as ``int`` when no variable has that name."""

    name: str
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Select:
    """``operand.field``, or ``operand.?field`` when ``optional``."""

    operand: Node
    field: str
    optional: bool = False
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Has:
    """``has(operand.field)``."""

    operand: Node
    field: str
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Index:
    """``operand[index]``, or ``operand[?index]`` when ``optional``."""

    operand: Node
    index: Node
    optional: bool = False
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function, method or operator; ``target`` is the receiver of a method, else None.

    A namespaced function such as ``math.greatest(1, 2)`` or ``ip.isCanonical(s)`` is a global call
    whose ``function`` is the dotted name.
    """

    function: str
    target: Node | None
    args: tuple[Node, ...]
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Logical:
    """``left && right`` (``conjunction``) or ``left || right``; both absorb errors of one side."""

    conjunction: bool
    left: Node
    right: Node
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Ternary:
    """``condition ? then : otherwise``."""

    condition: Node
    then: Node
    otherwise: Node
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """``[a, ?b]``: ``optional[i]`` tells whether element i was written with ``?``."""

    elements: tuple[Node, ...]
    optional: tuple[bool, ...]
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class MapLiteral:
    """``{k: v, ?k: v}``."""

    keys: tuple[Node, ...]
    values: tuple[Node, ...]
    optional: tuple[bool, ...]
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Quantifier:
    """``all``, ``exists`` or ``exists_one`` over a list or the keys of a map.

    With two variables, ``first`` is the index or key and ``second`` the element or value. ``kind``
    is one of ``"all"``, ``"exists"``, ``"exists_one"`` (``existsOne`` is the same).
    """

    kind: str
    operand: Node
    first: str
    second: str | None
    body: Node
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Transform:
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
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Bind:
    """``cel.bind(name, value, body)``; ``optMap`` and ``optFlatMap`` are :class:`OptMap`."""

    name: str
    value: Node
    body: Node
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class OptMap:
    """``operand.optMap(name, body)``, or ``optFlatMap`` when ``flat``."""

    operand: Node
    name: str
    body: Node
    flat: bool
    position: int = attribute(default=0, compare=False)


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
