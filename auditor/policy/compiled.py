"""Rules made ready to judge with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from auditor.cel import CelError, Program
from auditor.model.enums import Severity
from auditor.model.policy import Control, Framework, Rule
from auditor.platforms import PLATFORMS, Platforms

MOST_LISTED: Final = 8
"""Elements of a list that a message names."""
LONGEST_LISTED: Final = 80
"""Characters of an element of a list in a message."""


class MessageTemplate(msgspec.Struct, frozen=True):
    """A message with CEL in braces, taken apart: text, program, text, ...

    An expression that is a list stands for its elements, as many as people read.
    """

    parts: tuple[str | Program, ...]

    def programs(self) -> tuple[Program, ...]:
        """The expressions in it."""
        return tuple(part for part in self.parts if not isinstance(part, str))

    def render(self, body: object, item: object, params: object) -> str:
        """The message for one finding; an expression without a value leaves a mark."""
        return "".join(
            part if isinstance(part, str) else _text(part, body, item, params)
            for part in self.parts
        )


def _text(program: Program, body: object, item: object, params: object) -> str:
    try:
        value = program.run(body, item, params)
    except CelError:
        return "(no name)" if program.source.endswith(".name") else "?"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return _listed(value)
    return str(value)


def _listed(values: Sequence[object]) -> str:
    """The first elements of a list, and how many more there are; long ones are cut."""
    shown = [_cut(str(value)) for value in values[:MOST_LISTED]]
    more = len(values) - len(shown)
    return f"{', '.join(shown)} and {more} more" if more else ", ".join(shown)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_LISTED else f"{text[:LONGEST_LISTED]}…"


class ActiveRule(msgspec.Struct, frozen=True):
    """A rule of a profile: with its severity there, its parameters, and compiled expressions."""

    rule: Rule
    severity: Severity
    params: Mapping[str, object]
    each: Program | None
    when: Program | None
    check: Program
    message: MessageTemplate


class CompiledProfile(msgspec.Struct, frozen=True):
    """A profile ready to judge by. ``digest`` covers the policy, the profile and its parameters."""

    id: str
    title: str
    gate: str
    rules: tuple[ActiveRule, ...]
    parameters: Mapping[str, object]
    controls: Mapping[str, Control]
    frameworks: Mapping[str, Framework]
    tables: Mapping[str, list[Mapping[str, object]]]
    policy_digest: str
    digest: str
    platforms: Platforms = PLATFORMS
