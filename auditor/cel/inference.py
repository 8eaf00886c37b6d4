"""The types of the parts of an expression, as the checker of cel-go infers them.

Macros are typed as what cel-go expands them to: a quantifier as a chain of ``&&`` or ``||``, a
``map`` as a sum of lists. The rules are in ``checker/checker.go`` of cel-go 0.26.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

from auditor.cel.ast import (
    Call,
    Has,
    Ident,
    Index,
    ListLiteral,
    Literal,
    Logical,
    MapLiteral,
    Node,
    Select,
    Ternary,
)
from auditor.cel.complaints import (
    call_complaint,
    did_you_mean,
    operator_complaint,
    spell,
    unknown_function,
)
from auditor.cel.errors import CelCheckError, CelEvalError
from auditor.cel.features import rank
from auditor.cel.functions import Library, Signature
from auditor.cel.interpreter import TYPE_NAMES, named_type
from auditor.cel.overloads import OPERATORS
from auditor.cel.roots import bare, is_rooted, with_roots
from auditor.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DYN,
    INT,
    NULL,
    STRING,
    UINT,
    Type,
    list_of,
    map_of,
    optional_of,
    type_of,
)
from auditor.cel.unify import Unifier, is_variable, more_general
from auditor.cel.values import UInt

Scope = Mapping[str, Type]
Fields = Mapping[str, Mapping[str, Type]]
"""Fields of variables that have a fixed set of them, by variable."""

_FIXED: Final = "object"
_LITERALS: Final[Mapping[type, Type]] = {
    type(None): NULL,
    bool: BOOL,
    int: INT,
    UInt: UINT,
    float: DOUBLE,
    str: STRING,
    bytes: BYTES,
}
_MIXING: Final = "format"
"""The function in whose arguments a literal may mix types."""


class Inference:
    """The pass over one expression; its methods raise CelCheckError at the first mistake.

    ``ages`` has the Kubernetes version that brought the oldest overload that fits, by the name and
    position of a call.
    """

    def __init__(self, source: str, functions: Library, fields: Fields) -> None:
        self.ages: dict[tuple[str, int], str] = {}
        self._source = source
        self._functions = functions
        self._fields = fields
        self.types = Unifier()
        self._uniform: list[tuple[Node, Type, Type, str]] = []
        self._mixing = 0
        self._kinds: dict[int, Type] = {}

    def run(self, node: Node, variables: Scope) -> Type:
        """The type of an expression over ``variables``."""
        scope = with_roots(
            {
                name: Type(_FIXED, (Type(name),)) if name in self._fields else kind
                for name, kind in variables.items()
            }
        )
        result = self.infer(node, scope)
        for part, first, kind, what in self._uniform:
            expected, found = self.types.settle(first), self.types.settle(kind)
            if expected != found:
                self.fail(
                    f"the {what} of one literal are {spell(expected)} and {spell(found)}",
                    part,
                    "Kubernetes takes one type only; dyn() around each hides their types",
                )
        return self.types.settle(result)

    @abstractmethod
    def infer(self, node: Node, scope: Scope, /) -> Type:
        """The type of a part of the expression."""

    def note(self, node: Node, kind: Type) -> None:
        """Remember the type of a part."""
        self._kinds[id(node)] = kind

    def kind_of(self, node: Node) -> Type:
        """The type of a part of the expression, DYN when it isn't known."""
        return self.types.settle(self._kinds.get(id(node), DYN))

    def fail(self, message: str, node: Node, hint: str = "") -> NoReturn:
        """Say what is wrong, at ``node``."""
        raise CelCheckError(message, position=node.position, source=self._source, hint=hint)

    # Names

    def on_literal(self, node: Literal, _scope: Scope, /) -> Type:
        """A constant."""
        return _LITERALS[node.value.__class__]

    def on_ident(self, node: Ident, scope: Scope, /) -> Type:
        """A variable, or the name of a type."""
        kind = scope.get(node.name)
        if kind is not None:
            return kind
        name = bare(node.name)
        if name not in TYPE_NAMES:
            known = [each for each in scope if is_rooted(each) == is_rooted(node.name)]
            self.fail(f"undeclared name {node.name!r}", node, did_you_mean(node.name, known))
        return _named(name)

    def on_select(self, node: Select, scope: Scope, /) -> Type:
        """``a.b`` and ``a.?b``, or the dotted name of a type."""
        name = named_type(node, scope)
        if name:
            return _named(name)
        return self._field(node, scope, optional=node.optional)

    def on_has(self, node: Has, scope: Scope, /) -> Type:
        """``has(a.b)``."""
        self._field(node, scope, optional=False)
        return BOOL

    def _field(self, node: Select | Has, scope: Scope, *, optional: bool) -> Type:
        operand = self.types.resolve(self.infer(node.operand, scope))
        if operand.name == "optional_type":
            operand = self.types.resolve(operand.args[0])
            optional = True
        if operand.name == "map":
            kind = operand.args[1]
        elif operand.name == _FIXED:
            known = self._fields[operand.args[0].name]
            if node.field not in known:
                message = f"{operand.args[0].name} has no {node.field!r}"
                self.fail(message, node, did_you_mean(node.field, known))
            kind = known[node.field]
        else:
            if operand != DYN and not is_variable(operand):
                self.fail(f"{spell(operand)} has no fields, so no {node.field!r}", node)
            self.types.fits(DYN, operand)
            kind = DYN
        return optional_of(kind) if optional else kind

    # Operators and functions

    def on_index(self, node: Index, scope: Scope, /) -> Type:
        """``a[i]`` and ``a[?i]``."""
        given = (self.infer(node.operand, scope), self.infer(node.index, scope))
        return self._operator("_[?_]" if node.optional else "_[_]", given, node)

    def on_logical(self, node: Logical, scope: Scope, /) -> Type:
        """``a && b``, ``a || b``."""
        for side in (node.left, node.right):
            what = f"a side of {'&&' if node.conjunction else '||'}"
            self.expect_bool(self.infer(side, scope), side, what)
        return BOOL

    def on_ternary(self, node: Ternary, scope: Scope, /) -> Type:
        """``a ? b : c``."""
        condition = self.infer(node.condition, scope)
        self.expect_bool(condition, node.condition, "the condition of ?:")
        branches = (self.infer(node.then, scope), self.infer(node.otherwise, scope))
        result, _ = self.resolve((BOOL, *branches), OPERATORS["_?_:_"])
        if result is None:
            then, otherwise = (spell(self.types.settle(each)) for each in branches)
            hint = "both must be of one type; dyn() around one hides its type"
            self.fail(f"the branches of ?: are {then} and {otherwise}", node, hint)
        return result

    def on_call(self, node: Call, scope: Scope, /) -> Type:
        """A function or an operator."""
        name = node.function
        self._mixing += name == _MIXING
        args = [self.infer(arg, scope) for arg in node.args]
        if node.target is not None:
            args.insert(0, self.infer(node.target, scope))
        self._mixing -= name == _MIXING
        if name in OPERATORS:
            return self._operator(name, args, node)
        function = self._functions.get(name)
        if function is None:
            self.fail(*_at(node, unknown_function(name, self._functions)))
        if not function.signatures:
            return DYN
        method = node.target is not None
        candidates = [
            each
            for each in function.signatures
            if (each.receiver is not None) == method and len(each.args) == len(node.args)
        ]
        result, fitting = self.resolve(args, candidates)
        if result is None:
            given = list(map(self.types.settle, args))
            self.fail(*_at(node, call_complaint(function, given, method=method)))
        if function.check is not None:
            try:
                function.check(node, self.kind_of)
            except CelEvalError as error:
                self.fail(str(error), node)
        ages = (each.since or function.since for each in fitting)
        self.ages[name, node.position] = min(ages, key=rank)
        return result

    def _operator(self, name: str, args: Sequence[Type], node: Node) -> Type:
        result, fitting = self.resolve(args, OPERATORS[name])
        if result is None:
            given = list(map(self.types.settle, args))
            self.fail(*_at(node, operator_complaint(name, given, OPERATORS[name])))
        self.ages[name, node.position] = min((each.since for each in fitting), key=rank)
        return result

    def resolve(
        self, args: Sequence[Type], candidates: Sequence[Signature]
    ) -> tuple[Type | None, list[Signature]]:
        """The type of the result, None if no overload fits, and the overloads that fit.

        Where they have different results, it is ``dyn``.
        """
        result: Type | None = None
        fitting: list[Signature] = []
        for each in candidates:
            wanted, declared = self.types.instantiate(each)
            if not self.types.all_fit(args, wanted):
                continue
            fitting.append(each)
            found = self.types.resolve(declared)
            if result is None:
                result = found
            elif found != result:
                result = DYN
        return result, fitting

    def expect_bool(self, kind: Type, node: Node, what: str) -> None:
        """Refuse a condition that can't be a bool."""
        if not self.types.fits(kind, BOOL):
            self.fail(f"{what} is {spell(self.types.settle(kind))}, not bool", node)

    # Literals

    def on_list(self, node: ListLiteral, scope: Scope, /) -> Type:
        """``[a, ?b]``."""
        kinds = [
            self._entry(self.infer(element, scope), element, optional=optional)
            for element, optional in zip(node.elements, node.optional, strict=True)
        ]
        return list_of(self._join(node.elements, kinds, "elements"))

    def on_map(self, node: MapLiteral, scope: Scope, /) -> Type:
        """``{k: v, ?k: v}``."""
        keys: list[Type] = []
        values: list[Type] = []
        for key, value, optional in zip(node.keys, node.values, node.optional, strict=True):
            keys.append(self.infer(key, scope))
            values.append(self._entry(self.infer(value, scope), value, optional=optional))
        return map_of(
            self._join(node.keys, keys, "keys"), self._join(node.values, values, "values")
        )

    def _entry(self, kind: Type, node: Node, *, optional: bool) -> Type:
        if not optional or kind == DYN:
            return kind
        if kind.name != "optional_type":
            self.fail(f"what follows ? is {spell(self.types.settle(kind))}, no optional", node)
        return kind.args[0]

    def _join(self, nodes: Sequence[Node], kinds: Sequence[Type], what: str) -> Type:
        """One type for the parts of a literal; a variable if it has none."""
        if not kinds:
            return self.types.fresh()
        joined = first = kinds[0]
        for node, kind in zip(nodes, kinds, strict=True):
            if not self._mixing:
                self._uniform.append((node, first, kind, what))
            joined = more_general(joined, kind) if self.types.fits(joined, kind) else DYN
        return joined


def _at(node: Node, complaint: tuple[str, str]) -> tuple[str, Node, str]:
    message, hint = complaint
    return message, node, hint


def _named(name: str) -> Type:
    """The type of the name of a type."""
    arity = {"list": 1, "map": 2, "optional_type": 1}.get(name, 0)
    return type_of(Type(name, (DYN,) * arity))
