"""What the API server's own code makes of audit policies, without a server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from auditor.analysis.auditing.policy import Request


class Decided(msgspec.Struct, frozen=True):
    """What became of a request: the rule by its number, -1 for none."""

    level: str
    rule: int
    omit: tuple[str, ...]
    fields: bool


class Answer(msgspec.Struct, frozen=True):
    """What became of a policy: why it is refused, and if it is read strictly."""

    error: str
    strict: bool
    decisions: tuple[Decided, ...] | None


class AuditPolicies(msgspec.Struct, frozen=True):
    """The built program."""

    path: Path

    def asked(self, questions: Iterable[tuple[str, Sequence[Request]]]) -> list[Answer]:
        """Ask about the text of each policy with some requests."""
        lines = "\n".join(
            json.dumps({"policy": text, "requests": [_plain(each) for each in requests]})
            for text, requests in questions
        )
        ran = subprocess.run(
            [str(self.path)], input=lines, capture_output=True, text=True, timeout=300, check=True
        )
        return [msgspec.json.decode(line, type=Answer) for line in ran.stdout.splitlines()]


def _plain(request: Request) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = msgspec.to_builtins(request)
    return fields
