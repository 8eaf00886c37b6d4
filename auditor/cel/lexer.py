"""Tokens of the language (language definition, "Syntax")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from math import inf

import msgspec

from auditor.cel.errors import CelSyntaxError
from auditor.cel.values import INT_MAX, UINT_MAX, UInt


class Kind(Enum):
    """What a token is."""

    INT = "int"
    LITERAL = "literal"
    NAME = "name"
    QUOTED = "quoted name"
    OPERATOR = "operator"
    END = "end"


class Token(msgspec.Struct, frozen=True):
    """``value`` is the value of a literal, the name, or the operator's text."""

    kind: Kind
    value: object
    position: int
    text: str


RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let"),
        *("loop", "package", "namespace", "return", "var", "void", "while"),
    )
)
_SPACE = re.compile(r"(?:[ \t\n\f\r]+|//[^\n]*)+")
_NUMBER = re.compile(
    r"0[xX](?P<hex>[0-9a-fA-F]+)(?P<hexu>[uU])?"
    r"|(?P<float>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<dec>[0-9]+)(?P<decu>[uU])?"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(r"`([A-Za-z0-9_.\-/ ]+)`")
_STRING = re.compile(r"""(?P<prefix>[bB]?[rR]?)(?P<quote>'''|\"\"\"|'|")""")
_OPERATOR = re.compile(r"&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}]")
_SIMPLE = dict(zip("abfnrtv\\?\"'`", "\a\b\f\n\r\t\v\\?\"'`", strict=True))
_HEX = re.compile(r"[0-9a-fA-F]+")
_MOST_DIGITS = 20
"""Of the largest uint in decimal; Python reads no number of more than some thousand digits."""
_SHOWN = 40
_DIGITS = {"x": 2, "X": 2, "u": 4, "U": 8}


def tokens(source: str) -> Iterator[Token]:
    """Yield the tokens of an expression and a last one of kind END.

    Raises:
        CelSyntaxError: at the first character that starts no token.
    """
    position = 0
    while True:
        space = _SPACE.match(source, position)
        if space is not None:
            position = space.end()
        if position >= len(source):
            yield Token(Kind.END, "", position, "")
            return
        token, position = _token(source, position)
        yield token


def _token(source: str, position: int) -> tuple[Token, int]:
    match = _STRING.match(source, position)
    if match is not None:
        return _string(source, position, match)
    match = _NUMBER.match(source, position)
    if match is not None:
        return _number(source, position, match), match.end()
    match = _NAME.match(source, position)
    if match is not None:
        return Token(Kind.NAME, match[0], position, match[0]), match.end()
    match = _QUOTED.match(source, position)
    if match is not None:
        return Token(Kind.QUOTED, match[1], position, match[0]), match.end()
    match = _OPERATOR.match(source, position)
    if match is not None:
        return Token(Kind.OPERATOR, match[0], position, match[0]), match.end()
    raise CelSyntaxError(
        f"unexpected character {source[position]!r}", position=position, source=source
    )


def _number(source: str, position: int, match: re.Match[str]) -> Token:
    text = match[0]
    follow = source[match.end() : match.end() + 1]
    if follow.isalnum() or follow == "_":
        what = f"malformed number {_brief(text)}{follow}"
        raise CelSyntaxError(what, position=position, source=source)
    if match["float"] is not None:
        number = float(text)
        if number == inf:
            what = f"{_brief(text)} is not a double"
            raise CelSyntaxError(what, position=position, source=source)
        return Token(Kind.LITERAL, number, position, text)
    value = _whole(match["dec"]) if match["hex"] is None else int(match["hex"], 16)
    if match["hexu"] or match["decu"]:
        if value > UINT_MAX:
            what = f"{_brief(text)} is not a uint"
            raise CelSyntaxError(what, position=position, source=source)
        return Token(Kind.LITERAL, UInt(value), position, text)
    if value > INT_MAX + 1:
        raise CelSyntaxError(f"{_brief(text)} is not an int", position=position, source=source)
    return Token(Kind.INT, value, position, text)


def _whole(digits: str) -> int:
    """The value of decimal digits; of more than any number of ours has, one that is too large."""
    digits = digits.lstrip("0")
    return int(digits or "0") if len(digits) <= _MOST_DIGITS else UINT_MAX + 1


def _brief(text: str) -> str:
    """A number for a message: one of thousands of digits is told by its beginning."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}.. ({len(text):,} characters)"


def _string(source: str, position: int, match: re.Match[str]) -> tuple[Token, int]:
    quote, prefix = match["quote"], match["prefix"].lower()
    index, parts = match.end(), []
    while True:
        if index >= len(source) or (len(quote) == 1 and source[index] in "\r\n"):
            raise CelSyntaxError("unterminated string", position=position, source=source)
        if source.startswith(quote, index):
            break
        if source[index] == "\\" and "r" not in prefix:
            part, index = _escape(source, index, is_bytes="b" in prefix)
            parts.append(part)
            continue
        char = source[index]
        if char == "\r":  # Every end of a line in a string is a newline.
            char = "\n"
            index += source.startswith("\r\n", index)
        parts.append(char.encode("utf-8", "surrogatepass") if "b" in prefix else char)
        index += 1
    end = index + len(quote)
    value: object = b"".join(parts) if "b" in prefix else "".join(parts)  # type: ignore[arg-type]  # one class by prefix
    return Token(Kind.LITERAL, value, position, source[position:end]), end


def _escape(source: str, index: int, *, is_bytes: bool) -> tuple[str | bytes, int]:
    def bad(reason: str) -> CelSyntaxError:
        return CelSyntaxError(reason, position=index, source=source)

    letter = source[index + 1 : index + 2]
    if letter in _SIMPLE and letter:
        char = _SIMPLE[letter]
        return (char.encode() if is_bytes else char), index + 2
    if letter in _DIGITS and letter:
        if is_bytes and letter in "uU":
            raise bad("\\u and \\U are not escapes of bytes")
        digits = source[index + 2 : index + 2 + _DIGITS[letter]]
        if not (len(digits) == _DIGITS[letter] and _HEX.fullmatch(digits)):
            raise bad(f"\\{letter} needs {_DIGITS[letter]} hexadecimal digits")
        return _code(int(digits, 16), is_bytes=is_bytes, bad=bad), index + 2 + len(digits)
    digits = source[index + 1 : index + 4]
    if re.fullmatch(r"[0-3][0-7]{2}", digits):
        return _code(int(digits, 8), is_bytes=is_bytes, bad=bad), index + 4
    raise bad(f"no such escape: \\{letter}")


def _code(code: int, *, is_bytes: bool, bad: object) -> str | bytes:
    if is_bytes:
        return bytes((code,))
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise bad(f"U+{code:04X} is not a code point of a string")  # type: ignore[operator]  # makes the error
    return chr(code)
