"""Where what a row of a table says can be checked."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from auditor.policy.yamlfile import Reader


def reference(reader: Reader, nodes: Mapping[str, yaml.Node], row: dict[str, object]) -> None:
    """Read the field ``reference`` of a row, where it has one, and put it there."""
    if "reference" in nodes:
        row["reference"] = reader.string(nodes["reference"])
        if not str(row["reference"]).startswith("https://"):
            reader.fail(nodes["reference"], "is not an https:// URL", "it starts with https://")
