"""Literals and where they go wrong; cel-go gave the same answers."""

from __future__ import annotations

import re

import pytest

from auditor.cel.ast import Literal
from auditor.cel.errors import CelSyntaxError
from auditor.cel.parser import parse
from auditor.cel.values import UInt

VALUES = {
    "escapes of control characters": (r"'\a\b\f\n\r\t\v'", "\a\b\f\n\r\t\v"),
    "escapes of punctuation": (r"""'\\\'\"\`\?'""", "\\'\"`?"),
    "hexadecimal": (r"'\x41\X42'", "AB"),
    "hexadecimal code point": (r"'\xff'", "\xff"),
    "hexadecimal byte": (r"b'\xff'", b"\xff"),
    "octal code point": (r"'\101\377'", "A\xff"),
    "octal byte": (r"b'\377'", b"\xff"),
    "four digits": (r"'\u00e9'", "\xe9"),
    "eight digits": (r"'\U0001F600'", "\U0001f600"),
    "raw": (r"r'\n'", "\\n"),
    "raw bytes": (r"bR'\n'", b"\\n"),
    "bytes are UTF-8": ("b'\xe9'", b"\xc3\xa9"),
    "three quotes": ("'''a'b\n\"c'''", "a'b\n\"c"),
    "three double quotes": ('R"""a"b\\n"""', 'a"b\\n'),
    "ends of lines": ("'''a\r\nb\rc'''", "a\nb\nc"),
    "no comment in a string": ("'//'", "//"),
    "comment": ("1 // one", 1),
    "thousands of zeros": ("0" * 5000 + "7", 7),
    "thousands of zeros alone": ("0" * 5000, 0),
    "thousands of hexadecimal zeros": ("0x" + "0" * 5000 + "7", 7),
    "thousands of digits of a double": ("0." + "9" * 5000, 1.0),
    "greatest int": ("9223372036854775807", 2**63 - 1),
    "least int": ("-9223372036854775808", -(2**63)),
    "least hexadecimal int": ("-0x8000000000000000", -(2**63)),
    "uint": ("18446744073709551615u", UInt(2**64 - 1)),
    "hexadecimal uint": ("0xFFU", UInt(255)),
    "double": ("1.5", 1.5),
    "double without a whole part": (".5e1", 5.0),
    "exponent": ("1E+2", 100.0),
    "negative double": ("-1.5", -1.5),
    "greatest double": ("1.7976931348623158e308", 1.7976931348623157e308),
    "double too small": ("1e-400", 0.0),
}


@pytest.mark.parametrize(("source", "value"), VALUES.values(), ids=VALUES.keys())
def test_literal(source: str, value: object) -> None:
    node = parse(source)
    assert isinstance(node, Literal)
    assert node.value == value
    assert node.value.__class__ is value.__class__


REFUSED = {
    "int": ("9223372036854775808", 0, "not an int"),
    "negative int": ("-9223372036854775809", 1, "not an int"),
    "hexadecimal int": ("0x8000000000000000", 0, "not an int"),
    "uint": ("18446744073709551616u", 0, "not a uint"),
    "int of many digits": ("1 + " + "9" * 5000, 4, "99.. (5,000 characters) is not an int"),
    "negative int of many digits": ("-" + "9" * 5000, 1, "is not an int"),
    "uint of many digits": ("9" * 5000 + "u", 0, "99.. (5,001 characters) is not a uint"),
    "int of many hexadecimal digits": (
        "0x" + "f" * 5000,
        0,
        "ff.. (5,002 characters) is not an int",
    ),
    "a key of many digits": ("[1][" + "9" * 5000 + "]", 4, "is not an int"),
    "double of many digits": ("9" * 5000 + ".5", 0, "99.. (5,002 characters) is not a double"),
    "malformed number of many digits": ("9" * 5000 + "x", 0, "99.. (5,000 characters)x"),
    "double": ("1.7976931348623159e308", 0, "not a double"),
    "large double": ("[1e400]", 1, "1e400 is not a double"),
    "negative double": ("-1e400", 1, "not a double"),
    "number with a letter": ("1_000", 0, "malformed number"),
    "hexadecimal without digits": ("0x", 0, "malformed number"),
    "surrogate": (r"'a\ud800'", 2, "not a code point"),
    "large code point": (r"'\U00110000'", 1, "not a code point"),
    "few digits": (r"'\u12'", 1, "4 hexadecimal digits"),
    "code point in bytes": (r"b'\u00e9'", 2, "not escapes of bytes"),
    "large octal": (r"'\400'", 1, "no such escape"),
    "short octal": (r"'\1'", 1, "no such escape"),
    "unknown escape": (r"'\z'", 1, "no such escape"),
    "open string": ("'a", 0, "unterminated"),
    "line in a string": ("'a\nb'", 0, "unterminated"),
    "open long string": ("'''a''", 0, "unterminated"),
    "bytes after raw": ("rb'a'", 2, "unexpected"),
    "character": ("1 + #", 4, "unexpected character"),
    "letter with an accent": ("\xe9", 0, "unexpected character"),
    "single ampersand": ("x & y", 2, "unexpected character"),
    "block comment": ("1 /* */", 3, "unexpected"),
}


@pytest.mark.parametrize(("source", "position", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses(source: str, position: int, message: str) -> None:
    with pytest.raises(CelSyntaxError, match=re.escape(message)) as caught:
        parse(source)
    assert caught.value.position == position


def test_error_shows_the_line() -> None:
    with pytest.raises(CelSyntaxError) as caught:
        parse("x &&\n  y # z")
    error = caught.value
    assert (error.line, error.column, error.excerpt()) == (2, 5, "  y # z\n    ^")
