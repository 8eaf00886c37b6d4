"""The interpreter with a log: which reads belong to which scope, element and made list.

:class:`LoggingEvaluator` keeps, for names and lists, where they came from and which reads put them
there; :mod:`auditor.cel.tracing` adds the reads themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import msgspec

from auditor.cel.ast import Has, Literal, Logical, MapLiteral, Node, Quantifier, Transform
from auditor.cel.errors import CelEvalError
from auditor.cel.functions import Library
from auditor.cel.interpreter import Evaluator
from auditor.cel.produced import LARGEST
from auditor.cel.provenance import ABSENT, Parts, Read, Source, grounds_of, is_origin, leaves, step

DETAILS: Final = 60_000
"""Element visits of which all reads are logged; of later ones those that decided."""


class Named(msgspec.Struct, frozen=True):
    """What a name bound by a macro stands for: an origin, and reads that using it implies."""

    source: Source = None
    reads: tuple[Read, ...] = ()


class _Loop(msgspec.Struct, frozen=True):
    """What a macro visits: the operand, its source, and where its reads begin and end."""

    operand: object
    source: Source
    start: int
    end: int


_NO_LOOP: Final = _Loop(None, None, 0, 0)
_MOST_READS: Final = 32
_MOST_LOGGED: Final = 256
_ALL_LEVELS: Final = 1_000_000
_OPAQUE: Final[frozenset[type]] = frozenset({Literal, Has, Logical, MapLiteral, Quantifier})


class LoggingEvaluator(Evaluator):
    """The interpreter with scopes for reads; ``source`` is that of the value evaluated last."""

    __slots__ = (
        "_details",
        "_extra",
        "_level",
        "_loop",
        "_names",
        "_next_loop",
        "_plain",
        "_visits",
        "source",
    )

    most_logged: ClassVar[int] = _MOST_LOGGED

    def __init__(
        self,
        bindings: Mapping[str, object],
        functions: Library,
        budget: int,
        details: int = DETAILS,
        largest: int = LARGEST,
    ) -> None:
        super().__init__(bindings, functions, budget, largest)
        self.source: Source = None
        self._names: dict[str, Named] = {}
        self._loop = self._next_loop = _NO_LOOP
        self._plain = Evaluator(bindings, functions, budget, largest)
        self._details = details
        self._visits = 0
        self._level = _ALL_LEVELS
        self._extra = budget

    def eval(self, node: Node) -> object:
        """The value of ``node``; sets ``source``."""
        self.source = None
        if self._nesting > self._level:
            return self._eval_plainly(node)
        value = self.handlers[node.__class__](self, node)
        if node.__class__ in _OPAQUE:
            self.source = None
        return value

    def _eval_plainly(self, node: Node) -> object:
        """The value without a log: too much has been visited for keeping one."""
        plain = self._plain
        plain.scope, plain._nesting = self.scope, self._nesting  # noqa: SLF001  # of one class
        plain._remaining = self._remaining  # noqa: SLF001  # see above
        plain._produced = self._produced  # noqa: SLF001  # see above
        try:
            return plain.eval(node)
        finally:
            self._remaining = plain._remaining  # noqa: SLF001  # see above
            self._produced = plain._produced  # noqa: SLF001  # see above

    def again(self, node: Quantifier, number: int, element: Any, /) -> None:
        """Log the reads of an element that may decide, if it was evaluated without a log.

        Macros in it are evaluated without again and log the element that decides them. All such
        repetitions together have a budget of their own; after that the reads are left out.
        """
        level, remaining, produced = self._level, self._remaining, self._produced
        if self._nesting <= level:
            return
        self._level, self._remaining = self._nesting, self._extra
        try:
            self.visit(node, number, element)
            self.eval(node.body)
        except CelEvalError:
            pass  # It was this element's when it was evaluated first, and is reported from there.
        finally:
            self._level, self._extra, self._remaining = level, self._remaining, remaining
            self._produced = produced

    def enter(self, loop: int = 0) -> Any:
        """Open a scope for names and for their origins."""
        outer = (super().enter(loop), self._names, self._loop)
        self._names = dict(self._names)
        if loop:
            self._loop = self._next_loop
        return outer

    def leave(self, outer: Any, loop: int = 0) -> None:
        """Go back to the scope around."""
        scope, self._names, self._loop = outer
        super().leave(scope, loop)

    def define(self, name: str, value: object, start: int, /) -> None:
        """Move the reads of the value to the name: they count where it is used."""
        super().define(name, value, start)
        reads = tuple(self.log[start:])
        if len(reads) > _MOST_LOGGED:  # A name used twice in the next value doubles them.
            reads = leaves(reads)[: self.most_logged]
        self._names[name] = Named(self.source, reads)
        del self.log[start:]

    def prepare(self, operand: object, start: int, /) -> None:
        """Note what the macro that is about to begin visits."""
        self._next_loop = _Loop(operand, self.source, start, len(self.log))

    def visit(self, node: Quantifier | Transform, number: int, element: Any, /) -> None:
        """Bind the variables of a macro, with their origins."""
        super().visit(node, number, element)
        self._visits += 1
        if self._visits > self._details and self._level == _ALL_LEVELS:
            self._level = 0
        loop = self._loop
        del self.log[loop.end + self.most_logged :]
        if self._nesting > self._level:
            return
        if loop.operand.__class__ is dict:
            key = element if node.second is None else element[0]
            source = step(loop.source, key)
            value = loop.operand.get(key)
            reads = (Read(source[0], source[1], value),) if is_origin(source) else ()
            self._names[node.first] = Named(None, reads)
        else:
            source = step(loop.source, number)
            self._names[node.first] = Named(source) if node.second is None else Named()
        if node.second is not None:
            self._names[node.second] = Named(source)

    def begin(self) -> Parts:
        """Notes on a list to be made."""
        return Parts()

    def keep(self, notes: Parts, mark: int, /) -> None:
        """An element of a literal; what was read for it are its grounds."""
        notes.add(self.source, tuple(self.log[mark:]))

    def keep_same(self, notes: Parts, number: int, mark: int, /) -> None:
        """An element that passed a filter keeps its origin; the filter's reads are its grounds."""
        source = self._loop.source
        grounds = (*grounds_of(source, number), *self.log[mark:])
        if self._loop.operand.__class__ is dict:
            notes.add(None, grounds)
        else:
            notes.add(step(source, number), grounds)

    def keep_new(self, notes: Parts, number: int, mark: int, /) -> None:
        """An element made from another has the origin of its value."""
        notes.add(self.source, (*grounds_of(self._loop.source, number), *self.log[mark:]))

    def drop(self, notes: Parts, mark: int, /) -> None:
        """The reads that kept an element out."""
        notes.others.extend(self.log[mark:])

    def finish(self, notes: Parts | None, /) -> None:
        """The made list is the value evaluated last."""
        self.source = notes

    def settle(self, number: int, /) -> None:
        """Leave out the reads that only say what else the list of the deciding element holds."""
        loop = self._loop
        if loop.source.__class__ is not Parts:
            return
        parts = loop.source
        listing = {id(read) for reads in (*parts.grounds, parts.others) for read in reads}
        kept = [
            read
            for read in self.log[loop.start : loop.end]
            if id(read) not in listing
            and read.value is not ABSENT
            and read.value.__class__ is not list
        ]
        self.log[loop.start : loop.end] = [*kept, *parts.grounds[number]]

    def exhaust(self, start: int, /) -> None:
        """Keep a sample of the reads that together decided."""
        self.log[start:] = leaves(self.log[start:])[:_MOST_READS]
