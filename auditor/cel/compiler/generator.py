"""The state of one compilation: lines written so far, names in scope, and what is known.

Expressions become Python expressions as long as they can; what needs statements (a loop, a name, a
place nested too deeply) is written as lines first. Whoever combines expressions keeps the order of
evaluation: :meth:`Generator.sequence` stores what comes before lines of a later operand, and
:meth:`Generator.branch` collects the lines of what is evaluated only sometimes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec

from auditor.cel.ast import Ident, Index, Literal, Node, Select
from auditor.cel.compiler.code import Code, Facts, Kind, Path, assignment
from auditor.cel.functions import Library
from auditor.cel.roots import bare, with_roots
from auditor.cel.walk import walk

MAX_DEPTH: Final = 40
"""Nesting of an expression above which it is stored: Python allows 200 parentheses."""

Lines: TypeAlias = list[tuple[int, str]]
"""Generated statements with their indentation in levels."""


class Name(msgspec.Struct, frozen=True):
    """A name in scope: the local that holds it, and what is known of it.

    With ``optional`` the value is an optional, held as its bare value or ``M``.
    """

    local: str
    optional: bool = False
    kind: Kind = Kind.ANY


class Generator:
    """See the module's docstring; ``handlers`` make the code of a node by its class."""

    def __init__(
        self,
        node: Node,
        variables: Iterable[str],
        functions: Library,
        handlers: Mapping[type, Callable[[Generator, Any], Code]],
    ) -> None:
        self.functions = functions
        self.facts = Facts()
        self.lines: Lines = []
        self.loops = 0
        self.counts_visits = False
        self.scope: dict[str, Name] = {}
        self.used_functions: dict[str, str] = {}
        self.used_patterns: dict[str, str] = {}
        self._handlers = handlers
        self._temporaries = 0
        self._level = 0
        self._sources: dict[str, str] = {}
        self._mentions = Counter(_paths(node))
        for name in variables:
            self.bind(name)
        self.scope = with_roots(self.scope)

    # Names

    def temporary(self) -> str:
        """A new local variable."""
        self._temporaries += 1
        return f"t{self._temporaries}"

    def bind(self, name: str, *, optional: bool = False, kind: Kind = Kind.ANY) -> str:
        """Bring ``name`` into scope; returns the new local variable that holds it."""
        bound = f"v{len(self._sources)}"
        self._sources[bound] = name
        self.scope[name] = Name(bound, optional, kind)
        return bound

    @contextmanager
    def inner_scope(self) -> Iterator[None]:
        """Forget the names bound inside."""
        outer = dict(self.scope)
        yield
        self.scope = outer

    def function(self, name: str) -> str:
        """The global that is the function ``name`` of the library."""
        return self.used_functions.setdefault(name, f"f{len(self.used_functions)}")

    def pattern(self, pattern: str) -> str:
        """The global that searches for a regular expression."""
        return self.used_patterns.setdefault(pattern, f"x{len(self.used_patterns)}")

    # Lines

    def line(self, text: str) -> None:
        """Write a statement."""
        self.lines.append((self._level, text))

    def extend(self, lines: Lines) -> None:
        """Write statements that were collected before."""
        self.lines.extend((self._level + level, text) for level, text in lines)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write a compound statement; what is written inside is its body."""
        self.line(head)
        self._level += 1
        yield
        self._level -= 1

    @contextmanager
    def collected(self) -> Iterator[Lines]:
        """Collect the lines written inside instead of writing them."""
        lines, level = self.lines, self._level
        self.lines, self._level = [], 0
        yield self.lines
        self.lines, self._level = lines, level

    @contextmanager
    def branch(self, *known: Facts | None) -> Iterator[Lines]:
        """Collect the lines of what is evaluated only sometimes, where ``known`` holds.

        What becomes known inside is forgotten at the end.
        """
        outer = self.facts
        self.facts = outer.copy()
        for facts in known:
            self.facts.add(facts)
        with self.collected() as lines:
            yield lines
        self.facts = outer

    # Expressions

    def visit(self, node: Node) -> Code:
        """The value of ``node``; an optional is an OptionalValue."""
        code: Code = self._handlers[node.__class__](self, node)
        return code if code.depth <= MAX_DEPTH else self.store(code)

    def sequence(self, nodes: Iterable[Node]) -> list[Code]:
        """The values of ``nodes``, which are all evaluated, in this order."""
        return self.in_order(partial(self.visit, node) for node in nodes)

    def in_order(self, makers: Iterable[Callable[[], Code]]) -> list[Code]:
        """What ``makers`` make; the expressions are all evaluated, in this order."""
        codes: list[Code] = []
        for make in makers:
            with self.collected() as lines:
                code = make()
            if lines:
                codes = [self.store(earlier) for earlier in codes]
                self.extend(lines)
            codes.append(code)
        return codes

    def store(self, code: Code) -> Code:
        """Write an assignment of ``code`` to a local variable, unless it is an atom."""
        if code.atom:
            return code
        name = code.local or self.temporary()
        self.line(f"{name} = {code.assigned or code.text}")
        return Code(name, code.kind, 0, atom=True, local=name, path=code.path or (name,))

    def hold(self, code: Code) -> Code:
        """``code`` such that, once evaluated, its value is in ``local`` for more than one use."""
        return code if code.local is not None else assignment(self.temporary(), code)

    def is_shared(self, path: Path) -> bool:
        """Whether the expression mentions a path more than once, so that it is worth keeping."""
        source = self._sources.get(path[0])
        return source is not None and self._mentions[(source, *path[1:])] > 1


def _paths(node: Node) -> Iterator[Path]:
    """The path of every selection in ``node`` that begins with a name."""
    for part in walk(node):
        names: list[str] = []
        current: Node = part
        while True:
            match current:
                case Select(operand, name) | Index(operand, Literal(value=str() as name)):
                    names.append(name)
                    current = operand
                    continue
                case Ident(name) if names:
                    names.append(bare(name))
                    yield tuple(reversed(names))
                case _:
                    pass
            break
