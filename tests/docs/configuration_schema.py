"""The schema of a configuration: written by hand, but for the names of formats."""

from __future__ import annotations

import json

from auditor.cli.wiring import SHIPPED
from auditor.policy import policies_folder

CONFIGURATION_SCHEMA = policies_folder() / "schema/configuration.v1.schema.json"


def configuration_schema() -> str:
    """The schema as it is, with the formats that there are."""
    found = json.loads(CONFIGURATION_SCHEMA.read_text("utf-8"))
    found["properties"]["outputs"]["propertyNames"]["enum"] = sorted(SHIPPED.formats)
    return json.dumps(found, indent=2) + "\n"
