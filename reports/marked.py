"""What the author of a rule wrote as Markdown: as it was meant, and nothing else in it is markup.

Authors write prose with `` `names` `` in it, and examples indented below it. A name becomes a code
span, an example a block of code, and of the rest whatever could be markup is escaped.
"""

from __future__ import annotations

import re
from typing import Final

from reports.markdown import code, inline, prose
from reports.remedy import paragraphs
from reports.text import safe

_NAME: Final = re.compile("`([^`]+)`")
_TICKS: Final = re.compile("`{3,}")


def marked(text: str) -> str:
    """A text of several paragraphs as Markdown."""
    return "\n\n".join(
        _block(part) if example else sentences(part) for example, part in paragraphs(text)
    )


def sentences(text: str) -> str:
    """A paragraph as Markdown, on one line."""
    first, *rest = _NAME.split(safe(" ".join(text.split())))
    others = (code(part) if at % 2 == 0 else inline(part) for at, part in enumerate(rest))
    return prose(first) + "".join(others)


def _block(text: str) -> str:
    longest = max((len(found[0]) for found in _TICKS.finditer(text)), default=2)
    fence = "`" * (longest + 1)
    lines = "\n".join(safe(line) for line in text.split("\n"))
    return f"{fence}\n{lines}\n{fence}"
