"""Rules made ready to judge with."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from auditor.cel import CelError, Program
from auditor.model.enums import Severity
from auditor.model.policy import Control, Framework, Rule
from auditor.platforms import PLATFORMS, Platforms


class MessageTemplate(msgspec.Struct, frozen=True):
    """A message with CEL in braces, taken apart: text, program, text, ..."""

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
        return ", ".join(str(element) for element in value)
    return str(value)


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
