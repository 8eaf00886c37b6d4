"""What a program says of a failure, as a gap may say it: short, without secrets and our paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from auditor.late import late
from auditor.secrets.messages import redact_message
from auditor.secrets.redact import redact_text
from collectors.programs.sandbox import Outcome

_LONGEST: Final = 400
_LINES: Final = 6
_ADDRESS: Final = late(r"([a-z][a-z0-9+.-]*://)[^/@\s]+@", re.IGNORECASE)
_ASSIGNED: Final = late(
    r"((?:token|secret|passw\w*|pwd|api[-_]?key|credential\w*|authorization)[\w-]*['\"]?\s*[:=]\s*"
    r"(?:bearer\s+)?)[^\s,;]+",
    re.IGNORECASE,
)


def reason(outcome: Outcome, names: Mapping[str, str]) -> str:
    """Say why nothing came out; ``names`` are folders of ours by how people know them."""
    if outcome.problem:
        return outcome.problem
    text = outcome.said
    for path, name in names.items():
        text = text.replace(path, name)
    lines = [" ".join(line.split()) for line in text.strip().splitlines()[-_LINES:]]
    told = redacted(" ".join(line for line in lines if line))
    if len(told) > _LONGEST:
        told = f"{told[:_LONGEST]}…"
    return told or f"it ended with code {outcome.code}, and said nothing"


def redacted(text: str) -> str:
    """A text of another program without what looks secret in it."""
    text = _ADDRESS.sub(r"\1", text)
    text = " ".join(redact_text(word) for word in text.split(" "))
    return _ASSIGNED.sub(r"\1«redacted»", redact_message(text))
