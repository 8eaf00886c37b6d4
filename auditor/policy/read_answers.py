"""A file of answers: what people say of controls, read with the line of everything that is wrong.

::

    - control: nist-800-53:CM-3
      target: k8s://*
      answer: met
      statement: Each change is a pull request that two people approve.
      owner: platform@acme.example
      date: "2026-11-30"
      expires: "2027-05-30"
      evidence: evidence/change-policy.pdf

``answer`` is met, not-met or not-applicable. ``target`` is a glob of the targets that it is about;
without it is about all. ``expires`` is the first day, in UTC, on which it counts no more. A file of
evidence is named from the file of answers; what is kept of it is its digest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import yaml

from auditor.errors import Location, PolicyError, PolicyErrors
from auditor.model.answers import Answer, AnswerEntry, EvidenceFile
from auditor.model.policy import Control
from auditor.policy.found import read_choice
from auditor.policy.read_terms import day_in, read_term
from auditor.policy.suggest import suggestion
from auditor.policy.yamlfile import Reader

WHAT: Final = "the file of answers"
LONGEST: Final = 366
"""Days from its date to its end that an answer may have."""
_REQUIRED: Final = ("control", "answer", "statement", "owner", "date", "expires")
_KEYS: Final = (*_REQUIRED, "target", "evidence")
_AGAIN: Final = "what was answered longer ago is asked again: answer it anew then"

Digest = Callable[[str], EvidenceFile | str]
"""Tells what a file of evidence is, by its name in the file of answers, or why nobody knows."""


def read_answers(
    data: bytes, name: str, controls: Mapping[str, Control], digest: Digest
) -> tuple[AnswerEntry, ...]:
    """Read a file of answers, called ``name`` in errors, of controls by ``framework:id``.

    Raises:
        PolicyErrors: everything that is wrong with it, each with its line.
    """
    errors: list[PolicyError] = []
    reader = Reader(data, name, errors)
    found: list[AnswerEntry] = []
    places: dict[tuple[str, str], Location] = {}
    if isinstance(reader.root, yaml.SequenceNode):
        for node in reader.root.value:
            entry = _entry(reader, node, controls, digest)
            place = reader.location(node)
            other = places.setdefault((entry.control, entry.target), place)
            if entry.control and other is not place:
                again = f"{entry.control} is answered twice, the first time in {other}"
                reader.fail(node, again, "once for each target")
            found.append(entry)
    elif reader.root is not None:
        reader.items(reader.root)
    if errors:
        raise PolicyErrors(tuple(errors), WHAT)
    return tuple(found)


def _entry(
    reader: Reader, node: yaml.Node, controls: Mapping[str, Control], digest: Digest
) -> AnswerEntry:
    nodes = reader.mapping(node, _KEYS, _REQUIRED)
    days = ("date", "expires")
    texts = {key: reader.string(nodes.get(key)) for key in _KEYS if key not in (*days, "answer")}
    read_term(reader, nodes, "date", "expires", (LONGEST, _AGAIN))
    return AnswerEntry(
        control=_control(reader, nodes.get("control"), texts["control"], controls),
        answer=read_choice(reader, nodes.get("answer"), Answer, Answer.NOT_MET),
        statement=" ".join(texts["statement"].split()),
        owner=texts["owner"],
        date=day_in(nodes, "date"),
        expires=day_in(nodes, "expires"),
        target=texts["target"],
        evidence=_evidence(reader, nodes.get("evidence"), texts["evidence"], digest),
    )


def _control(
    reader: Reader, node: yaml.Node | None, name: str, controls: Mapping[str, Control]
) -> str:
    """Return the name of a control that there is."""
    if name and name not in controls:
        framework = name.partition(":")[0]
        same = [key for key in controls if key.partition(":")[0] == framework]
        hint = suggestion(name, same or controls) or "auditor profiles show ID --json"
        reader.fail(node, f"no control is called {name!r}", hint)
        return ""
    return name


def _evidence(
    reader: Reader, node: yaml.Node | None, name: str, digest: Digest
) -> EvidenceFile | None:
    if not name:
        return None
    found = digest(name)
    if isinstance(found, EvidenceFile):
        return found
    reader.fail(node, f"evidence {name}: {found}", "a file, named from the file of answers")
    return None
