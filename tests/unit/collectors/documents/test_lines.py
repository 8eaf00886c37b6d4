"""Lines are what the module says of them, in its own examples."""

from __future__ import annotations

import pytest

from collectors.documents.blocks import Block, Memory
from collectors.documents.flow import NotSimple
from collectors.documents.lines import (
    DASH,
    ITEM,
    KEY,
    KEY_FLOW,
    KEY_OPEN,
    KEY_TEXT,
    TELLS_VALUE,
    Line,
    understand,
)

NAME: Line = (KEY, 2, "name", "app", None, False)
DEEP: Line = (ITEM, 4, "", "deep", None, False)
VALUE: Line = (KEY, 2, "value", "abc", TELLS_VALUE, False)
EXAMPLES: tuple[tuple[str, Line], ...] = (
    ("metadata:", (KEY_OPEN, 0, "metadata", None, None, False)),
    ("  name: web   # a comment", (KEY, 2, "name", "web", None, False)),
    ("- name: app", (DASH, 0, "", None, NAME, False)),
    ('  args: ["-c", a]', (KEY_FLOW, 2, "args", b'["-c","a"]', None, False)),
    ("  mode: 0777", (KEY, 2, "mode", 0o777, None, False)),
    ("  run: |-", (KEY_TEXT, 2, "run", "|-", None, True)),
    ("- - deep", (DASH, 0, "", None, (DASH, 2, "", None, DEEP, False), False)),
    ("  value: abc", VALUE),
    ("- value: abc", (DASH, 0, "", None, VALUE, False)),
    ("password: hunter2", (KEY, 0, "password", "«redacted:by-name»", None, False)),
)


@pytest.mark.parametrize(("text", "line"), EXAMPLES, ids=[text for text, _ in EXAMPLES])
def test_a_line_is_a_tuple(text: str, line: Line) -> None:
    assert understand(text) == line


@pytest.mark.parametrize(
    "text", ["  echo", "a: &x 1", "a: !t 1", "? a", "a: b: c", "a: 'b", "a: \a"]
)
def test_what_is_left_to_the_parser(text: str) -> None:
    with pytest.raises(NotSimple):
        understand(text)


def test_lines_of_a_block() -> None:
    block = Block("containers:\n- name: app\n  ports:\n  - 80\n", Memory())
    assert block.value == {"containers": [{"name": "app", "ports": [80]}]}
    pointers = ("", "/containers", "/containers/0", "/containers/0/name", "/containers/0/ports/0")
    assert [block.line_of(pointer) for pointer in pointers] == [0, 0, 1, 1, 3]
