"""What of a remediation is shown below a finding."""

from __future__ import annotations

import pytest

from reports.remedy import paragraphs, short_remedy

BOTH = "Before:\n\n    a: 1\n\nAfter:\n\n    b:\n      c: 2\n\nAnd so on.\n"
CASES = {
    "a sentence": (
        "Leave it out. Before:\n\n    a: 1\n\nAfter:\n\n    b: 2\n",
        "Leave it out.",
        (),
    ),
    "two lines of prose": ("Leave it\nout. Before:\n\n    a: 1\n", "Leave it out.", ()),
    "prose alone": ("Leave it out", "Leave it out.", ()),
    "a colon at the end": ("Name it:\n\n    a: 1\n", "Name it.", ()),
    "examples alone": (BOTH, "", ("b:", "  c: 2")),
    "before in words": ("Before: none. After:\n\n    b: 2\n", "", ("b: 2",)),
    "after with a condition": ("Before:\n\n    a\n\nAfter, if so:\n\n    b\n", "", ("b",)),
    "a blank line in an example": ("After:\n\n    a\n\n    b\n", "", ("a", "b")),
    "an example that is long": ("After:\n\n" + "    a\n" * 9, "", ()),
    "nothing": ("", "", ()),
    "the word before in a sentence": ("Do it before noon.", "Do it before noon.", ()),
}


@pytest.mark.parametrize(("text", "sentence", "snippet"), CASES.values(), ids=CASES)
def test_short_remedy(text: str, sentence: str, snippet: tuple[str, ...]) -> None:
    assert short_remedy(text) == (sentence, snippet)


def test_paragraphs() -> None:
    text = "One\nline.\n\n    code:\n      more\n\n    and more\n\n- a list\n- of two\n"
    assert list(paragraphs(text)) == [
        (False, "One line."),
        (True, "code:\n  more\n\nand more"),
        (True, "- a list\n- of two"),
    ]
