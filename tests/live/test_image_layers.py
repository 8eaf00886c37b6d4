"""Headers of layers, made by chance, against Go's reader: we read the same, or refuse."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Final

import pytest

from collectors.images.contents.fields import text, unbroken
from collectors.images.contents.headers import FILE, FOLDER, LINK, OTHER, SYMLINK, entries, plain
from collectors.images.contents.limits import ContentError
from collectors.images.contents.unpacking import Budget, Unpacked
from tests.engines.gotars import Answer, GoTar
from tests.unit.collectors.images.layers import BLOCK, changed, record

KINDS: Final = {"0": FILE, "\0": FILE, "1": LINK, "2": SYMLINK, "5": FOLDER}
KINDS.update(dict.fromkeys("346", OTHER))
TYPES: Final = b"0" * 14 + b"\0\0\0" + b"112225553"
ODD_TYPES: Final = b"467SZDxLKg"
NAMES: Final = (b"a", b"b/c", b"./d", b"b/", b"\xff\xfe", b"x" * 100, b"", b"b/.wh.c", b"../e")
MAGICS: Final = (b"ustar\x0000",) * 6 + (b"ustar  \0", b"\0" * 8, b"ustar 00")
NUMBERS: Final = (b"0004755\0", b"0000644\0", b"\x004755\0\0\0", b"   4755 ", b"4755\0\0\0\0")
NUMBERS += (b"104755 \0", b"\0" * 8, b" " * 8, b"\x80\0\0\0\0\0\x09\xed")
ODD_NUMBERS: Final = (
    b"\xff" * 8,
    b"47 55\0\0\0",
    b"47\x0055\0\0\0",
    b"8\0\0\0\0\0\0\0",
    b"+1\0\0\0\0\0\0",
)
TIMES: Final = (b"00000000000\0", b"\0" * 12, b"\xff" * 12, b"\x80" + b"\0" * 10 + b"\1")
ODD_TIMES: Final = (b"\x80" + b"\xff" * 11, b"1000\0zzzzzzz", b"soon\0\0\0\0\0\0\0\0")
SIZES: Final = {
    0: (b"00000000000\0", b"\0" * 12, b" " * 12, b"\x80" + b"\0" * 11),
    1: (b"00000001000\0", b"00000000001\0", b"\x000000001000", b"       1000 "),
    2: (b"\x80" + b"\0" * 9 + b"\4\0", b"00000001001\0", b"\0\x00001001\0\0\0\0"),
}
KEYS: Final = (
    ("path", ("p", "", "q/r", "b/c", "p/")),
    ("linkpath", ("l", "")),
    ("uid", ("7", "", "123456789")),
    ("mtime", ("1.5", "1", "", "-3.25")),
    ("comment", ("c", "")),
    ("GNU.sparse.name", ("s", "")),
    ("SCHILY.xattr.user.a", ("v",)),
)
ODD_KEYS: Final = (
    ("path", ("p/",)),
    ("size", ("512", "0", "", "-1", "x", "1024")),
    ("uid", ("x", "-2")),
    ("gid", ("1", "y")),
    ("mtime", (".5", "1.x", "later")),
    ("GNU.sparse.major", ("0", "2", "")),
    ("GNU.sparse.minor", ("0", "1")),
)
_MAP: Final = b"GNU.sparse.m"
"""Go's reader looks at the map of a sparse file as well; it says nothing of names or modes."""
BEFORE: Final = b"xxxxLLKxxg"


def archive(dice: random.Random) -> bytes:
    """Some files, some with more said of them, most of them sound; with an end of some kind."""
    parts = []
    for _ in range(dice.randint(1, 4)):
        while dice.random() < 0.4:
            parts.append(_more(dice))
        parts.append(_file(dice))
        if dice.random() < 0.03:
            parts.append(bytes(BLOCK))
    end = bytes(dice.choice((0, BLOCK, 2 * BLOCK, 4 * BLOCK) * 6 + (BLOCK + 9,)))
    return b"".join(parts) + end


def _file(dice: random.Random) -> bytes:
    made, blocks = bytearray(BLOCK), dice.choice((0, 0, 1, 2))
    name = dice.choice(NAMES)
    made[: len(name)] = name
    made[156] = dice.choice(ODD_TYPES if dice.random() < 0.04 else TYPES)
    made[157:160] = dice.choice((b"to/", b"../", b"\0\0\0"))
    for start in (100, 108, 116, 329):
        made[start : start + 8] = dice.choice(ODD_NUMBERS if dice.random() < 0.01 else NUMBERS)
    made[136:148] = dice.choice(ODD_TIMES if dice.random() < 0.02 else TIMES)
    made[124:136] = dice.choice(SIZES[blocks])
    made[257:265] = dice.choice(MAGICS)
    if dice.random() < 0.3:
        made[345:350] = dice.choice((b"pre\0\0", b"1234\0", b"\xffpre\0", b"p/q\0z"))
    if dice.random() < 0.1:
        made[508:512] = b"tar\0"
        made[470:475] = dice.choice((b"\0" * 5, b"long\0"))
    if bytes(made[156:157]) in b"123456" and dice.random() < 0.95:
        blocks = 0
    return changed(bytes(made), 0, b"") + bytes(BLOCK * blocks)


def _more(dice: random.Random) -> bytes:
    kind = dice.choice(BEFORE)
    if kind in b"xg":
        data = b"".join(record(*_record(dice)) for _ in range(dice.randint(0, 3)))
        if dice.random() < 0.05:
            data = data[:-1] + dice.choice((b"", b"x"))
    else:
        data = dice.choice((b"long/name\0", b"name", b"\0", b"", b"a\0b"))
    made = bytearray(BLOCK)
    made[:2] = b"@x"
    made[124:136] = f"{len(data):011o}\0".encode()
    made[156], made[257:265] = kind, b"ustar\x0000"
    return changed(bytes(made), 0, b"") + data.ljust(-(-len(data) // BLOCK) * BLOCK, b"\0")


def _record(dice: random.Random) -> tuple[str, str]:
    key, values = dice.choice(ODD_KEYS if dice.random() < 0.08 else KEYS)
    return key, dice.choice(values)


def ours(data: bytes) -> list[tuple[object, ...]] | None:
    """What we read of an archive; None for one that we refuse."""
    stream = Unpacked(iter([data]), Budget(1 << 20, 1.0, lambda: 0.0))
    try:
        return [
            (each.path, each.kind, each.mode, each.owner, each.target)
            for each in entries(stream, 1_000)
        ]
    except ContentError:
        return None


def theirs(answer: Answer) -> list[tuple[object, ...]]:
    """What Go's reader finds, but for headers that are about all files."""
    return [
        (
            plain(unbroken(each.name)),
            KINDS.get(each.kind, each.kind),
            each.mode,
            each.owner,
            text(each.target),
        )
        for each in answer.entries
        if each.kind != "g"
    ]


def compared(gotar: GoTar, archives: Sequence[bytes]) -> Counter[str]:
    """How many archives both read, we refuse alone, and both refuse."""
    counted = Counter[str]()
    for data, answer in zip(archives, gotar.asked(archives), strict=True):
        found = ours(data)
        if found is None:
            counted["both refuse" if answer.error else "we refuse"] += 1
            continue
        known = theirs(answer)
        if answer.error:
            assert _MAP in data, (data.hex(), answer.error)
            found = found[: len(known)]
        assert found == known, data.hex()
        counted["a map alone" if answer.error else "both read"] += 1
    return counted


def test_we_read_what_engines_read_or_refuse(gotar: GoTar) -> None:
    dice = random.Random(53)
    counted = compared(gotar, [archive(dice) for _ in range(800)])
    assert counted["both read"] > 150, counted
    assert counted["both refuse"] > 50, counted


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_we_read_what_engines_read_or_refuse_of_many(gotar: GoTar, seed: int) -> None:
    dice = random.Random(seed)
    assert compared(gotar, [archive(dice) for _ in range(3_000)])["both read"] > 500
