"""``policies/schema/results.v1.schema.json``, made of the structs of the results contract."""

from __future__ import annotations

import inspect
import json
from typing import Any

import msgspec

from auditor.model.results import SCHEMA, Document

_REF = "#/$defs/{name}"


def results_schema() -> str:
    """The JSON Schema of ``results.json``: what msgspec makes of the structs, and closed."""
    _, components = msgspec.json.schema_components([Document], ref_template=_REF)
    parts = {name: _closed(part) for name, part in sorted(components.items())}
    whole = parts.pop("Document")
    version = SCHEMA.rpartition("/v")[2]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:auditor:schema:results:v{version}",
        "title": f"auditor results, version {version}",
        **whole,
        "description": " ".join(inspect.cleandoc(Document.__doc__ or "").split()),
        "$defs": parts,
    }
    return json.dumps(schema, indent=2) + "\n"


def _closed(part: dict[str, Any]) -> dict[str, Any]:
    """A part that has no other fields than its struct; without what only Python knows of it."""
    made = {key: value for key, value in part.items() if key != "title"}
    if "description" in made:
        first = inspect.cleandoc(made["description"]).partition("\n\n")[0]
        made["description"] = " ".join(first.split()).replace("``", "`")
    if "properties" in made:
        fields = made["properties"].items()
        made["properties"] = {
            name: {key: value for key, value in field.items() if key != "default"}
            for name, field in fields
        }
        made["additionalProperties"] = False
    return made
