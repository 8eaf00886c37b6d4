"""The results contract: structs, schema and bytes say the same, and the schema is closed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from auditor.model.results import Document
from auditor.model.results_finding import Finding
from auditor.model.waivers import Selector
from tests.docs.results_schema import results_schema
from tests.unit.model.documents import finding_of, whole

SCHEMA_FILE = Path(__file__).parents[2] / "policies/schema/results.v1.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text("utf-8")))
OPEN = {
    "labels",
    "parameters",
    "resources",
    "ignored",
    "counts",
    "suffixes",
    "value",
    "facts",
    "body",
}
"""Fields that are maps by name, or anything at all."""
OPTIONAL = {
    "document": {"answers", "baseline", "configuration", "facts", "waivers"},
    "select": set(Selector.__struct_fields__),
    "targets": {"labels"},
    "baseline": {"gone"},
    "tool": {"fingerprints"},
    "passed": {"excluded"},
    "frameworks": {"mapping", "unreviewed", "dated", "total", "rest", "selected_only"},
    "controls": {"why", "rules", "unreviewed"},
    "controls/targets": {"why"},
    "answers": {"evidence"},
    "findings": {"causes", "covered_by", "differs", "new", "heuristic", "related"},
    "resource": {"line", "rendered"},
    "related": {"line", "rendered"},
    "observed": {"fact", "value", "file", "line", "of"},
}
"""What may be absent, by the field that the object is in."""
Path_ = tuple[str | int, ...]


def test_the_schema_is_the_one_of_the_structs() -> None:
    assert SCHEMA_FILE.read_text("utf-8") == results_schema(), "run make docs"


def test_a_whole_document_is_valid_and_decodes_to_the_same() -> None:
    document = whole()
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []
    decoded = msgspec.convert(document, Document, strict=True)
    assert json.loads(msgspec.json.encode(decoded)) == document


def test_every_field_of_the_structs_is_in_the_document() -> None:
    """Else the tests below would not see it."""
    finding = json.loads(finding_of())
    assert set(Finding.__struct_encode_fields__) == set(finding)
    assert set(Document.__struct_encode_fields__) == set(whole())
    defined = VALIDATOR.schema["$defs"]
    assert set(defined["Observed"]["properties"]) == set(finding["observed"][0])
    assert set(defined["ResourceRef"]["properties"]) == set(finding["resource"])
    assert set(defined["Waiver"]["properties"]) == set(finding["waiver"])


def test_a_finding_without_a_waiver_is_valid() -> None:
    document = whole()
    document["findings"][0]["waiver"] = None
    assert VALIDATOR.is_valid(document)
    assert msgspec.convert(document, Document).findings[0].waiver is None


def objects(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, dict[str, Any]]]:
    """All objects of a struct, with their paths; not those whose keys are names."""
    if isinstance(value, dict):
        if not OPEN & {path[-1] if path else ""}:
            yield path, value
        for name, item in value.items():
            if name != "value":
                yield from objects(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from objects(item, (*path, number))


PATHS = [path for path, _ in objects(whole())]


def at(document: Any, path: Path_) -> Any:
    for step in path:
        document = document[step]
    return document


@pytest.mark.parametrize("path", PATHS, ids=lambda path: "/".join(map(str, path)) or "document")
def test_an_object_has_all_its_fields_and_no_other(path: Path_) -> None:
    field = "/".join(step for step in path if isinstance(step, str)) or "document"
    optional = OPTIONAL.get(field, OPTIONAL.get(field.rpartition("/")[2], set()))
    more = whole()
    at(more, path)["unheard-of"] = 1
    assert not VALIDATOR.is_valid(more)
    for name in at(whole(), path):
        less = whole()
        del at(less, path)[name]
        assert VALIDATOR.is_valid(less) == (name in optional), name


WRONG: dict[str, tuple[Path_, object]] = {
    "another schema": (("schema",), "results/v2"),
    "another tool": (("tool", "name"), "other"),
    "no digest": (("tool", "policy"), "sha256:AB"),
    "fingerprints of before": (("tool", "fingerprints"), 1),
    "a target's state": (("targets", 0, "state"), "done"),
    "a negative number": (("targets", 0, "files"), -1),
    "too many names": (("targets", 0, "others", "named"), ["x"] * 21),
    "a suffix that no file has": (("targets", 0, "passed", "files", "suffixes", ".md"), 0),
    "a kind of which there is nothing": (("coverage", "ignored", "k8s/Lease"), 0),
    "a ratio": (("coverage", "ratio"), 1.1),
    "a cause of a gap": (("gaps", 0, "cause"), "odd"),
    "a gap's line": (("gaps", 0, "line"), -1),
    "a verdict": (("findings", 0, "verdict"), "maybe"),
    "a severity": (("findings", 0, "severity"), "urgent"),
    "a confidence": (("findings", 0, "confidence"), "certain"),
    "a fingerprint": (("findings", 0, "fingerprint"), "x"),
    "a mark that is false": (("findings", 0, "new"), False),
    "a difference that is none": (("findings", 0, "differs"), False),
    "a shape that was declared": (("findings", 0, "heuristic"), False),
    "a line below 1": (("findings", 0, "resource", "line"), 0),
    "a line that is text": (("findings", 0, "resource", "line"), "3"),
    "an observed line": (("findings", 0, "observed", 0, "line"), 0),
    "an index below 0": (("findings", 0, "observed", 0, "of"), -1),
    "a related resource without a name": (("findings", 0, "related", 0), {"kind": "k8s/Pod"}),
    "a cause": (("findings", 0, "causes", 0), "ab"),
    "it covers nothing": (("findings", 0, "covers"), 0),
    "no evidence": (("findings", 0, "evidence", 0), "ab" * 32),
    "a waiver that is a flag": (("findings", 0, "waiver"), True),
    "a control's state": (("controls", 0, "state"), "ok"),
    "a control's finding": (("controls", 0, "findings", 0), "x"),
    "a control's state on a target": (("controls", 0, "targets", 0, "state"), "ok"),
    "a count": (("counts", "r", "not-applicable"), -1),
    "a decision": (("gate", "decision"), "warn"),
    "an exit code": (("gate", "exit"), 2),
    "a baseline's manifest": (("baseline", "manifest"), "x"),
}


@pytest.mark.parametrize(("path", "value"), WRONG.values(), ids=WRONG)
def test_the_schema_refuses(path: Path_, value: object) -> None:
    document = whole()
    at(document, path[:-1])[path[-1]] = value
    assert not VALIDATOR.is_valid(document)
