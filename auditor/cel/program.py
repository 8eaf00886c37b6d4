"""A compiled expression: the fast path, the interpreter behind it, and what it reads.

Restoring a program from its dump needs neither parser nor compiler nor library: those are imported
when something asks for them. Nor is its code made into a function before it is called: of the
hundreds of expressions of a profile, an audit of one file runs a few.
"""

from __future__ import annotations

import marshal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import CodeType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import msgspec

from auditor.cel.compiler.runtime import function_code, make_function
from auditor.cel.errors import CelCompileError, CelError, CelLimitError
from auditor.cel.reads import Packed, ReadTree, unpack
from auditor.cel.types import Type
from auditor.cel.wants import Wants
from auditor.cel.wants import unpack as unpack_wants

if TYPE_CHECKING:
    from auditor.cel.ast import Node
    from auditor.cel.cost import Estimate
    from auditor.cel.functions import Library
    from auditor.cel.provenance import Read
    from auditor.cel.tracing import Trace

VERSION: Final = 9
"""Changes whenever the compiler generates other code, or a dump is laid out anew."""

_TOO_DEEP: Final = "the expression or a value is nested too deeply"
STAMP: Final = f"auditor.cel {VERSION} {sys.implementation.cache_tag}"
"""Of which version of this package and of Python a dump is."""


class Parts(NamedTuple):
    """What a program is made of, all of it plain values that :mod:`marshal` knows.

    ``code`` is a marshalled code object, b"" where ``text`` has yet to be compiled. ``functions``
    and ``patterns`` are its globals: the library function or the regular expression behind each
    name. ``used`` are the names of all functions in the source.
    """

    source: str
    variables: tuple[str, ...]
    text: str
    code: bytes
    functions: tuple[tuple[str, str], ...]
    patterns: tuple[tuple[str, str], ...]
    used: tuple[str, ...]
    since: str
    result: Packed
    cost: tuple[int, int, int]
    reads: tuple[tuple[str, Packed], ...]
    wants: tuple[tuple[str, Packed | None], ...]


class Context(NamedTuple):
    """What a program needs of its environment, once something other than ``fast`` is called."""

    library: Callable[[], Library]
    parse: Callable[[str], Node]


class Program:
    """An expression, ready to be evaluated; made by an Environment.

    Attributes:
        fast: The generated function. It returns the value, or raises any exception at all where it
            is not sure; then :meth:`exact` decides. Like all methods it takes the values of
            ``variables`` in their order.
        learnt: Whether its code was made since it was restored, or kept.
    """

    __slots__ = (
        *("__weakref__", "_context", "_dumped", "_node", "_parts", "_reads", "fast", "learnt"),
    )

    fast: Callable[..., object]
    _parts: Parts

    def __init__(self, parts: Parts | None, context: Context, dumped: bytes = b"") -> None:
        """Make it of its parts, or of a dump that is looked at when something is asked."""
        if parts is not None:
            self._parts = parts
        self._context = context
        self._dumped = dumped
        self.learnt = False
        self._node: Node | None = None
        self._reads: dict[str, ReadTree] | None = None

    def __getattr__(self, name: str) -> Any:
        """Make ``fast`` when it is first asked for; afterwards it is an attribute like others.

        Raises:
            AttributeError: there is no attribute of this name.
        """
        if name == "_parts" and self._dumped:
            self._parts = load(self._dumped)
            return self._parts
        if name != "fast":
            raise AttributeError(name, name=name, obj=self)
        late: dict[str, Callable[[], Callable[..., object]]] = {}
        for each, function in self._parts.functions:
            late[each] = partial(_implementation, self._context, function)
        for each, pattern in self._parts.patterns:
            late[each] = partial(_search, pattern)
        self.fast = make_function(self.make_code(), late)
        return self.fast

    def __repr__(self) -> str:
        return f"<Program {self.source!r}>"

    @property
    def source(self) -> str:
        """The text it was compiled from."""
        return self._parts.source

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables, in the order in which all methods take their values."""
        return self._parts.variables

    @property
    def code(self) -> str:
        """The generated Python source of ``fast``."""
        return self._parts.text

    @property
    def result_type(self) -> Type:
        """The static type of the value."""
        return _unpack_type(self._parts.result)

    @property
    def cost(self) -> Estimate:
        """The static estimate of what an evaluation costs."""
        from auditor.cel.cost import Estimate  # noqa: PLC0415  # restoring must stay cheap

        return Estimate(*self._parts.cost)

    @property
    def reads(self) -> Mapping[str, ReadTree]:
        """What the expression can read of each variable that it mentions, by name."""
        if self._reads is None:
            self._reads = {name: unpack(tree) for name, tree in self._parts.reads}
        return self._reads

    @property
    def wants(self) -> Mapping[str, Wants]:
        """Of which types it takes the values to be, by the name of the variable."""
        return {name: unpack_wants(tree) for name, tree in self._parts.wants}

    def tree(self) -> Node:
        """The syntax tree, macros expanded.

        Raises:
            CelLimitError: the caller has left too little of Python's stack for parsing.
        """
        return self._tree()

    def functions_used(self) -> frozenset[str]:
        """The names of the functions that the source calls."""
        return frozenset(self._parts.used)

    def since(self) -> str:
        """The first Kubernetes minor version with all that the expression uses.

        Empty if every version has it; ``"never"`` if none does, as with ``cel.bind``.
        """
        return self._parts.since

    def run(self, *args: object) -> object:
        """The value for these values of the variables.

        Raises:
            CelEvalError: the expression has no value.
        """
        try:
            return self.fast(*args)
        except Exception:  # noqa: BLE001  # whatever it was, the interpreter decides
            return self.exact(*args)

    def exact(self, *args: object) -> object:
        """The value as the interpreter finds it.

        Raises:
            CelEvalError: the expression has no value.
        """
        try:
            from auditor.cel.interpreter import evaluate  # noqa: PLC0415  # restoring stays cheap

            return evaluate(self._tree(), self._bind(args), self._context.library())
        except RecursionError:
            raise CelLimitError(_TOO_DEEP) from None

    def trace(self, *args: object) -> Trace:
        """The value or the error, and the reads that decided it."""
        from auditor.cel.tracing import Trace, trace  # noqa: PLC0415  # restoring stays cheap

        try:
            return trace(self._tree(), self._bind(args), self._context.library())
        except (CelLimitError, RecursionError):
            return Trace(None, _TOO_DEEP, (), (), None)

    def grounds(self, *args: object) -> tuple[Read, ...]:
        """The reads of all that decided the value; see :mod:`auditor.cel.grounds`.

        Raises:
            CelEvalError: there is no value; :class:`CelLimitError` when too much decided it.
        """
        from auditor.cel.grounds import grounds  # noqa: PLC0415  # restoring stays cheap

        try:
            return grounds(self._tree(), self._bind(args), self._context.library())
        except RecursionError:
            raise CelLimitError(_TOO_DEEP) from None

    def all_reads(self, *args: object) -> tuple[Read, ...]:
        """The reads of a trace with every element that decided; see :mod:`auditor.cel.grounds`.

        Raises:
            CelEvalError: there is no value; :class:`CelLimitError` when too much decided it.
        """
        from auditor.cel.grounds import all_reads  # noqa: PLC0415  # restoring stays cheap

        try:
            return all_reads(self._tree(), self._bind(args), self._context.library())
        except RecursionError:
            raise CelLimitError(_TOO_DEEP) from None

    def make_code(self) -> CodeType:
        """The code behind ``fast``, which is kept once it was compiled."""
        code = _code_of(self._parts)
        if not self._parts.code:
            self._parts = self._parts._replace(code=marshal.dumps(code))
            self._dumped = b""
            self.learnt = True
        return code

    def dump(self) -> bytes:
        """The compiled program as bytes, for ``Environment.restore`` of an equal environment.

        Only the version of Python and of this package that wrote a dump can restore it. A dump is
        code, as far as that was made: restore none that others could have written.
        """
        if self._dumped:
            return self._dumped
        plain: tuple[Any, ...] = (*self._parts,)
        return marshal.dumps((STAMP, plain))

    def pack(self) -> bytes:
        """The compiled program as bytes that any version of Python can restore.

        They hold no code but its source, which is compiled when the program is run. Equal programs
        are equal bytes.
        """
        return msgspec.msgpack.encode((VERSION, *self._parts._replace(code=b"")))

    def _tree(self) -> Node:
        if self._node is None:
            try:
                self._node = self._context.parse(self._parts.source)
            except (CelCompileError, RecursionError):
                # It was parsed when it was compiled: only the stack can be another.
                raise CelLimitError(_TOO_DEEP) from None
        return self._node

    def _bind(self, args: tuple[object, ...]) -> dict[str, object]:
        return dict(zip(self._parts.variables, args, strict=True))


def load(dumped: bytes) -> Parts:
    """The parts in a dump.

    Raises:
        CelError: it is not a dump, or one of another version.
    """
    try:
        match marshal.loads(dumped):  # noqa: S302  # the caller vouches for it: see Program.dump
            case (stamp, tuple() as parts) if stamp == STAMP and len(parts) == len(Parts._fields):
                return Parts(*parts)
            case _:
                raise CelError("a compiled expression of another version")
    except (EOFError, ValueError, TypeError) as error:
        raise CelError(f"not a compiled expression: {error}") from error


def unpack_parts(packed: bytes) -> Parts:
    """The parts in what :meth:`Program.pack` made.

    Raises:
        CelError: it is not that, or of another version of this package.
    """
    try:
        version, *parts = _as_tuples(msgspec.msgpack.decode(packed, type=list[Any]))
    except (msgspec.MsgspecError, ValueError) as error:
        raise CelError(f"not a compiled expression: {error}") from error
    if version != VERSION or len(parts) != len(Parts._fields):
        raise CelError("a compiled expression of another version")
    return Parts(*parts)


def _as_tuples(value: list[Any]) -> tuple[Any, ...]:
    # of a thousand programs this is all that takes long
    return tuple([_as_tuples(each) if type(each) is list else each for each in value])


def _code_of(parts: Parts) -> CodeType:
    if parts.code:
        # the caller of ``restore`` vouches for it: see Program.dump
        return cast("CodeType", marshal.loads(parts.code))  # noqa: S302
    try:
        return function_code(parts.text)
    except (RecursionError, SyntaxError, MemoryError):  # of a Python other than that it is from
        return function_code("def cel(*_):\n    _give_up()\n")


def pack_type(value: Type) -> Packed:
    """A type as nested tuples."""
    return (value.name, *map(pack_type, value.args))


def _unpack_type(packed: Packed) -> Type:
    name, *args = packed
    return Type(str(name), tuple(_unpack_type(arg) for arg in args if isinstance(arg, tuple)))


def _implementation(context: Context, function: str) -> Callable[..., object]:
    return context.library()[function].implementation


def _search(pattern: str) -> Callable[[str], object]:
    from auditor.cel.regex import compile_pattern  # noqa: PLC0415  # restoring must stay cheap

    return compile_pattern(pattern).search
