"""``make docs``: write what is made from policies, from the program's help and from its structs."""

from __future__ import annotations

import sys
from pathlib import Path

from auditor.policy import load, policies_folder
from tests.docs.cel_page import cel_page
from tests.docs.chart_role import chart_role
from tests.docs.configuration_schema import CONFIGURATION_SCHEMA, configuration_schema
from tests.docs.helps import cli_page, filled
from tests.docs.results_schema import (
    answer_schema,
    chain_schema,
    device_schema,
    enforcement_schema,
    grants_schema,
    join_schema,
    joined_schema,
    reach_schema,
    results_schema,
    tenancy_schema,
    writer_schema,
)
from tests.docs.rule_pages import rule_pages

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
RULES = DOCS / "rules"
CHART_ROLE = ROOT / "deploy/chart/files/role.yaml"
RESULTS_SCHEMA = ROOT / "policies/schema/results.v1.schema.json"
DEVICE_SCHEMA = ROOT / "policies/schema/gpu-device.v1.schema.json"
TENANCY_SCHEMA = ROOT / "policies/schema/gpu-tenancy.v1.schema.json"
JOINED_SCHEMA = ROOT / "policies/schema/gpu-joined-device.v1.schema.json"
JOIN_SCHEMA = ROOT / "policies/schema/gpu-join.v1.schema.json"
CHAIN_SCHEMA = ROOT / "policies/schema/isolation-chain.v1.schema.json"
WRITER_SCHEMA = ROOT / "policies/schema/gpu-writer.v1.schema.json"
GRANTS_SCHEMA = ROOT / "policies/schema/role-grants.v1.schema.json"
REACH_SCHEMA = ROOT / "policies/schema/network-reach.v1.schema.json"
ENFORCEMENT_SCHEMA = ROOT / "policies/schema/network-enforcement.v1.schema.json"
ANSWER_SCHEMA = ROOT / "policies/schema/network-answer.v1.schema.json"


def pages() -> dict[Path, str]:
    """All generated pages, and all pages with generated blocks, as they should be."""
    policy = load((policies_folder(),))
    made = {RULES / name: text for name, text in rule_pages(policy).items()}
    for path in (*sorted(DOCS.glob("*.md")), ROOT / "README.md"):
        made[path] = filled(path.read_text("utf-8"))
    made[DOCS / "cli.md"] = cli_page()
    made[DOCS / "cel-functions.md"] = cel_page()
    made[CHART_ROLE] = chart_role()
    made[RESULTS_SCHEMA] = results_schema()
    made[CONFIGURATION_SCHEMA] = configuration_schema()
    made[DEVICE_SCHEMA] = device_schema()
    made[TENANCY_SCHEMA] = tenancy_schema()
    made[CHAIN_SCHEMA] = chain_schema()
    made[JOINED_SCHEMA] = joined_schema()
    made[JOIN_SCHEMA] = join_schema()
    made[REACH_SCHEMA] = reach_schema()
    made[ENFORCEMENT_SCHEMA] = enforcement_schema()
    made[ANSWER_SCHEMA] = answer_schema()
    made[WRITER_SCHEMA] = writer_schema()
    made[GRANTS_SCHEMA] = grants_schema()
    return made


def left_over(made: dict[Path, str]) -> list[Path]:
    """Rule pages of rules that are no more."""
    return [path for path in sorted(RULES.glob("*.md")) if path not in made]


def main() -> None:
    """Write what changed, remove what is left over."""
    made = pages()
    RULES.mkdir(exist_ok=True)
    changed = [
        path for path, text in made.items() if not path.exists() or path.read_text("utf-8") != text
    ]
    for path in changed:
        path.write_text(made[path], "utf-8")
    removed = left_over(made)
    for path in removed:
        path.unlink()
    for word, paths in (("wrote", changed), ("removed", removed)):
        for path in paths:
            sys.stdout.write(f"{word} {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
