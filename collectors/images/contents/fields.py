r"""The fields of one header of tar, as Go's reader takes them.

Docker, containerd and podman unpack layers by that reader. A field that it takes for something
else than we do hides a file, so what it refuses is refused, and each field that it looks at is
looked at: spaces and zero bytes around a number are no part of it, the prefix of a name has three
forms.

::

    ustar   magic "ustar\0"             345 prefix, 155 bytes
    star    and "tar\0" at 508          345 prefix, 131 bytes, 476 and 488 times
    GNU     magic "ustar  \0"           345 and 357 times; where these are none, a prefix, as a
                                        writer once had it
    V7      any other                   no prefix

Source: https://pkg.go.dev/archive/tar
"""

from __future__ import annotations

from typing import Final

import msgspec

from collectors.images.contents.limits import MalformedError

BLOCK: Final = 512
_USTAR, _GNU, _STAR_END = b"ustar\0", b"ustar  \0", b"tar\0"
_MOST: Final = (1 << 63) - 1


class Header(msgspec.Struct, frozen=True, gc=False):
    """One header; ``kind`` is the byte of its type, ``target`` what it links to."""

    name: str
    kind: bytes
    mode: int
    owner: int
    size: int
    target: str


def header(block: bytes) -> Header:
    """Read a header.

    Raises:
        MalformedError: its sum is wrong, or a number is none.
    """
    _check(block)
    prefix, name = _prefix(block), text(block[:100])
    for start, end in ((116, 124), (136, 148)):
        _number(block[start:end])
    return Header(
        name=f"{prefix}/{name}" if prefix else name,
        kind=block[156:157],
        mode=_number(block[100:108]),
        owner=_number(block[108:116]),
        size=_number(block[124:136]),
        target=text(block[157:257]),
    )


def text(field: bytes) -> str:
    """A text up to its end; a byte that is no UTF-8 stays one, so that names stay apart."""
    return unbroken(field.partition(b"\0")[0])


def unbroken(data: bytes) -> str:
    """Bytes as a text that has all of them; see :func:`shown`."""
    return data.decode("utf-8", "surrogateescape")


def shown(name: str) -> str:
    """A name as it may be written down: what was no UTF-8 has the sign for that."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _check(block: bytes) -> None:
    """Hold the sum of a header against what it says; either sign of bytes is in use."""
    try:
        said: int | None = _octal(block[148:156])
    except MalformedError:
        said = None
    found = sum(block) - sum(block[148:156]) + 8 * 32
    high = sum(256 for each in (*block[:148], *block[156:]) if each > 127)
    if said not in {found, found - high}:
        raise MalformedError("no tar archive, or one that is damaged")


def _prefix(block: bytes) -> str:
    """What stands before the name; the numbers of a form are held to be some."""
    gnu = block[257:265] == _GNU
    if not gnu and block[257:263] != _USTAR:
        return ""
    for start in (329, 337):
        _number(block[start : start + 8])
    if gnu:
        return "" if _has_times(block) else _ascii(block[345:500])
    if block[508:] != _STAR_END:
        return text(block[345:500])
    for start in (476, 488):
        _number(block[start : start + 12])
    return text(block[345:476])


def _has_times(block: bytes) -> bool:
    """Whether there are times where GNU tar has them."""
    try:
        for start in (345, 357):
            if block[start]:
                _number(block[start : start + 12])
    except MalformedError:
        return False
    return True


def _ascii(field: bytes) -> str:
    found = text(field)
    return found if found.isascii() else ""


def _number(field: bytes) -> int:
    """A number in octal, or in base 256 where the first bit is set; it may be below 0."""
    if field[0] < 0x80:
        return _octal(field)
    below = field[0] & 0x40
    flipped = bytes(each ^ 0xFF for each in field) if below else field
    value = int.from_bytes(bytes([flipped[0] & 0x7F]) + flipped[1:], "big")
    if value > _MOST:
        raise MalformedError("an archive with a number out of range")
    return ~value if below else value


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0").partition(b"\0")[0]
    if digits.strip(b"01234567"):
        raise MalformedError("an archive with a number that is none")
    return int(digits or b"0", 8)
