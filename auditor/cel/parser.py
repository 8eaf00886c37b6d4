"""Recursive descent over the tokens; macros are expanded as calls are parsed."""

from __future__ import annotations

from auditor.cel.ast import (
    Call,
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
from auditor.cel.errors import CelCheckError, CelSyntaxError
from auditor.cel.lexer import RESERVED, Kind, Token, tokens
from auditor.cel.limits import DEFAULT_LIMITS, Limits
from auditor.cel.macros import expand
from auditor.cel.roots import bare, settle
from auditor.cel.values import INT_MAX

_AND = 2
_BINARY = {
    "||": (1, "_||_"),
    "&&": (_AND, "_&&_"),
    "in": (3, "@in"),
    **{sign: (3, f"_{sign}_") for sign in ("<", "<=", ">", ">=", "==", "!=")},
    **{sign: (4, f"_{sign}_") for sign in ("+", "-")},
    **{sign: (5, f"_{sign}_") for sign in ("*", "/", "%")},
}
"""How tightly each operator binds, and the name of its function."""

_DIGITS = frozenset(".0123456789")


def parse(
    source: str, *, limits: Limits = DEFAULT_LIMITS, namespaced: frozenset[str] = frozenset()
) -> Node:
    """Parse an expression and expand its macros.

    ``namespaced`` are the dotted function names, such as ``math.greatest``, that are calls and no
    methods when their root is not a variable in scope.

    Raises:
        CelSyntaxError: the text is not an expression; the error has the position.
        CelCheckError: a limit is exceeded.
    """
    if len(source) > limits.source:
        raise CelCheckError(f"longer than {limits.source} characters", position=0, source=source)
    try:
        return _Parser(source, limits, namespaced).parse()
    except RecursionError:
        raise CelCheckError(
            "nested too deeply",
            position=0,
            source=source,
            hint="split it; many alternatives go into a list, as in: x in ['a', 'b']",
        ) from None


class _Parser:
    def __init__(self, source: str, limits: Limits, namespaced: frozenset[str]) -> None:
        self._source = source
        self._limits = limits
        self._namespaced = namespaced
        self._tokens = list(tokens(source))
        self._index = 0
        self._depth = 0
        self._rooted = False
        if len(self._tokens) > limits.nodes:
            raise CelCheckError(f"more than {limits.nodes} tokens", position=0, source=source)

    def parse(self) -> Node:
        node = self._expression()
        token = self._peek()
        if token.kind is not Kind.END:
            raise self._error(f"unexpected {token.text!r}", token)
        return settle(node) if self._rooted else node

    def _peek(self) -> Token:
        return self._tokens[self._index]

    def _next(self) -> Token:
        token = self._tokens[self._index]
        if token.kind is not Kind.END:
            self._index += 1
        return token

    def _at(self, *operators: str) -> bool:
        token = self._tokens[self._index]
        return token.kind is Kind.OPERATOR and token.value in operators

    def _accept(self, operator: str) -> bool:
        if self._at(operator):
            self._index += 1
            return True
        return False

    def _expect(self, operator: str) -> Token:
        token = self._next()
        if token.kind is not Kind.OPERATOR or token.value != operator:
            found = repr(token.text) if token.text else "the end"
            raise self._error(f"expected {operator!r}, found {found}", token)
        return token

    def _error(self, message: str, token: Token) -> CelSyntaxError:
        return CelSyntaxError(message, position=token.position, source=self._source)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > self._limits.depth:
            raise self._error(f"nested deeper than {self._limits.depth}", self._peek())

    def _expression(self) -> Node:
        self._deeper()
        condition = self._binary()
        if self._at("?"):
            position = self._next().position
            then = self._binary()
            self._expect(":")
            condition = Ternary(condition, then, self._expression(), position)
        self._depth -= 1
        return condition

    def _binary(self, least: int = 1) -> Node:
        """Operands joined by operators that bind at least as tightly as ``least``."""
        left = self._unary()
        while True:
            token = self._tokens[self._index]
            if token.kind is not Kind.OPERATOR and token.kind is not Kind.NAME:
                return left
            operator = _BINARY.get(str(token.value))
            if operator is None or operator[0] < least:
                return left
            self._index += 1
            strength, name = operator
            right = self._binary(strength + 1)
            if strength <= _AND:
                left = Logical(strength == _AND, left, right, token.position)
            else:
                left = Call(name, None, (left, right), token.position)

    def _unary(self) -> Node:
        signs: list[Token] = []
        while self._at("!", "-") and (not signs or self._at(str(signs[0].value))):
            signs.append(self._next())
        if self._at("-"):
            number = self._tokens[self._index + 1]
            if number.kind in {Kind.INT, Kind.LITERAL} and number.text[0] in _DIGITS:
                signs.append(self._next())
        if len(signs) > self._limits.depth:
            raise self._error(f"nested deeper than {self._limits.depth}", signs[0])
        if signs and signs[-1].value == "-":
            token = self._peek()
            if token.kind is Kind.INT or (
                token.kind is Kind.LITERAL and token.value.__class__ is float
            ):
                signs.pop()
                self._index += 1
                value = -token.value  # type: ignore[operator]  # int or float by the test above
                node = self._postfix(Literal(value, token.position))
                return self._signed(signs, node)
        return self._signed(signs, self._postfix(self._primary()))

    def _signed(self, signs: list[Token], node: Node) -> Node:
        for sign in reversed(signs):
            node = Call(f"{sign.value}_", None, (node,), sign.position)
        return node

    def _postfix(self, node: Node) -> Node:
        count = 0
        while True:
            count += 1
            if count > self._limits.depth:
                raise self._error(f"nested deeper than {self._limits.depth}", self._peek())
            if self._at("."):
                dot = self._next()
                optional = self._accept("?")
                name, quoted = self._field()
                if self._at("(") and not optional and not quoted:
                    node = self._method(node, name, dot)
                else:
                    node = Select(node, name, optional, dot.position)
            elif self._at("["):
                bracket = self._next()
                optional = self._accept("?")
                index = self._expression()
                self._expect("]")
                node = Index(node, index, optional, bracket.position)
            elif self._at("{") and isinstance(node, Ident | Select):
                raise self._error("messages cannot be built here", self._peek())
            else:
                return node

    def _field(self) -> tuple[str, bool]:
        token = self._next()
        if token.kind is Kind.QUOTED:
            return str(token.value), True
        if token.kind is Kind.NAME and token.value not in {"true", "false", "null", "in"}:
            return str(token.value), False
        raise self._error("expected a field name", token)

    def _method(self, target: Node, name: str, dot: Token) -> Node:
        args = self._arguments()
        dotted = _dotted(target)
        if dotted is not None and f"{dotted}.{name}" in self._namespaced:
            return Call(f"{dotted}.{name}", None, args, dot.position)
        macro = expand(name, target, args, dot.position, self._source)
        return macro if macro is not None else Call(name, target, args, dot.position)

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        args: list[Node] = []
        if not self._at(")"):
            args.append(self._expression())
            while self._accept(","):
                args.append(self._expression())
        self._expect(")")
        return tuple(args)

    def _primary(self) -> Node:
        token = self._next()
        if token.kind is Kind.INT:
            if isinstance(token.value, int) and token.value > INT_MAX:
                raise self._error(f"{token.text} is not an int", token)
            return Literal(token.value, token.position)
        if token.kind is Kind.LITERAL:
            return Literal(token.value, token.position)
        if token.kind is Kind.NAME:
            return self._name(token)
        if token.kind is Kind.OPERATOR:
            if token.value == "(":
                node = self._expression()
                self._expect(")")
                return node
            if token.value == "[":
                return self._list(token)
            if token.value == "{":
                return self._map(token)
            if token.value == "." and self._peek().kind is Kind.NAME:
                return self._name(self._next(), qualified=True)
        found = f"unexpected {token.text!r}" if token.text else "unexpected end"
        raise self._error(found, token)

    def _name(self, token: Token, *, qualified: bool = False) -> Node:
        name = str(token.value)
        constants: dict[str, object] = {"true": True, "false": False, "null": None}
        if name in constants and qualified:
            raise self._error(f"{name!r} is not a name", token)
        if name in constants:
            return Literal(constants[name], token.position)
        if name in RESERVED or name == "in":
            raise self._error(f"{name!r} is a reserved word", token)
        if not self._at("("):
            self._rooted |= qualified
            return Ident(f".{name}" if qualified else name, token.position)
        args = self._arguments()
        macro = expand(name, None, args, token.position, self._source)
        return macro if macro is not None else Call(name, None, args, token.position)

    def _list(self, token: Token) -> Node:
        elements: list[Node] = []
        optional: list[bool] = []
        lone_comma = self._accept(",")
        while not (lone_comma or self._at("]")):
            optional.append(self._accept("?"))
            elements.append(self._expression())
            if not self._accept(","):
                break
        self._expect("]")
        return ListLiteral(tuple(elements), tuple(optional), token.position)

    def _map(self, token: Token) -> Node:
        keys: list[Node] = []
        values: list[Node] = []
        optional: list[bool] = []
        lone_comma = self._accept(",")
        while not (lone_comma or self._at("}")):
            optional.append(self._accept("?"))
            keys.append(self._expression())
            self._expect(":")
            values.append(self._expression())
            if not self._accept(","):
                break
        self._expect("}")
        return MapLiteral(tuple(keys), tuple(values), tuple(optional), token.position)


def _dotted(node: Node) -> str | None:
    if isinstance(node, Ident):
        return bare(node.name)
    if isinstance(node, Select) and not node.optional:
        prefix = _dotted(node.operand)
        return f"{prefix}.{node.field}" if prefix is not None else None
    return None
