"""What the author of a rule wrote, as Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reports.marked import marked, sentences
from tests.contract.reports import NASTY

READER = MarkdownIt("commonmark")
LINES = st.text("`~ab -+#>*_1.)<[]!&=", max_size=12) | st.sampled_from(NASTY)
TEXTS = st.lists(st.sampled_from(("", "    ")).flatmap(lambda by: LINES.map(by.__add__))).map(
    "\n".join
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Use `--cap-add` instead,\ne.g. `NET_BIND_SERVICE`.", None),
        ("`a` - *b*", "`a` - \\*b\\*"),
        ("a ` b", "a \\` b"),
        ("- a\n- b", "```\n- a\n- b\n```"),
        ("Before:\n\n    a: `b`\n\n    c\n", "Before:\n\n```\na: `b`\n\nc\n```"),
        ("So:\n\n    ```\n    a\n    ```\n", "So:\n\n````\n```\na\n```\n````"),
        ("", ""),
    ],
)
def test_marked(text: str, expected: str | None) -> None:
    assert marked(text) == (text.replace("\n", " ") if expected is None else expected)


@given(TEXTS)
def test_nothing_else_is_markup(text: str) -> None:
    tokens = READER.parse(marked(text))
    assert {token.type for token in tokens} <= {
        *("paragraph_open", "inline", "paragraph_close", "fence")
    }
    spans = {child.type for token in tokens for child in token.children or ()}
    assert spans <= {"text", "text_special", "code_inline"}


@given(LINES)
def test_a_paragraph_is_one(text: str) -> None:
    assert [token.type for token in READER.parse(sentences(text))] in (
        [],
        ["paragraph_open", "inline", "paragraph_close"],
    )
