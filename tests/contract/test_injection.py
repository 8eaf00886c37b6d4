"""Texts of others in every field that results may hold, in every format: none of them acts.

The fields are those of a whole document, which another test holds to the structs of the contract: a
new field is tried without being listed here.
"""

from __future__ import annotations

import copy
import csv
import functools
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from auditor.cli.wiring import SHIPPED
from auditor.evidence.recall import recalled
from auditor.model import results_layout
from auditor.model.finding import Report, RuleInfo
from auditor.model.results import Document, Results
from reports.style import FILE_STYLE
from tests.cases import every
from tests.contract.reading import PRINTED, READERS, samples
from tests.contract.reports import NASTY
from tests.contract.test_results import SCHEMA_FILE
from tests.unit.model.documents import whole

VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text("utf-8")))
OURS = {"started", "finished", "created", "expires"}
"""Moments and days, which the program has read as such."""
Path_ = tuple[str | int, ...]


def texts(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """The paths of all texts in a document."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from texts(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from texts(item, (*path, number))
    elif isinstance(value, str) and path[-1] not in OURS:
        yield path


def put(document: Any, path: Path_, text: str) -> None:
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = text


def is_free(path: Path_) -> bool:
    """Whether the schema lets a text be anything."""
    document = whole()
    put(document, path, "=\x1b::")
    return VALIDATOR.is_valid(document)


@functools.cache
def free() -> tuple[Path_, ...]:
    """Where a text may be anything."""
    return tuple(path for path in texts(whole()) if path[0] != "facts" and is_free(path))


HOSTILE = (*NASTY, "</script><script>alert(1)</script>", "' onload='x", "{{ 7 * 7 }}", "a\u2028b")


def hostile(text: str, folder: Path) -> Report:
    """A report in which every free text is that one, also what a policy says of its rules."""
    document = copy.deepcopy(whole())
    del document["facts"]  # bodies that no analysis made; reports that draw them have their tests
    for path in free():
        put(document, path, text)
    decoded = msgspec.convert(document, Document, strict=True)
    results = Results(**{name: getattr(decoded, name) for name in Results.__struct_fields__})
    findings = [msgspec.json.encode(each) + b"\n" for each in decoded.findings]
    file = folder / "results.json"
    file.write_bytes(b"".join(results_layout.document(results, findings)))
    rules = {name: RuleInfo(name, text, "high", text) for name in results.counts}
    return recalled(file, rules, ())


def rendered(name: str, report: Report) -> str:
    return b"".join(SHIPPED.formats[name](FILE_STYLE)(report)).decode()


def test_the_fields() -> None:
    """Most are free; the others are enums, digests and ids of rules, which hold nothing else."""
    there = {path[-1] for path in texts(whole()) if path[0] != "facts"}
    names = there - {path[-1] for path in free()}
    fixed = {"schema", "policy", "manifest", "state", "cause", "decision", "verdict", "severity"}
    fixed |= {"confidence", "digest", "fingerprint", "covered_by", "answer", "sha256", "mapping"}
    assert {str(name) for name in names} <= fixed | {"name", "rule"}
    assert len(free()) > 60
    assert ("findings", 0, "resource", "namespace") in free()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_acts(text: str, tmp_path: Path) -> None:
    report = hostile(text, tmp_path)
    formats = {name: name for name in sorted(set(SHIPPED.formats) - PRINTED)}
    every(formats, lambda name: nothing_acts(name, report))


def nothing_acts(name: str, report: Report) -> None:
    shown = rendered(name, report)
    assert {char for char in shown if unicodedata.category(char) == "Cc"} <= {"\n"}
    if name != "json":
        assert not {char for char in shown if unicodedata.category(char) in {"Cf", "Zl", "Zp"}}
    if name in READERS:
        found = READERS[name](shown.encode())
        assert (len(found.findings), len(found.gaps)) == (1, 2), "no more and no less"
    CHECKS.get(name, lambda _: None)(shown)


def no_link(shown: str) -> None:
    """SARIF 2.1.0, 3.11.6: brackets that are not escaped make a link."""
    pattern = re.compile(r"(?<!\\)\[[^\]]*(?<!\\)\]\(")
    for said in re.findall(r'"text":("(?:[^"\\]|\\.)*")', shown):
        assert pattern.search(json.loads(said)) is None, said


def no_formula(shown: str) -> None:
    for separator in (",", ";", "\t"):
        for row in csv.reader(io.StringIO(shown, newline=""), delimiter=separator):
            assert not [cell for cell in row if cell.lstrip(' "')[:1] in set("=+-@\uff1d")]


def one_result(shown: str) -> None:
    assert sum(line.startswith("RESULT ") for line in shown.splitlines()) == 1


def commands(shown: str) -> None:
    """Three commands: a finding and two gaps; the runner looks for ## in other lines as well."""
    lines = shown.split("\n")
    assert sum(line.lstrip().startswith("::") for line in lines) == 3
    assert not [line for line in lines if "##[" in line and not line.startswith("::")]


def numbers(shown: str) -> None:
    values = samples(shown.encode())
    assert values["auditor_gaps",] == 2
    assert sum(value for key, value in values.items() if key[0] == "auditor_findings") == 1


CHECKS = {
    "terminal": one_result,
    "sarif": no_link,
    "csv": no_formula,
    "github": commands,
    "prometheus": numbers,
}
