"""All that decided, where :mod:`~auditor.cel.tracing` says the first: tells one fault from more.

``object.add.all(c, c in ["CHOWN"])`` is false for the first capability that is not listed, and
stays false when another is added. The trace shows the first, which is what people look at; the
grounds are the reads of each element and each operand that decides the same way.

Where none of the elements was enough, ``object.env.exists(e, e.name == "TOKEN")``, they say
nothing: the ground is that the list lacks one (:data:`LACKS`), however many others it has.

:func:`places` tells the same to people: every element that is at fault by its place, in the order
of the trace, which it equals where a single one decided. Grounds are for comparing, so they call
``"SYS_ADMIN" in object.add`` by what was looked for, and of a list that lacks something only that::

    object.add.all(c, c in ["CHOWN"])    of add: ["NET_RAW", "CHOWN", "SYS_ADMIN"]
      trace    /add/0 = NET_RAW
      places   /add/0 = NET_RAW, /add/2 = SYS_ADMIN
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from auditor.cel import ops
from auditor.cel.ast import Call, Ident, Index, Logical, Node, Quantifier, Transform
from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.functions import Library
from auditor.cel.interpreter import DEFAULT_BUDGET, chain_of, run
from auditor.cel.provenance import (
    ABSENT,
    LACKS,
    Origin,
    Parts,
    Read,
    Source,
    is_origin,
    leaves,
    step,
)
from auditor.cel.tracing import Tracer
from auditor.cel.tracing_scopes import DETAILS

_MOST_READS: Final = 32
"""Of a list of which no element decided."""


def grounds(node: Node, bindings: Mapping[str, object], functions: Library) -> tuple[Read, ...]:
    """The reads of everything that decided the value of an expression.

    Raises:
        CelLimitError: there are too many.
        CelEvalError: the expression has no value.
    """
    tracer = _Grounds(bindings, functions, DEFAULT_BUDGET)
    run(tracer, node)
    return leaves(tracer.log)


def all_reads(node: Node, bindings: Mapping[str, object], functions: Library) -> tuple[Read, ...]:
    """List the reads of a trace, of all elements and operands that decided and not the first.

    Raises:
        CelLimitError: there are too many.
        CelEvalError: the expression has no value.
    """
    tracer = _AllReads(bindings, functions, DEFAULT_BUDGET)
    run(tracer, node)
    return leaves(tracer.log)


class _Grounds(Tracer):
    """The interpreter with a log that keeps every operand and element that decides."""

    __slots__ = ()

    handlers: ClassVar = {}
    most_logged: ClassVar[int] = 1 << 20

    def visit(self, node: Quantifier | Transform, number: int, element: Any, /) -> None:
        """As in the base.

        Raises:
            CelLimitError: too much has been visited for keeping a log.
        """
        super().visit(node, number, element)
        if self._visits > DETAILS:
            raise CelLimitError("too many elements to tell which of them decided")

    def exhaust(self, start: int, /) -> None:
        """Keep all reads."""

    def on_logical(self, node: Logical) -> object:
        """A chain of ``&&`` or ``||``: of operands that decide all, not only the first."""
        decisive = not node.conjunction
        problem: CelEvalError | None = None
        deciding: list[Read] = []
        decided = False
        log = self.log
        start = len(log)
        for operand in chain_of(node):
            mark = len(log)
            try:
                verdict = ops.as_bool(self.eval(operand))
            except CelLimitError:
                raise
            except CelEvalError as error:
                problem = problem or error
                del log[mark:]
                continue
            if verdict is decisive:
                decided = True
                deciding += log[mark:]
        if decided:
            log[start:] = deciding
            return decisive
        if problem is not None:
            raise problem
        return not decisive

    def on_quantifier(self, node: Quantifier) -> object:
        """``all`` and ``exists``: of elements that decide all, not only the first."""
        if node.kind == "exists_one":
            return super().on_quantifier(node)
        decisive = node.kind == "exists"
        problem: CelEvalError | None = None
        deciding: list[tuple[int, list[Read]]] = []
        others: dict[Origin, Read] = {}
        log = self.log
        begin = len(log)
        elements = self.elements(node)
        start = len(log)
        outer = self.enter(loop=1)
        try:
            for number, element in enumerate(elements):
                self.visit(node, number, element)
                try:
                    verdict = ops.as_bool(self.eval(node.body))
                except CelLimitError:
                    raise
                except CelEvalError as error:
                    problem = problem or error
                    verdict = None
                if verdict is decisive:
                    deciding.append((number, log[start:]))
                elif verdict is not None:
                    own = self._own(node, number, element)
                    self.beside(others, log[start:], own)
                del log[start:]
            loop = self._loop
        finally:
            self.leave(outer, loop=1)
        if deciding:
            log[begin:] = _settled(log[begin:], loop.source, [number for number, _ in deciding])
            log += [read for _, reads in deciding for read in reads]
            return decisive
        if problem is not None:
            raise problem
        log[begin:] = [*self.lacking(log[begin:], loop.source), *others.values()]
        return not decisive

    def beside(self, others: dict[Origin, Read], reads: Sequence[Read], own: Source) -> None:
        """Note what an element that did not decide was compared with."""
        others.update((_origin(read), read) for read in reads if not _is_in(read, own))

    def lacking(self, reads: Sequence[Read], source: Source) -> list[Read]:
        """The reads of a list of which no element decided."""
        return _lacking(reads, source)

    def _own(self, node: Quantifier, number: int, element: Any) -> Source:
        """Where the element of a macro comes from."""
        loop = self._loop
        if loop.operand.__class__ is dict:
            return step(loop.source, element if node.second is None else element[0])
        return step(loop.source, number)

    def on_call(self, node: Call) -> object:
        """As in the base; of ``x in list`` only the element that is meant."""
        if node.function != "@in" or node.target is not None:
            return super().on_call(node)
        wanted = self.eval(node.args[0])
        start = len(self.log)
        inside = self.eval(node.args[1])
        source = self.source
        value = self.apply(node.function, [wanted, inside])
        if inside.__class__ is dict and wanted.__class__ is str:
            self._look_up(source, inside, wanted)
        elif inside.__class__ is list and not value:
            self.log[start:] = _lacking(self.log[start:], source)
        elif inside.__class__ is list and is_origin(source):
            self.log[start:] = [Read(source[0], (*source[1], str(wanted)), wanted)]
        self.source = None
        return value


class _AllReads(_Grounds):
    """The same for people: elements by their numbers, and a list by what stands in it."""

    __slots__ = ()

    handlers: ClassVar = {}

    def beside(self, others: dict[Origin, Read], reads: Sequence[Read], own: Source) -> None:
        """Keep a sample of all that was looked at in vain, as a trace does."""
        del own
        if len(others) < _MOST_READS:
            others.update((_origin(read), read) for read in leaves((*others.values(), *reads)))

    def lacking(self, reads: Sequence[Read], source: Source) -> list[Read]:
        """The reads of a list as they are."""
        del source
        return list(reads)

    def on_call(self, node: Call) -> object:
        """As in the trace."""
        return Tracer.on_call(self, node)


_Grounds.handlers = {
    **Tracer.handlers,
    Ident: _Grounds.on_ident,
    Index: _Grounds.on_index,
    Call: _Grounds.on_call,
    Logical: _Grounds.on_logical,
    Quantifier: _Grounds.on_quantifier,
}
_AllReads.handlers = {**_Grounds.handlers, Call: _AllReads.on_call}


def _origin(read: Read) -> Origin:
    return read.root, read.path


def _is_in(read: Read, own: Source) -> bool:
    return is_origin(own) and read.root == own[0] and read.path[: len(own[1])] == own[1]


def _listing(source: Source) -> frozenset[int]:
    """Which reads only say what a made list holds."""
    if not isinstance(source, Parts):
        return frozenset()
    return frozenset(id(read) for reads in (*source.grounds, source.others) for read in reads)


def _settled(reads: Sequence[Read], source: Source, numbers: Sequence[int]) -> list[Read]:
    """The reads of a list, without those of elements other than these."""
    if not isinstance(source, Parts):
        return list(reads)
    listing = _listing(source)
    kept = [
        read
        for read in reads
        if id(read) not in listing and read.value is not ABSENT and read.value.__class__ is not list
    ]
    return kept + [read for number in numbers for read in source.grounds[number]]


def _lacking(reads: Sequence[Read], source: Source) -> list[Read]:
    """The reads of a list in which nothing is as it should be."""
    listing = _listing(source)
    kinds = (list, dict, ABSENT.__class__)
    return [
        Read(read.root, read.path, LACKS) if read.value.__class__ in kinds else read
        for read in reads
        if id(read) not in listing
    ]
