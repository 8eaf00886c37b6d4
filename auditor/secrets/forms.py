"""The forms that a secret can stand in: plain, in a URL, in JSON, in base64, in hexadecimal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

from auditor.late import late

SHORTEST: Final = 8
"""A shorter one would be found everywhere."""
_ESCAPED: Final = late("%[0-9A-F]{2}")
_UNESCAPED: Final = ("", "/", "$&+=:@", "!'()*", ";,/?:@&=+$#!'()*")
"""What is left as it is: in a query, a path, a segment of Go's, by JavaScript's two functions."""
_LOWER: Final = {ord(each): f"\\u{ord(each):04x}" for each in "&<>\u2028\u2029"}
_UPPER: Final = {ord(each): f"\\u{ord(each):04X}" for each in "&<>+'\u2028\u2029"}
_STYLES: Final[tuple[tuple[Mapping[int, str], bool], ...]] = tuple(
    (escaped, plainly)
    for escaped in ({}, {ord("/"): "\\/"}, _LOWER, _UPPER)
    for plainly in (False, True)
)
"""How Python, PHP, Go and .NET write texts in JSON."""


def forms(secret: str) -> set[bytes]:
    """The bytes that a secret can stand as: in a URL, in JSON, in JSON in JSON, in base64.

    Most secrets are letters and digits, and are the same in many of these.
    """
    if len(secret) < SHORTEST:
        return set()
    plain = secret.encode("utf-8", "surrogatepass")
    once = set(_in_base64(plain))
    twice = {form for each in once for form in _in_base64(each)}
    texts = {plain, *_in_url(plain), *_in_json(secret), plain.hex().encode()}
    return {*texts, plain.hex().upper().encode(), *once, *twice}


def _in_url(plain: bytes) -> Iterator[bytes]:
    for safe in _UNESCAPED:
        text = quote(plain, safe=safe)
        for form in (text, _ESCAPED.sub(lambda found: found[0].lower(), text)):
            yield form.encode()
            yield form.replace("%20", "+").encode()


def _in_json(secret: str) -> Iterator[bytes]:
    """As it is written in JSON; a document of JSON is often a text in another."""
    for inner in _STYLES:
        once = _written(secret, inner)
        yield once.encode("utf-8", "surrogatepass")
        for outer in _STYLES:
            yield _written(once, outer).encode("utf-8", "surrogatepass")


def _written(text: str, style: tuple[Mapping[int, str], bool]) -> str:
    import json  # noqa: PLC0415 - few runs have a secret of their own

    escaped, plainly = style
    return json.dumps(text, ensure_ascii=plainly)[1:-1].translate(escaped)


def _in_base64(plain: bytes) -> Iterator[bytes]:
    import base64  # noqa: PLC0415 - few runs have a secret of their own

    for shift in range(3):
        # in the middle of a longer text the first and the last characters depend on neighbours
        first = -(-shift * 8 // 6)
        last = (len(plain) + shift) * 8 // 6
        yield base64.b64encode(bytes(shift) + plain)[first:last]
        yield base64.urlsafe_b64encode(bytes(shift) + plain)[first:last]
