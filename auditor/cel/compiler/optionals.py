"""Optionals, kept as their bare value or a default while the code that uses them allows it.

The chain ``a.?b.?c.orValue(false)`` becomes
``False if (t := a.get("b")) is None else t.get("c", False)``. Null has no fields, so that a null on
the way gives the default too.
"""

from __future__ import annotations

from functools import partial

from auditor.cel.ast import (
    Bind,
    Call,
    Ident,
    Index,
    ListLiteral,
    Literal,
    MapLiteral,
    Node,
    OptMap,
    Select,
    Ternary,
)
from auditor.cel.compiler.code import Code, Kind, assignment, deepest, local
from auditor.cel.compiler.common import (
    MISSING,
    NULL,
    condition,
    conditional,
    constant,
    plain_call,
)
from auditor.cel.compiler.generator import Generator, Name


def is_optional(g: Generator, node: Node) -> bool:
    """Whether ``node`` can only be an optional, or an error."""
    match node:
        case Select(operand, _, chained) | Index(operand, _, chained):
            return chained or is_optional(g, operand)
        case Ident(name):
            known = g.scope.get(name)
            return known is not None and known.optional
        case OptMap(body=body, flat=flat):
            return not flat or _is_optional_within(g, node.name, body, bound_optional=False)
        case Bind(name, value, body):
            return _is_optional_within(g, name, body, bound_optional=is_optional(g, value))
        case Ternary(_, then, otherwise):
            return is_optional(g, then) and is_optional(g, otherwise)
        case Call(function="or", target=target, args=(alternative,)) if target is not None:
            return is_optional(g, target) and is_optional(g, alternative)
        case Call(function=function):
            known_function = g.functions.get(function)
            return known_function is not None and all(
                signature.result.name == "optional_type" for signature in known_function.signatures
            )
        case _:
            return False


def _is_optional_within(g: Generator, name: str, body: Node, *, bound_optional: bool) -> bool:
    with g.inner_scope():
        g.scope[name] = Name("", optional=bound_optional)
        return is_optional(g, body)


def content_of(g: Generator, node: Node) -> Code:
    """The value in the optional ``node``, or ``M``; gives up if it is not an optional."""
    if is_optional(g, node):
        return optional(g, node, MISSING)
    code = g.visit(node)
    return Code(f"_content({code.text}, M)", depth=deepest(code))


def present_or_none(g: Generator, code: Code) -> Code:
    """An OptionalValue of the value in ``code``, which may be ``M``."""
    held = g.hold(code)
    return Code(f"(NONE if {held.text} is M else Opt({held.local}, True))", depth=held.depth + 2)


def optional(g: Generator, node: Node, default: Code) -> Code:
    """The value in ``node``, for which :func:`is_optional` holds, or the atom ``default``."""
    match node:
        case Select(operand, name):
            return _step(g, operand, Literal(name), default)
        case Index(operand, key):
            return _step(g, operand, key, default)
        case Ident(name):
            held = local(g.scope[name].local)
            return held if default is MISSING else _replace_missing(held, default)
        case OptMap():
            return _opt_map(g, node, default)
        case Bind():
            with g.inner_scope():
                bind_value(g, node)
                return optional(g, node.body, default)
        case Ternary():
            return conditional(
                g,
                condition(g, node.condition),
                partial(optional, g, node.then, default),
                partial(optional, g, node.otherwise, default),
            )
        case Call(function="or", target=target, args=(alternative,)) if target is not None:
            first = g.hold(optional(g, target, MISSING))
            return conditional(
                g,
                _is_missing(first),
                partial(optional, g, alternative, default),
                lambda: local(first.local or ""),
            )
        case Call(function="optional.none", args=()):
            return default
        case Call(function="optional.of", args=(value,)):
            content = g.visit(value)
            return g.hold(content) if content.is_constant else content
        case Call():
            code = plain_call(g, node)
            return Code(f"_content({code.text}, {default.text})", depth=deepest(code))
        case _:
            raise TypeError(f"not an optional: {type(node).__name__}")


def _is_missing(held: Code) -> Code:
    return Code(f"({held.text} is M)", Kind.BOOL, held.depth + 1)


def _replace_missing(held: Code, default: Code) -> Code:
    return Code(f"({default.text} if {held.text} is M else {held.local})", depth=held.depth + 1)


def _step(g: Generator, operand: Node, key: Node, default: Code) -> Code:
    """One selection in a chain; after the first optional one, null and none give the default."""
    if not isinstance(key, Literal):
        base, index = g.sequence((operand, key))
        text = f"_look_up({base.text}, {index.text}, {default.text})"
        return Code(text, depth=deepest(base, index))
    if not is_optional(g, operand):
        base = g.visit(operand)
        if base.local is not None and isinstance(key.value, str):
            g.facts.maps.add(base.local)
        return Code(_get(base, base.text, key, default), depth=base.depth + 1)
    base = g.hold(optional(g, operand, NULL))
    found = _get(base, base.local or "", key, default)
    return Code(f"({default.text} if {base.text} is None else {found})", depth=base.depth + 2)


def _get(base: Code, text: str, key: Literal, default: Code) -> str:
    name = constant(key.value).text
    unlikely = base.kind is Kind.LIST or base.is_constant
    if unlikely or not isinstance(key.value, str):
        return f"_look_up({text}, {name}, {default.text})"
    return f"{text}.get({name})" if default is NULL else f"{text}.get({name}, {default.text})"


def _opt_map(g: Generator, node: OptMap, default: Code) -> Code:
    operand = content_of(g, node.operand)
    with g.inner_scope():
        name = g.bind(node.name)
        test = _is_missing(assignment(name, operand))
        if node.flat:
            body = partial(optional, g, node.body, default)
        else:
            body = partial(g.visit, node.body)
        return conditional(g, test, lambda: default, body)


def flat_map(g: Generator, node: OptMap) -> Code:
    """``optFlatMap`` whose body may be anything: its value as it is."""
    operand = content_of(g, node.operand)
    with g.inner_scope():
        name = g.bind(node.name)
        test = _is_missing(assignment(name, operand))
        return conditional(
            g, test, lambda: Code("NONE", depth=0, atom=True), lambda: g.visit(node.body)
        )


def opt_map(g: Generator, node: OptMap) -> Code:
    """``optMap`` and ``optFlatMap``."""
    if is_optional(g, node):
        return present_or_none(g, optional(g, node, MISSING))
    return flat_map(g, node)


def bind_value(g: Generator, node: Bind) -> None:
    """Bring the name of a ``cel.bind`` into scope."""
    if is_optional(g, node.value):
        value = optional(g, node.value, MISSING)
        name = g.bind(node.name, optional=True)
    else:
        value = g.visit(node.value)
        name = g.bind(node.name, kind=value.kind)
    g.line(f"{name} = {value.text}")


def bind(g: Generator, node: Bind) -> Code:
    """``cel.bind(name, value, body)``."""
    if is_optional(g, node):
        return present_or_none(g, optional(g, node, MISSING))
    with g.inner_scope():
        bind_value(g, node)
        return g.visit(node.body)


def has_value(g: Generator, node: Call, target: Node) -> Code:
    """``target.hasValue()``."""
    if not is_optional(g, target):
        return plain_call(g, node)
    code = optional(g, target, MISSING)
    text = f"({code.text} is not M)"
    return Code(text, Kind.BOOL, code.depth + 1, negated=f"({code.text} is M)")


def value(g: Generator, node: Call, target: Node) -> Code:
    """``target.value()``."""
    if not is_optional(g, target):
        return plain_call(g, node)
    held = g.hold(optional(g, target, MISSING))
    text = f"({held.local} if {held.text} is not M else _give_up())"
    return Code(text, depth=held.depth + 1)


def or_value(g: Generator, target: Node, alternative: Node) -> Code:
    """``target.orValue(alternative)``: the alternative is evaluated only where it is needed."""
    if not is_optional(g, target):
        held = g.hold(g.visit(target))
        test = Code(f"({held.text}.__class__ is Opt)", Kind.BOOL, held.depth + 1)
        return conditional(
            g,
            test,
            lambda: _opened(g, held.local or "", alternative),
            lambda: local(held.local or ""),
        )
    default = as_default(alternative)
    if default is not None:
        return optional(g, target, default)
    held = g.hold(optional(g, target, MISSING))
    return conditional(
        g,
        _is_missing(held),
        partial(g.visit, alternative),
        lambda: local(held.local or ""),
    )


def as_default(node: Node) -> Code | None:
    """``node`` if it is cheap and cannot fail, so that it need not be evaluated only if needed."""
    match node:
        case Literal(value):
            return constant(value)
        case ListLiteral(()):
            return Code("[]", Kind.LIST)
        case MapLiteral(()):
            return Code("{}")
        case _:
            return None


def _opened(g: Generator, name: str, alternative: Node) -> Code:
    test = Code(f"{name}.present", Kind.BOOL)
    return conditional(g, test, lambda: Code(f"{name}.value"), partial(g.visit, alternative))


def or_else(g: Generator, node: Call, target: Node, alternative: Node) -> Code:
    """``target.or(alternative)`` where it is not known that both are optionals."""
    if is_optional(g, node):
        return present_or_none(g, optional(g, node, MISSING))
    held = g.hold(g.visit(target))
    test = Code(
        f"({held.text}.__class__ is not Opt or {held.local}.present)", Kind.BOOL, held.depth + 1
    )
    return conditional(g, test, lambda: local(held.local or ""), partial(g.visit, alternative))
