"""What is different between two results: findings that are new, gone, or changed.

A finding is the same one when its fingerprint is: rule, target, resource and element, whatever its
line or message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import IntegrityError

_FINDINGS: Final = b'"findings": ['
_END: Final = b"],"


class Named(msgspec.Struct, frozen=True, gc=False):
    """The resource of a finding."""

    target: str
    kind: str
    namespace: str
    name: str
    source: str = ""


class Brief(msgspec.Struct, frozen=True, gc=False):
    """A finding, as far as comparing needs it."""

    fingerprint: str
    rule: str
    verdict: str
    severity: str
    resource: Named
    element: str
    message: str

    @property
    def state(self) -> tuple[str, str, str]:
        """What changes when it is said to have changed."""
        return self.verdict, self.severity, self.message


class Tool(msgspec.Struct, frozen=True):
    """Which program, by which policy."""

    version: str
    policy: str


class Gate(msgspec.Struct, frozen=True):
    """What the gate said."""

    expression: str
    decision: str
    exit: int


class Results(msgspec.Struct, frozen=True):
    """``results.json`` but for its findings, which are as many as there are."""

    tool: Tool
    gate: Gate
    counts: dict[str, dict[str, int]]
    coverage: dict[str, msgspec.Raw]
    gaps: list[msgspec.Raw]
    profile: dict[str, msgspec.Raw]


def read_results(path: Path) -> Results:
    """Read results without their findings, in little memory.

    Raises:
        IntegrityError: these are no results of ours.
    """
    parts: list[bytes] = []
    try:
        with path.open("rb") as file:
            inside = False
            for line in file:
                if inside and line.startswith(_END):
                    inside = False
                if not inside:
                    parts.append(line)
                if line.startswith(_FINDINGS):
                    inside = not line.rstrip().endswith(_END)
        return msgspec.json.decode(b"".join(parts), type=Results)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(f"{path}: {error}", hint="it is damaged, or no results") from error


def findings_in(path: Path) -> Iterator[Brief]:
    """The findings of results, one by one.

    Raises:
        IntegrityError: these are no results of ours.
    """
    decode = msgspec.json.Decoder(Brief).decode
    try:
        with path.open("rb") as file:
            for line in file:
                if line.startswith(_FINDINGS):
                    break
            for line in file:
                if line.startswith(_END):
                    return
                yield decode(line.rstrip().removesuffix(b","))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(f"{path}: {error}", hint="it is damaged, or no results") from error


class Change(msgspec.Struct, frozen=True):
    """A finding before and after; None where it was not."""

    before: Brief | None
    after: Brief | None

    @property
    def what(self) -> str:
        """``new``, ``gone`` or ``changed``."""
        if self.before is None:
            return "new"
        return "gone" if self.after is None else "changed"

    @property
    def finding(self) -> Brief:
        """The finding as it is, or as it was."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a change of nothing")
        return found


def changes(before: Mapping[str, Brief], after: Mapping[str, Brief]) -> Iterator[Change]:
    """What is different, in the order of the reports: what is there now, then what is gone."""
    for fingerprint, found in after.items():
        known = before.get(fingerprint)
        if known is None or known.state != found.state:
            yield Change(known, found)
    for fingerprint, found in before.items():
        if fingerprint not in after:
            yield Change(found, None)
