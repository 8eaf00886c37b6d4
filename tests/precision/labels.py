"""What reviewers say of the cases: see README.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).parent / "cases"
SUFFIX = ".labels.yaml"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What a finding is about, as a label writes it: ``of`` is KIND NAMESPACE/NAME ELEMENT."""

    case: str
    rule: str
    of: str


@dataclass(frozen=True, slots=True)
class Label:
    """A finding that has to be made (``right``), or that must not be."""

    subject: Subject
    right: bool
    because: str


def cases() -> list[Path]:
    """List the manifests, in the order of their names."""
    return sorted(each for each in CASES.rglob("*.yaml") if not each.name.endswith(SUFFIX))


def name_of(case: Path) -> str:
    """Return how a case is called: its area and its file."""
    return case.relative_to(CASES).with_suffix("").as_posix()


def labels_of(case: Path) -> list[Label]:
    """Read the labels of one manifest."""
    said = yaml.load(
        case.with_suffix(SUFFIX).read_text("utf-8"),
        yaml.BaseLoader,  # noqa: S506 - texts only: in YAML 1.1 the key "on" is a boolean
    )
    assert set(said) <= {"shape", "right", "wrong"}, case
    return [
        Label(Subject(name_of(case), entry["rule"], of), heading == "right", entry["because"])
        for heading in ("right", "wrong")
        for entry in said.get(heading) or []
        for of in entry["on"]
    ]


def subject_of(finding: dict[str, Any]) -> Subject:
    """Say what a finding is about, in the words of a label; its target is called as its case."""
    resource = finding["resource"]
    kind = resource["kind"].partition("/")[2].partition(".")[0]
    name = "/".join(filter(None, (resource["namespace"], resource["name"])))
    of = " ".join(filter(None, (kind, name, finding["element"])))
    return Subject(resource["target"], finding["rule"], of)
