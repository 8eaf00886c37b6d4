"""What programs report of the labelled manifests, by check and object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from auditor.platforms.kubernetes import BUILT_IN
from tests.e2e.runs import Run, collector_of
from tests.precision.labels import cases, name_of, subject_of

_FAILED = 10
"""Below it kube-score has something to say."""


@dataclass(frozen=True, slots=True, order=True)
class Thing:
    """An object of a case; what names no namespace is in ``default``, as peers have it."""

    case: str
    kind: str
    namespace: str
    name: str

    @property
    def built_in(self) -> bool:
        """Whether Kubernetes itself has its kind."""
        return self.kind in BUILT_IN


Reports = Mapping[str, frozenset[Thing]]
"""The objects that a program reports, by its check or by the topic."""


def thing_of(case: str, of: str) -> Thing:
    """Read what a label is about, without its element."""
    kind, _, rest = of.partition(" ")
    namespace, slash, name = rest.split(" ")[0].partition("/")
    return Thing(case, kind, namespace, name) if slash else Thing(case, kind, "default", namespace)


def gathered(pairs: Iterable[tuple[str, Thing]]) -> Reports:
    """Put the reports of a program together."""
    found: dict[str, set[Thing]] = {}
    for check, thing in pairs:
        found.setdefault(check, set()).add(thing)
    return {check: frozenset(things) for check, things in found.items()}


def of_ours() -> Reports:
    """What this program finds, each case a target of its own, by its rules."""
    findings = json.loads(Run().results(*(collector_of(each, name_of(each)) for each in cases())))
    return gathered(
        (each["rule"], thing_of(subject.case, subject.of))
        for each in findings["findings"]
        if each["verdict"] == "fail" and "covered_by" not in each
        for subject in (subject_of(each),)
    )


def of_checkov(document: object) -> Reports:
    """Read the JSON of checkov: one report, or a list of them."""
    reports: list[Any] = document if isinstance(document, list) else [document]
    return gathered(
        (each["check_id"], Thing(_case(each["file_path"]), *each["resource"].split(".", 2)))
        for report in reports
        for each in report["results"]["failed_checks"]
        if each["resource"].count(".") >= 2
    )


def of_kube_score(document: Sequence[Any], case: str) -> Iterator[tuple[str, Thing]]:
    """Read the JSON of kube-score for one case."""
    for each in document:
        metadata = each["object_meta"]
        namespace = metadata.get("namespace") or "default"
        thing = Thing(case, each["type_meta"]["kind"], namespace, metadata["name"])
        for check in each["checks"] or ():
            if check["grade"] >= _FAILED or check["skipped"]:
                continue
            name = check["check"]["id"]
            for comment in check["comments"] or ():
                split = name in {"container-resources", "pod-probes"}
                yield f"{name}: {comment['summary']}" if split else name, thing


def of_trivy(document: Mapping[str, Any]) -> Reports:
    """Read the JSON of trivy: an object is known by the line that a report begins at."""
    found = []
    for result in document["Results"]:
        spans = _spans(_case(result["Target"]))
        for each in result.get("Misconfigurations") or ():
            line = each.get("CauseMetadata", {}).get("StartLine", 0)
            thing = next((thing for first, thing in reversed(spans) if first <= max(line, 1)), None)
            if thing is not None:
                found.append((each["ID"], thing))
    return gathered(found)


def _case(path: str) -> str:
    """The name of a case, of a path that ends in its area and its file."""
    return "/".join(Path(path).with_suffix("").parts[-2:])


def _spans(case: str) -> list[tuple[int, Thing]]:
    """The line at which each object of a case begins."""
    path = next(each for each in cases() if name_of(each) == case)
    lines = path.read_text("utf-8").split("\n")
    starts = [0, *(number + 1 for number, line in enumerate(lines) if line.startswith("---"))]
    found = []
    for start, end in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        body = yaml.safe_load("\n".join(lines[start : end - 1]))
        if isinstance(body, dict) and "kind" in body:
            metadata = body.get("metadata") or {}
            namespace = metadata.get("namespace") or "default"
            thing = Thing(case, body["kind"], namespace, str(metadata.get("name", "")))
            found.append((start + 1, thing))
    return found
