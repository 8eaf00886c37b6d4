"""A syntax tree as source text: parsing the text gives an equal tree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

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
from auditor.cel.values import UInt

_TERNARY, _OR, _AND, _RELATION, _SUM, _PRODUCT, _UNARY, _POSTFIX = range(8)
_BINARY: Final = {
    **dict.fromkeys(("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in"), _RELATION),
    **dict.fromkeys(("_+_", "_-_"), _SUM),
    **dict.fromkeys(("_*_", "_/_", "_%_"), _PRODUCT),
}
_SIGNS: Final = {"!_": "!", "-_": "-"}
_PLAIN_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_FIELD: Final = frozenset({"true", "false", "null", "in"})
_WORDS: Final = {None: "null", True: "true", False: "false"}


def unparse(node: Node) -> str:
    """The text of an expression, with no more parentheses than it needs."""
    return _text(node, _TERNARY)


def _text(node: Node, least: int) -> str:
    """``node`` where the grammar wants something that binds at least as tightly as ``least``."""
    text, binding = _written(node)
    return text if binding >= least else f"({text})"


def _written(node: Node) -> tuple[str, int]:
    """A node's text and how tightly its outermost operator binds."""
    match node:
        case Literal(value):
            text = literal(value)
            return text, _UNARY if text.startswith("-") else _POSTFIX
        case Logical(conjunction, left, right):
            level = _AND if conjunction else _OR
            sign = "&&" if conjunction else "||"
            return f"{_text(left, level)} {sign} {_text(right, level + 1)}", level
        case Ternary(condition, then, otherwise):
            parts = (_text(condition, _OR), _text(then, _OR), _text(otherwise, _TERNARY))
            return "{} ? {} : {}".format(*parts), _TERNARY
        case Call():
            return _call(node)
        case _:
            return _postfix(node), _POSTFIX


def _call(node: Call) -> tuple[str, int]:
    if node.function in _BINARY:
        level = _BINARY[node.function]
        sign = node.function.strip("_@")
        left, right = node.args
        return f"{_text(left, level)} {sign} {_text(right, level + 1)}", level
    if node.function in _SIGNS:
        (operand,) = node.args
        same = isinstance(operand, Call) and operand.function == node.function
        # -1 is one literal for the parser, so a sign before any literal needs parentheses
        bare = not isinstance(operand, Literal) or node.function == "!_"
        inner = _text(operand, _UNARY if same else _POSTFIX) if bare else f"({unparse(operand)})"
        return _SIGNS[node.function] + inner, _UNARY
    target = "" if node.target is None else f"{_text(node.target, _POSTFIX)}."
    return f"{target}{node.function}({_listed(node.args)})", _POSTFIX


def _postfix(node: Node) -> str:
    match node:
        case Ident(name):
            return name
        case Select(operand, field, optional):
            return f"{_text(operand, _POSTFIX)}.{'?' if optional else ''}{_field(field)}"
        case Has(operand, field):
            return f"has({_text(operand, _POSTFIX)}.{_field(field)})"
        case Index(operand, index, optional):
            return f"{_text(operand, _POSTFIX)}[{'?' if optional else ''}{unparse(index)}]"
        case ListLiteral(elements, optional_elements):
            return f"[{_entries([unparse(part) for part in elements], optional_elements)}]"
        case MapLiteral(keys, values, optional_entries):
            pairs = zip(keys, values, strict=True)
            texts = [f"{unparse(key)}: {unparse(value)}" for key, value in pairs]
            return f"{{{_entries(texts, optional_entries)}}}"
        case _:
            return _macro(node)


def _macro(node: Node) -> str:
    match node:
        case Quantifier(kind, operand, first, second, body):
            names = first if second is None else f"{first}, {second}"
            return f"{_text(operand, _POSTFIX)}.{kind}({names}, {unparse(body)})"
        case Transform(kind, operand, first, second, condition, body):
            parts = [first, *([second] if second is not None else [])]
            parts += [unparse(part) for part in (condition, body) if part is not None]
            return f"{_text(operand, _POSTFIX)}.{kind}({', '.join(parts)})"
        case Bind(name, value, body):
            return f"cel.bind({name}, {unparse(value)}, {unparse(body)})"
        case OptMap(operand, name, body, flat):
            kind = "optFlatMap" if flat else "optMap"
            return f"{_text(operand, _POSTFIX)}.{kind}({name}, {unparse(body)})"
        case _:
            raise TypeError(f"no syntax for {type(node).__name__}")


def _listed(nodes: Sequence[Node]) -> str:
    return ", ".join(unparse(node) for node in nodes)


def _entries(texts: Sequence[str], optional: Sequence[bool]) -> str:
    pairs = zip(texts, optional, strict=True)
    return ", ".join(f"?{text}" if maybe else text for text, maybe in pairs)


def _field(name: str) -> str:
    return name if _PLAIN_FIELD.fullmatch(name) and name not in _NO_FIELD else f"`{name}`"


def literal(value: object) -> str:
    """A constant as it is written in an expression."""
    match value:
        case None | bool():
            return _WORDS[value]
        case UInt():
            return f"{int(value)}u"
        case str():
            return _quoted(value)
        case bytes():
            return 'b"' + "".join(_byte(byte) for byte in value) + '"'
        case float():
            # No literal stands for the others; these texts are those that double() takes.
            texts = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}
            text = repr(value)
            return f'double("{texts[text]}")' if text in texts else text
        case _:
            return str(value)


def _quoted(value: str) -> str:
    if "\\" in value and value.isprintable() and '"' not in value:
        return f'r"{value}"'
    quote = "'" if '"' in value and "'" not in value else '"'
    if "\\" not in value and quote not in value and value.isprintable():
        return f"{quote}{value}{quote}"
    return quote + "".join(_character(char, quote) for char in value) + quote


def _character(char: str, quote: str) -> str:
    if char in {"\\", quote}:
        return f"\\{char}"
    if char.isprintable():
        return char
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char, f"\\U{ord(char):08x}")


def _byte(byte: int) -> str:
    char = chr(byte)
    return char if char.isascii() and char.isprintable() and char not in '\\"' else f"\\x{byte:02x}"
