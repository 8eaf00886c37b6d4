"""deploy/chart/files/role.yaml: what the chart lets its auditor read."""

from __future__ import annotations

from collections.abc import Iterator

import yaml
from click.testing import CliRunner

from auditor.cli.permissions import permissions


def granted() -> list[dict[str, list[str]]]:
    """The rules of the role that ``auditor permissions k8s`` prints."""
    printed = CliRunner().invoke(
        permissions, ["k8s"], standalone_mode=False, catch_exceptions=False
    )
    for each in yaml.safe_load_all(printed.output):
        if each["kind"] == "ClusterRole":
            rules: list[dict[str, list[str]]] = each["rules"]
            return rules
    raise LookupError(printed.output)


def chart_role() -> str:
    """The same as a template takes it, a rule a line; why each is there, the command says."""
    return "".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Made by `make docs` of what `auditor permissions k8s` prints; that says more.\n"
    for rule in granted():
        fields = (f"{name}: [{', '.join(map(_shown, values))}]" for name, values in rule.items())
        yield f"- {{{', '.join(fields)}}}\n"


def _shown(value: str) -> str:
    return f'"{value}"' if not value or value.startswith("/") or "*" in value else value
