"""What one line of block-style YAML says, when that can be said without any context.

Configuration is lines of a few shapes, and the same lines come back in file after file: a line is
understood once and remembered. Whatever is not one of these shapes raises :class:`NotSimple`, and
its whole document is left to the YAML parser. So this can only be faster, never wrong; that a line
means what libyaml and kubectl say is tested, not believed.

A line becomes a tuple: what it does (``op``), the column where it does so, its key, its value, what
stands behind its dash, and whether text follows. These lines ::

    metadata:                       (KEY_OPEN, 0, "metadata",   None,   None, False)
      name: web   # a comment       (KEY,      2, "name",       "web",  None, False)
    containers:                     (KEY_OPEN, 0, "containers", None,   None, False)
    - name: app                     (DASH,     0, "",           None,   LINE, False)
      args: ["-c", a]               (KEY_FLOW, 2, "args",   b'["-c","a"]', None, False)
      mode: 0777                    (KEY,      2, "mode",       511,    None, False)
      run: |-                       (KEY_TEXT, 2, "run",        "|-",   None, True)
        echo                        not a line for itself: blocks.py takes it in as text
    - - deep                        (DASH,     0, "",           None,   LINE, False)

have ``(KEY, 2, "name", "app", None, False)`` behind the first dash: as if it stood in a line of its
own, two columns to the right. Behind the second is a DASH in column 2 again, which has
``(ITEM, 4, "", "deep", None, False)`` behind it. Dashes nest, and whoever reads takes off one at a
time.

What makes a document ``NotSimple``: an anchor (``a: &x 1``), a tag, ``? a``, a mapping in a plain
value (``a: b: c``), a quoted text that does not end on its line, a control character.

Values are kept without secrets, so that no secret is remembered: ``password: hunter2`` has its
marker as its value. Where one line can't tell (``- name: TOKEN`` and below it ``value: abc``), the
fifth field says so by one of :data:`TELLS_VALUE`, :data:`ANNOUNCES` and :data:`DOUBTFUL`, and
``blocks.py`` looks again at what stands together.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import msgspec

from auditor.secrets.fields import is_announcing
from auditor.secrets.keys import OF_THE_API, PAIR_NAME, PAIR_VALUE, SELECTS, role_of
from auditor.secrets.objects import has_secrets
from auditor.secrets.redact import redact_field
from collectors.documents.flow import NotSimple, quoted, simple_flow
from collectors.documents.scalars import as_json_number, plain

SKIP: Final = 0
END: Final = 1
KEY: Final = 2
KEY_OPEN: Final = 3
KEY_NULL: Final = 4
KEY_FLOW: Final = 5
KEY_TEXT: Final = 6
DASH: Final = 7
ITEM: Final = 8
ITEM_OPEN: Final = 9
ITEM_FLOW: Final = 10
ITEM_TEXT: Final = 11
"""What a line does at its column; plain numbers, for they are compared for every line."""

Line: TypeAlias = tuple[int, int, str, Any, Any, bool]
"""What a line does, its column, key, value, the ``Line`` behind its dash, whether text follows.

A plain tuple, for it is taken apart for every line. The value of a flow collection is its JSON
(each use needs a fresh copy), of a block of text its indicator, such as ``|-``. Behind no dash, the
``Line`` is what the line says of others: :data:`TELLS_VALUE`, :data:`ANNOUNCES`, :data:`DOUBTFUL`.
"""

TELLS_VALUE: Final = 1
"""Its value may be a secret: what it is the value of is said beside it."""
ANNOUNCES: Final = 2
"""The next item is a secret, unless it says that it is none."""
DOUBTFUL: Final = 3
"""Whether something is a secret can't be told line by line."""

NO_LINE: Final[Line] = (SKIP, 0, "", None, None, False)
LAST_LINE: Final[Line] = (END, -1, "", None, None, False)

_SHAPE = re.compile(
    r"""(?P<indent>\x20*)(?P<dashes>(?:-\x20+)*)
    (?:(?:(?P<key>[A-Za-z_/.][\w./-]*)|"(?P<double>[^"\\]*)"|'(?P<single>[^']*)'):
        (?:\x20+(?P<value>\S.*)?)?
    |(?P<lone>-)\x20*
    |(?P<item>[^\s\#].*))?""",
    re.VERBOSE | re.ASCII,
)
_STRANGE_ASCII = re.compile(r"[^\x20-\x7e]")
_STRANGE = (
    "[^\\x20-\\x7e\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe"
    "\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)
_INDICATORS = frozenset("&*!|>{}[]%@`?,#\"':")
_BLOCK = re.compile(r"([|>][-+]?)(?: +#.*)?")
_MAX_DASHES = 16

_encode = msgspec.json.encode


def is_strange(text: str) -> bool:
    """Whether a text has a character that YAML treats as a break, or not at all."""
    pattern = _STRANGE_ASCII if text.isascii() else _strange()
    return pattern.search(text) is not None


@functools.cache
def _strange() -> re.Pattern[str]:
    """Takes as long to compile as all other patterns together, and few files need it."""
    return re.compile(_STRANGE)


Hide: TypeAlias = Callable[[str, Any], Any]
"""What is made of a value under a key before it is kept: it without its secrets."""


def understand(line: str, hide: Hide = redact_field) -> Line:
    """Understand one line, without its end; ``hide`` is applied to its value.

    Raises:
        NotSimple: only a YAML parser can tell.
    """
    bare = line.lstrip(" ")
    if not bare or bare[0] == "#":
        if is_strange(line):
            raise NotSimple
        return NO_LINE
    match = _SHAPE.fullmatch(line)
    if match is None or is_strange(line):
        raise NotSimple
    indent, dashes = len(match["indent"]), match["dashes"]
    if len(dashes) > _MAX_DASHES:
        raise NotSimple
    column = indent + len(dashes)
    made = _content(match, column, hide)
    if match["item"] is not None and not dashes:
        raise NotSimple
    for at in range(len(dashes) - 1, -1, -1):
        if dashes[at] == "-":
            made = (DASH, indent + at, "", None, made, made[5])
    return made


def _content(match: re.Match[str], column: int, hide: Hide) -> Line:
    if match["lone"] is not None:
        return DASH, column, "", None, (ITEM_OPEN, column + 1, "", None, None, False), False
    if match["item"] is not None:
        op, value = _value(match["item"], "", hide)
        return _AS_ITEM[op], column, "", value, says(op, "", value), op == KEY_TEXT
    key = match["key"]
    if key is not None:
        if not isinstance(plain(key), str):
            raise NotSimple
    else:
        key = match["double"] if match["double"] is not None else match["single"]
    if key is None:  # dashes and nothing, or nothing but a comment, behind them
        raise NotSimple
    text = match["value"]
    if text is None or text[0] == "#":
        return KEY_OPEN, column, key, None, says(KEY_OPEN, key, None), False
    op, value = _value(text, key, hide)
    return op, column, key, value, says(op, key, value), op == KEY_TEXT


def says(op: int, key: str, value: Any) -> int | None:
    """What a line says of secrets in others, by its key and its value; None for nearly all.

    A line that opens a block of text says it once it has the text.
    """
    if not key:
        return ANNOUNCES if isinstance(value, str) and is_announcing(value) else None
    if key == "kind":
        return DOUBTFUL if op != KEY_NULL and has_secrets(value) else None
    role = role_of(key)
    if role & PAIR_VALUE:
        return TELLS_VALUE
    if op != KEY_OPEN or key in OF_THE_API:
        return None
    return DOUBTFUL if role & ~(PAIR_NAME | SELECTS) else None


_AS_ITEM: Final = {
    KEY: ITEM,
    KEY_NULL: ITEM,
    KEY_FLOW: ITEM_FLOW,
    KEY_TEXT: ITEM_TEXT,
}


def _value(text: str, key: str, hide: Hide) -> tuple[int, Any]:
    """The value behind a key or a dash, without its secrets."""
    first = text[0]
    if first in "\"'":
        value, end = quoted(text)
        _nothing_after(text[end:])
        return KEY, hide(key, value)
    if first in "[{":
        collection, end = simple_flow(text)
        _nothing_after(text[end:])
        return KEY_FLOW, _encode(hide(key, collection))
    if first in "|>":
        block = _BLOCK.fullmatch(text.rstrip(" "))
        if block is None:
            raise NotSimple
        return KEY_TEXT, block[1]
    scalar = _scalar(text)
    if scalar is None:
        return KEY_NULL, None
    return KEY, hide(key, scalar)


def _nothing_after(text: str) -> None:
    rest = text.strip(" ")
    if rest and not (text[0] == " " and rest[0] == "#"):
        raise NotSimple


def _scalar(text: str) -> object:
    """A plain scalar; what stands behind it may be a comment."""
    text = text.partition(" #")[0].rstrip(" ")
    first = text[0]
    if (
        first in _INDICATORS
        or ": " in text
        or text[-1] == ":"
        or text.startswith("- ")
        or text == "-"
    ):
        raise NotSimple
    value = plain(text)
    if isinstance(value, float):
        if value - value != 0:  # infinite, or no number
            raise NotSimple
        return as_json_number(value)
    return value
