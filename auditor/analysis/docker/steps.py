"""What steps of a build come to in a fact, whether a Dockerfile says them or an image's history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from auditor.analysis.docker.doing import doings
from auditor.analysis.docker.shell import Command
from auditor.secrets.marks import has_marker
from auditor.secrets.names import is_secret_name

LONGEST: Final = 400
"""Characters of a command that a fact repeats."""
MOST_ENDS: Final = 50_000
"""Characters in the steps of one build that end a command."""
_ENDING: Final = ";|&\n(`"


def ends_in(texts: Iterable[str]) -> int:
    """Count what ends commands in the texts of some steps."""
    return sum(text.count(char) for text in texts for char in _ENDING)


def command_fields(command: Command) -> dict[str, object]:
    """Make the item of a fact that says what a command is and does."""
    text = " ".join([command.program, *command.arguments])
    return {"program": command.program, "text": text[:LONGEST], "does": doings(command)}


def is_secret_argument(pair: Mapping[str, str]) -> bool:
    """Whether an argument hands over a secret: by its value, or by its name where it has none."""
    value = pair.get("value")
    return is_secret_name(pair["name"]) if value is None else has_marker(value)
