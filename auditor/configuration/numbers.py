"""Numbers of a configuration."""

from __future__ import annotations

import math
from typing import Final

import yaml

from auditor.policy.yamlfile import Reader, kind_of


def seconds(reader: Reader, node: yaml.Node) -> float:
    """A number of seconds, more than none; 0 after an error."""
    value = reader.value(node)
    if isinstance(value, bool) or not isinstance(value, int | float):
        reader.fail(node, f"must be a number of seconds, not {kind_of(node)}")
        return 0.0
    if not (value > 0 and math.isfinite(value)):
        reader.fail(node, "must be more than 0 seconds")
    return float(value)


MOST: Final = 64


def positive(reader: Reader, node: yaml.Node) -> int:
    """A whole number, 1 to 64; 1 after an error."""
    value = reader.value(node)
    if isinstance(value, bool) or not isinstance(value, int):
        reader.fail(node, f"must be a whole number, not {kind_of(node)}")
        return 1
    if not 1 <= value <= MOST:
        reader.fail(node, f"{value} is not between 1 and {MOST}")
    return value
