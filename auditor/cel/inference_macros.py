"""The types of macros; the rest of the pass is in :mod:`auditor.cel.inference`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

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
from auditor.cel.complaints import spell
from auditor.cel.inference import Inference, Scope
from auditor.cel.overloads import OPERATORS
from auditor.cel.types import BOOL, DYN, INT, Type, list_of, map_of, optional_of
from auditor.cel.unify import is_variable


class MacroInference(Inference):
    """The whole pass."""

    def infer(self, node: Node, scope: Scope, /) -> Type:
        """The type of a part of the expression."""
        kind = _RULES[node.__class__](self, node, scope)
        self.note(node, kind)
        return kind

    def on_quantifier(self, node: Quantifier, scope: Scope, /) -> Type:
        """``all``, ``exists``, ``exists_one``."""
        inner = self._bindings(node, scope)
        what = f"the condition of {node.kind}()"
        self.expect_bool(self.infer(node.body, inner), node.body, what)
        return BOOL

    def on_transform(self, node: Transform, scope: Scope, /) -> Type:
        """``filter``, ``map`` and the ``transform`` macros."""
        inner = self._bindings(node, scope)
        if node.condition is not None:
            condition = self.infer(node.condition, inner)
            self.expect_bool(condition, node.condition, f"the condition of {node.kind}()")
        body = inner[node.first] if node.body is None else self.infer(node.body, inner)
        match node.kind:
            case "transformMap":
                return map_of(inner[node.first], body)
            case "transformMapEntry":
                entries = map_of(self.types.fresh(), self.types.fresh())
                if not self.types.fits(body, entries):
                    found = spell(self.types.settle(body))
                    hint = "it must be one entry, such as {key: value}"
                    self.fail(f"transformMapEntry() makes {found}, no map", node, hint)
                return self.types.resolve(entries)
            case _:
                return list_of(body)

    def _bindings(self, node: Quantifier | Transform, scope: Scope) -> dict[str, Type]:
        """The scope inside a macro: its variables have the types of what it visits."""
        operand = self.types.resolve(self.infer(node.operand, scope))
        if operand.name == "list":
            first, second = INT, operand.args[0]
        elif operand.name == "map":
            first, second = operand.args
        else:
            if operand != DYN and not is_variable(operand):
                message = f"{node.kind}() visits a list or a map, not {spell(operand)}"
                hint = "add .orValue([])" if operand.name == "optional_type" else ""
                self.fail(message, node, hint)
            self.types.fits(DYN, operand)
            first = second = DYN
        if node.second is not None:
            return {**scope, node.first: first, node.second: second}
        return {**scope, node.first: second if operand.name == "list" else first}

    def on_bind(self, node: Bind, scope: Scope, /) -> Type:
        """``cel.bind``."""
        return self.infer(node.body, {**scope, node.name: self.infer(node.value, scope)})

    def on_opt_map(self, node: OptMap, scope: Scope, /) -> Type:
        """``optMap``, ``optFlatMap``."""
        name = "optFlatMap" if node.flat else "optMap"
        operand = self.infer(node.operand, scope)
        value = self.types.fresh()
        if not self.types.fits(operand, optional_of(value)):
            found = spell(self.types.settle(operand))
            self.fail(f"{name}() is a method of optionals, not of {found}", node)
        body = self.infer(node.body, {**scope, node.name: self.types.resolve(value)})
        made = body if node.flat else optional_of(body)
        none = optional_of(self.types.fresh())
        result, _ = self.resolve((BOOL, made, none), OPERATORS["_?_:_"])
        if result is None:
            found = spell(self.types.settle(body))
            self.fail(f"optFlatMap() makes {found}, no optional", node.body, "optMap() may do")
        return result


_RULES: Final[Mapping[type, Callable[[MacroInference, Any, Scope], Type]]] = {
    Literal: MacroInference.on_literal,
    Ident: MacroInference.on_ident,
    Select: MacroInference.on_select,
    Has: MacroInference.on_has,
    Index: MacroInference.on_index,
    Call: MacroInference.on_call,
    Logical: MacroInference.on_logical,
    Ternary: MacroInference.on_ternary,
    ListLiteral: MacroInference.on_list,
    MapLiteral: MacroInference.on_map,
    Quantifier: MacroInference.on_quantifier,
    Transform: MacroInference.on_transform,
    Bind: MacroInference.on_bind,
    OptMap: MacroInference.on_opt_map,
}
