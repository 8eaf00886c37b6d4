"""What the compiler knows about a piece of generated Python: its text, kind and consequences."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

import msgspec

Path: TypeAlias = tuple[str, ...]
"""A local variable and the names selected from it."""


class Kind(Enum):
    """What is known about the class of a value."""

    ANY = "any"
    BOOL = "bool"
    INT = "int"
    STRING = "str"
    LIST = "list"


class Facts(msgspec.Struct):
    """What holds at one point of the generated function, whatever way led there.

    Attributes:
        values: Local variables that hold the value of a path.
        maps: Local variables whose value is a map.
    """

    values: dict[Path, str] = msgspec.field(default_factory=dict)
    maps: set[str] = msgspec.field(default_factory=set)

    def copy(self) -> Facts:
        """The same facts, to be added to apart."""
        return Facts(dict(self.values), set(self.maps))

    def add(self, other: Facts | None) -> None:
        """Let the facts of ``other`` hold too."""
        if other is not None:
            self.values.update(other.values)
            self.maps.update(other.maps)


class Code(msgspec.Struct, frozen=True):
    """An expression in generated Python.

    ``text`` is one operand: a name, a literal, a call, or in parentheses. It must be evaluated once
    and in the order in which the compiler made it, except for an ``atom``, a name or literal that
    may be repeated or left out.

    Attributes:
        text: The Python expression.
        kind: The class that its value is known to have; a subclass of int is not INT.
        depth: How deeply parentheses nest in ``text``, at most.
        atom: Whether it is a name or a literal.
        local: A local variable that holds the value once ``text`` has been evaluated.
        assigned: If ``text`` is ``(local := assigned)``, its right side.
        path: The path that it is the value of.
        negated: For a bool, an expression for its opposite.
        when_true: For a bool, what holds after it was true.
        when_false: For a bool, what holds after it was false.
    """

    text: str
    kind: Kind = Kind.ANY
    depth: int = 1
    atom: bool = False
    local: str | None = None
    assigned: str | None = None
    path: Path | None = None
    negated: str | None = None
    when_true: Facts | None = None
    when_false: Facts | None = None

    @property
    def is_constant(self) -> bool:
        """Whether it is a literal: Python warns of operations on those that cannot succeed."""
        return self.atom and self.local is None

    @property
    def opposite(self) -> str:
        """The text of ``not`` this bool."""
        return self.negated or f"(not {self.text})"


def deepest(*codes: Code) -> int:
    """The depth of an expression made of ``codes``."""
    return 1 + max((code.depth for code in codes), default=0)


def local(name: str, kind: Kind = Kind.ANY) -> Code:
    """The value of a local variable."""
    return Code(name, kind, depth=0, atom=True, local=name, path=(name,))


def assignment(name: str, code: Code, path: Path | None = None) -> Code:
    """``code``, whose value is also given to the local variable ``name``."""
    return Code(
        f"({name} := {code.text})",
        code.kind,
        code.depth + 1,
        local=name,
        assigned=code.text,
        path=path or (name,),
    )
