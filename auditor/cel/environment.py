"""Environments: which variables and functions an expression may use, and how it is compiled."""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from auditor.cel.errors import CelCheckError, CelError
from auditor.cel.limits import DEFAULT_LIMITS, DEFAULT_SIZES, Limits, Sizes
from auditor.cel.program import Context, Parts, Program, load, pack_type, unpack_parts
from auditor.cel.types import DYN, Type

if TYPE_CHECKING:
    from auditor.cel.ast import Node
    from auditor.cel.checker import Checked
    from auditor.cel.cost import Estimate
    from auditor.cel.features import Feature
    from auditor.cel.functions import Library

_SHOWN: Final = 32
"""Characters of the costly part of an expression that a message shows."""


class Environment:
    """What expressions are compiled against; immutable.

    Args:
        variables: The types of the variables, in the order in which programs take their values.
        functions: The functions; all of the standard library if None.
        kubernetes: A Kubernetes version such as ``"1.30"``: an expression that uses what its API
            server does not have is an error. Everything is allowed if None.
        fields: For a variable that has a fixed set of fields, their types.
        limits: The static limits of an expression.
        sizes: How large the data is taken to be when the cost of an expression is estimated.
        checked: Whether expressions are checked. Without, a wrong name or type is an error of the
            evaluation that gets there.
    """

    def __init__(
        self,
        variables: Mapping[str, Type],
        *,
        functions: Library | None = None,
        kubernetes: str | None = None,
        fields: Mapping[str, Mapping[str, Type]] | None = None,
        limits: Limits = DEFAULT_LIMITS,
        sizes: Sizes = DEFAULT_SIZES,
        checked: bool = True,
    ) -> None:
        self._variables = MappingProxyType(dict(variables))
        self._functions = functions
        self._kubernetes = kubernetes
        self._fields = fields
        self._limits = limits
        self._sizes = sizes
        self._checked = checked
        self._context = Context(lambda: self.functions, self._parse)

    @property
    def variables(self) -> Mapping[str, Type]:
        """The types of the variables, in the order in which programs take their values."""
        return self._variables

    @cached_property
    def functions(self) -> Library:
        """The functions by name."""
        if self._functions is not None:
            return self._functions
        from auditor.cel.library import standard_library  # noqa: PLC0415  # restoring stays cheap

        return standard_library()

    def compile(self, source: str, *, expect: Type = DYN) -> Program:
        """Compile an expression whose value has the type ``expect``.

        Raises:
            CelSyntaxError: the text does not follow the grammar.
            CelCheckError: a name, an argument or the type of the result is wrong, a limit is
                exceeded, or the Kubernetes version has not all that it uses.
        """
        try:
            return self._compile(source, expect)
        except RecursionError:
            raise CelCheckError(
                "nested too deeply",
                position=0,
                source=source,
                hint="split it; many alternatives go into a list, as in: x in ['a', 'b']",
            ) from None

    def _compile(self, source: str, expect: Type) -> Program:
        # Only compiling needs these modules; a run that restores its programs does without.
        from auditor.cel.compiler.generate import generate  # noqa: PLC0415  # see above
        from auditor.cel.cost import estimate  # noqa: PLC0415  # see above
        from auditor.cel.features import features, newest  # noqa: PLC0415  # see above
        from auditor.cel.reading import find_reads  # noqa: PLC0415  # see above
        from auditor.cel.reads import pack  # noqa: PLC0415  # see above
        from auditor.cel.strict import find_wants  # noqa: PLC0415  # see above
        from auditor.cel.wants import pack as pack_wants  # noqa: PLC0415  # see above

        node = self._parse(source)
        result, ages, type_of = self._check(node, source, expect)
        used = tuple(features(node, self.functions, ages))
        self._check_version(used, source)
        cost = estimate(node, self.functions, self._sizes)
        self._check_cost(node, cost, source)
        names = tuple(self._variables)
        compiled = generate(node, names, self.functions)
        wants = find_wants(node, names, type_of, expect)
        parts = Parts(
            source=source,
            variables=names,
            text=compiled.text,
            code=marshal.dumps(compiled.code),
            functions=tuple(compiled.functions.items()),
            patterns=tuple(compiled.patterns.items()),
            used=tuple(sorted({feature.function for feature in used} - {""})),
            since=newest(used),
            result=pack_type(result),
            cost=(cost.cost, cost.comprehensions, cost.position),
            reads=tuple((name, pack(tree)) for name, tree in find_reads(node, names).items()),
            wants=tuple((name, pack_wants(tree)) for name, tree in wants.items()),
        )
        return Program(parts, self._context)

    def restore(self, dumped: bytes) -> Program:
        """The program that :meth:`Program.dump` wrote, compiled in an environment equal to this.

        Raises:
            CelError: it is not a dump, or of another version of Python or of this package, or has
                other variables.
        """
        return self._program(load(dumped))

    def restore_late(self, dumped: bytes) -> Program:
        """As :meth:`restore`, of a dump that the caller knows to be whole, and of this version.

        It is looked at when something of the program is asked.
        """
        return Program(None, self._context, dumped)

    def unpack(self, packed: bytes) -> Program:
        """The program that :meth:`Program.pack` wrote, compiled in an environment equal to this.

        Raises:
            CelError: it is not that, or of another version of this package, or has other
                variables.
        """
        return self._program(unpack_parts(packed))

    def _program(self, parts: Parts) -> Program:
        if parts.variables != tuple(self._variables):
            raise CelError("compiled for other variables")
        return Program(parts, self._context)

    def _parse(self, source: str) -> Node:
        from auditor.cel.parser import parse  # noqa: PLC0415  # restoring stays cheap

        namespaced = frozenset(name for name in self.functions if "." in name)
        return parse(source, limits=self._limits, namespaced=namespaced)

    def _check(self, node: Node, source: str, expect: Type) -> Checked:
        from auditor.cel.checker import Checked, check  # noqa: PLC0415  # restoring stays cheap

        if not self._checked:
            return Checked(DYN, {}, lambda _node: DYN)
        return check(
            node,
            source=source,
            variables=self._variables,
            functions=self.functions,
            expect=expect,
            fields=self._fields,
        )

    def _check_cost(self, node: Node, cost: Estimate, source: str) -> None:
        most = self._limits.comprehensions
        if cost.comprehensions > most:
            from auditor.cel.nesting import nested_beyond  # noqa: PLC0415  # for the error only

            raise CelCheckError(
                f"more than {most} macros inside one another",
                position=(nested_beyond(node, most) or node).position,
                source=source,
            )
        if cost.cost > self._limits.cost:
            part, _, _ = source[cost.position : cost.position + _SHOWN].partition("\n")
            raise CelCheckError(
                f"an evaluation may cost {cost.cost:,} steps, the limit is {self._limits.cost:,};"
                f" most of them at: {part}",
                position=cost.position,
                source=source,
                hint="put fewer macros inside one another, or filter their lists first",
            )

    def _check_version(self, used: Iterable[Feature], source: str) -> None:
        if self._kubernetes is None:
            return
        from auditor.cel.features import rank  # noqa: PLC0415  # only compiling needs it
        from auditor.cel.functions import NEVER  # noqa: PLC0415  # see above

        for feature in used:
            if rank(feature.since) > rank(self._kubernetes):
                needs = "is in no version of Kubernetes"
                if feature.since != NEVER:
                    needs = f"needs Kubernetes {feature.since}, not {self._kubernetes}"
                raise CelCheckError(
                    f"{feature.name} {needs}", position=feature.position, source=source
                )
