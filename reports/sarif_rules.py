"""The tool and its rules in SARIF: those that something is said of, and two of our own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.model.finding import Report, RuleInfo
from reports.marked import marked
from reports.text import safe

NOT_READ: Final = "auditor-not-read"
LEFT_OUT: Final = "auditor-left-out"
SECURITY: Final[Mapping[str, str]] = MappingProxyType(
    {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.5", "info": "0.5"}
)
"""``security-severity``, by which GitHub sorts alerts: each in the middle of GitHub's own band."""
_LEVELS: Final[Mapping[str, str]] = MappingProxyType(
    {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
)
_LINK: Final = re.compile(r"\]\s*\(")
_LONGEST: Final = 1024
"""Characters of a description that GitHub takes."""
_OWN: Final = (
    RuleInfo(
        NOT_READ,
        "Something was not read, and rules that rest on it have no verdict",
        "medium",
        "The message says what was not read, why, and what to do about it.",
    ),
    RuleInfo(
        LEFT_OUT,
        "Findings are left out of this report",
        "medium",
        "Read the report of format json, which holds all of them.",
    ),
)


class Rules(msgspec.Struct, frozen=True):
    """Rules in the order of their ids, and where each is in the list."""

    listed: tuple[RuleInfo, ...]
    index: Mapping[str, int]

    @classmethod
    def of(cls, report: Report) -> Rules:
        """The rules that failed, or were not decided, somewhere."""
        said = {
            count.rule for count in report.counts if count.failed or count.unknown or count.manual
        }
        known = sorted(said & report.rules.keys())
        listed = (*(report.rules[name] for name in known), *_OWN)
        return cls(listed, {info.id: number for number, info in enumerate(listed)})

    def reference(self, rule: str) -> dict[str, Any]:
        """How a result names its rule."""
        index = self.index.get(rule)
        name = safe(rule)
        return {"ruleId": name} if index is None else {"ruleId": name, "ruleIndex": index}

    def tool(self, version: str) -> dict[str, Any]:
        """The object ``tool``."""
        return {
            "driver": {
                "name": "auditor",
                "version": version,
                "semanticVersion": version,
                "rules": [_descriptor(info) for info in self.listed],
            }
        }


def _descriptor(info: RuleInfo) -> dict[str, Any]:
    title = said(safe(info.title))
    return {
        "id": safe(info.id),
        "name": "".join(part.capitalize() for part in safe(info.id).split("-")),
        "shortDescription": {"text": _sentence(title)},
        "fullDescription": {"text": _shortened(_why(info)) or _sentence(title)[:_LONGEST]},
        "help": _help(info),
        "defaultConfiguration": {"level": _LEVELS[info.severity]},
        "properties": {
            "tags": ["security"],
            "security-severity": SECURITY[info.severity],
            "problem.severity": _LEVELS[info.severity].replace("note", "recommendation"),
        },
    }


def _why(info: RuleInfo) -> str:
    """Why it matters, on one line."""
    return said(safe(" ".join(info.rationale.split())))


def _shortened(text: str) -> str:
    """As many sentences as there is room for, and as many words where the first is longer."""
    if len(text) <= _LONGEST:
        return text
    room = text[: _LONGEST - 1]
    sentences, end, _ = room.rpartition(". ")
    return f"{sentences}." if end else f"{room.rpartition(' ')[0] or room}\u2026"


def _help(info: RuleInfo) -> dict[str, str]:
    """What to do about it, with the lines of the author as they are; viewers prefer Markdown."""
    lines = info.remediation.strip("\n").splitlines()
    if not lines:
        return {"text": safe(f"auditor explain {info.id}")}
    return {"text": said(*(safe(line) for line in lines)), "markdown": marked(info.remediation)}


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def said(*lines: str) -> str:
    """A text of several lines in which no names make a link, as ``[text](place)`` would (3.11.6).

    Brackets are escaped only where there could be one: most viewers show the escape as it is.
    """
    whole = "\n".join(lines)
    if _LINK.search(whole) is None:
        return whole
    return whole.replace("[", r"\[").replace("]", r"\]")
