"""The exact interpreter: the reference for what an expression means.

Compiled code gives up on anything unusual and comes here, where errors are values that ``&&``,
``||``, ``all`` and ``exists`` absorb. One Python frame pair per level of the tree: a tree at the
parser's depth limit fits into Python's default recursion limit.

:class:`Evaluator` also decides which reads an observer keeps (``log``): the plain evaluator logs
none, :mod:`auditor.cel.tracing` overrides only where values come from and logs them. So the two
cannot differ in values or errors.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any, ClassVar, Final

from auditor.cel import ops
from auditor.cel.ast import (
    Bind,
    Call,
    Has,
    Ident,
    Index,
    ListLiteral,
    Literal,
    Logical,
    MapLiteral,
    Node,
    OptMap,
    Quantifier,
    Select,
    Ternary,
    Transform,
)
from auditor.cel.comprehensions import Comprehensions
from auditor.cel.errors import CelEvalError, CelLimitError
from auditor.cel.functions import Library, takes
from auditor.cel.produced import FREE_INSIDE, LARGEST, makes, size_of
from auditor.cel.roots import bare
from auditor.cel.scopes import Failure
from auditor.cel.values import OptionalValue, TypeValue

DEFAULT_BUDGET: Final = 1_000_000
"""Element visits in nested macros that one evaluation may make."""

OPERATORS: Final[Mapping[str, Callable[..., object]]] = {
    "_==_": ops.equal,
    "_!=_": ops.not_equal,
    "_<_": ops.less,
    "_<=_": ops.less_equal,
    "_>_": ops.greater,
    "_>=_": ops.greater_equal,
    "_+_": ops.add,
    "_-_": ops.sub,
    "_*_": ops.mul,
    "_/_": ops.div,
    "_%_": ops.mod,
    "-_": ops.neg,
    "!_": ops.logical_not,
    "@in": ops.in_,
}
"""The operators that evaluate all of their operands, by their name in the tree."""

TYPE_NAMES: Final = frozenset(
    {
        "bool",
        "bytes",
        "double",
        "google.protobuf.Duration",
        "google.protobuf.Timestamp",
        "int",
        "kubernetes.Quantity",
        "kubernetes.Semver",
        "kubernetes.URL",
        "list",
        "map",
        "net.CIDR",
        "net.IP",
        "null_type",
        "optional_type",
        "string",
        "type",
        "uint",
    },
)
"""Names that stand for a type value when no variable has the name."""

LAZY: Final = frozenset({"or", "orValue"})
_TYPE_TAILS: Final = frozenset(name.rpartition(".")[2] for name in TYPE_NAMES if "." in name)


def evaluate(
    node: Node,
    bindings: Mapping[str, object],
    functions: Library,
    *,
    budget: int = DEFAULT_BUDGET,
    largest: int = LARGEST,
) -> object:
    """The value of an expression for these variables.

    ``budget`` bounds the element visits of macros inside macros, ``largest`` what operators and
    functions make.

    Raises:
        CelEvalError: the expression has no value; :class:`CelLimitError` when a limit stopped it.
    """
    return run(Evaluator(bindings, functions, budget, largest), node)


def run(evaluator: Evaluator, node: Node) -> object:
    """What ``evaluator`` makes of ``node``; nesting beyond Python's stack is a limit error."""
    try:
        return evaluator.eval(node)
    except RecursionError:
        raise CelLimitError("the expression or a value is nested too deeply") from None


class Evaluator(Comprehensions):
    """One evaluation. ``eval`` dispatches on the class of the node; see the module's docstring."""

    __slots__ = ("_functions",)

    handlers: ClassVar[Mapping[type, Callable[[Any, Any], object]]]

    def __init__(
        self,
        bindings: Mapping[str, object],
        functions: Library,
        budget: int,
        largest: int = LARGEST,
    ) -> None:
        super().__init__(bindings, budget, largest)
        self._functions = functions

    def eval(self, node: Node) -> object:
        """The value of ``node`` in the current scope."""
        return self.handlers[node.__class__](self, node)

    # Names and selections

    def on_literal(self, node: Literal) -> object:
        """A constant."""
        return node.value

    def on_ident(self, node: Ident) -> object:
        """A variable or a type."""
        try:
            value = self.scope[node.name]
        except KeyError:
            if bare(node.name) in TYPE_NAMES:
                return TypeValue(bare(node.name))
            raise CelEvalError(f"no such variable: {node.name}") from None
        if value.__class__ is Failure:
            raise CelEvalError(value.message)
        return value

    def on_select(self, node: Select) -> object:
        """``a.b`` and ``a.?b``, or the dotted name of a type."""
        if node.field in _TYPE_TAILS:
            name = named_type(node, self.scope)
            if name:
                return TypeValue(name)
        return self.take_field(self.eval(node.operand), node)

    def take_field(self, operand: object, node: Select) -> object:
        """The selection itself, once the operand is known."""
        if node.optional:
            return ops.optional_select(operand, node.field)
        return ops.select(operand, node.field)

    def on_has(self, node: Has) -> object:
        """``has(a.b)``."""
        return self.test_field(self.eval(node.operand), node)

    def test_field(self, operand: object, node: Has) -> bool:
        """The presence test itself, once the operand is known."""
        return ops.has_field(operand, node.field)

    def on_index(self, node: Index) -> object:
        """``a[i]`` and ``a[?i]``."""
        operand = self.eval(node.operand)
        return self.take_element(operand, self.eval(node.index), node)

    def take_element(self, operand: object, key: object, node: Index) -> object:
        """The indexing itself, once operand and key are known."""
        if node.optional:
            return ops.optional_index(operand, key)
        return ops.index(operand, key)

    # Calls

    def on_call(self, node: Call) -> object:
        """A function or an operator; ``or`` and ``orValue`` evaluate what they need."""
        if node.target is None:
            args: list[object] = []
        elif node.function in LAZY and len(node.args) == 1:
            return self.choose(node, node.target)
        else:
            args = [self.eval(node.target)]
        for child in node.args:
            args.append(self.eval(child))
        return self.apply(node.function, args)

    def apply(self, function: str, args: list[object]) -> object:
        """Call an operator or a function of the library with evaluated arguments."""
        operator = OPERATORS.get(function)
        if operator is not None:
            value = operator(*args)
            if function == "_+_" and value.__class__ is not int:
                self.produce(value)
            return value
        known = self._functions.get(function)
        if known is None:
            raise CelEvalError(f"no such function: {function}")
        if not takes(known, len(args)):
            return ops.no_overload(function, *args)
        value = known.implementation(*args)
        if size_of(value) > FREE_INSIDE and makes(known):
            self.produce(value)
        return value

    def choose(self, node: Call, target: Node) -> object:
        """``target.or(alternative)`` and ``target.orValue(alternative)``."""
        value = self.eval(target)
        if value.__class__ is not OptionalValue:
            return value
        if not value.present:
            return self.eval(node.args[0])
        return value.value if node.function == "orValue" else value

    # Logic

    def on_logical(self, node: Logical) -> object:
        """A chain of ``&&`` or ``||``: a deciding operand outweighs an error in another."""
        decisive = not node.conjunction
        problem: str | None = None
        log = self.log
        start = blame_end = len(log)
        for operand in chain_of(node):
            mark = len(log)
            try:
                verdict = ops.as_bool(self.eval(operand))
            except CelLimitError:
                raise
            except CelEvalError as error:
                if problem is None:
                    problem = str(error)
                    del log[start:mark]
                    blame_end = len(log)
                continue
            if verdict is decisive:
                del log[start:mark]
                return decisive
        if problem is not None:
            del log[blame_end:]
            raise CelEvalError(problem)
        return not decisive

    def on_ternary(self, node: Ternary) -> object:
        """``c ? a : b``."""
        chosen = node.then if ops.as_bool(self.eval(node.condition)) else node.otherwise
        return self.eval(chosen)

    # Literals

    def on_list(self, node: ListLiteral) -> object:
        """``[a, ?b]``."""
        result: list[object] = []
        notes = self.begin()
        for child, optional in zip(node.elements, node.optional, strict=True):
            mark = len(self.log)
            value = self.eval(child)
            if optional:
                entry = ops.spread(value)
                if not entry.present:
                    continue
                value = entry.value
            result.append(value)
            self.keep(notes, mark)
        self.finish(notes)
        return result

    def on_map(self, node: MapLiteral) -> object:
        """``{k: v, ?k: v}``."""
        result: dict[object, object] = {}
        for key, child, optional in zip(node.keys, node.values, node.optional, strict=True):
            stored = self.eval(key)
            value = self.eval(child)
            if optional:
                entry = ops.spread(value)
                if not entry.present:
                    continue
                value = entry.value
            ops.put(result, stored, value)
        return result


def chain_of(node: Logical) -> list[Node]:
    """The operands of a chain of one operator, so that a long chain is not a deep recursion."""
    reverse: list[Node] = []
    left: Node = node
    while left.__class__ is Logical and left.conjunction is node.conjunction:
        reverse.append(left.right)
        left = left.left
    reverse.append(left)
    reverse.reverse()
    return reverse


def named_type(node: Node, scope: Container[str]) -> str:
    """The dotted type that plain selections from a name not in ``scope`` spell, else nothing."""
    names: list[str] = []
    while node.__class__ is Select and not node.optional:
        names.append(node.field)
        node = node.operand
    if node.__class__ is not Ident or node.name in scope:
        return ""
    names.append(bare(node.name))
    name = ".".join(reversed(names))
    return name if name in TYPE_NAMES else ""


Evaluator.handlers = {
    Literal: Evaluator.on_literal,
    Ident: Evaluator.on_ident,
    Select: Evaluator.on_select,
    Has: Evaluator.on_has,
    Index: Evaluator.on_index,
    Call: Evaluator.on_call,
    Logical: Evaluator.on_logical,
    Ternary: Evaluator.on_ternary,
    ListLiteral: Evaluator.on_list,
    MapLiteral: Evaluator.on_map,
    Quantifier: Evaluator.on_quantifier,
    Transform: Evaluator.on_transform,
    Bind: Evaluator.on_bind,
    OptMap: Evaluator.on_opt_map,
}
