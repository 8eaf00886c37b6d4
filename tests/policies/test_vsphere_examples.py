"""The examples of rules on vSphere as XML: what the reader makes of it has the same verdict.

A rule that is only tested on facts may rest on what no server says, or says elsewhere. So each
example is written as a saved inventory, read as any other is, and judged again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import replace

from auditor.engine.selftest import check_rule
from auditor.model.policy import Example, Rule
from auditor.model.resource import Gap, Resource, Target
from auditor.platforms.vsphere import READ, ROLE, SETTINGS
from auditor.policy import load, policies_folder
from collectors.documents.collector import FilesCollector
from collectors.vsphere.live.properties import KINDS, MANAGERS, PERMISSION_FIELDS
from collectors.vsphere.saved.recogniser import INVENTORIES
from tests.inventories import Saved, UnreadError, elements_of, options, properties_of, value

RULES = {
    name: rule
    for name, rule in load((policies_folder(),)).rules.items()
    if READ.intersection(rule.applies_to)
}
TOP: Final = ("Folder", "group-d1")


def put(saved: Saved, kind: str, identity: str, body: dict[str, Any]) -> None:
    """Write an object at its path, with a folder for each part of that."""
    parent = TOP
    *above, name = str(body.get("path") or body.get("name", "")).strip("/").split("/")
    for number, part in enumerate(above):
        folder = f"{identity}-{number}"
        saved.put("Folder", folder, part, parent)
        parent = ("Folder", folder)
    properties = properties_of(body, KINDS[kind])
    properties.pop("name", None)
    saved.put(KINDS[kind].type, identity, name, None if "parent" in body else parent, **properties)


def put_managed(saved: Saved, kind: str, body: dict[str, Any]) -> None:
    """Write what a manager of the server has."""
    if kind == SETTINGS:
        saved.settings = value("ArrayOfOptionValue", options(body["options"]))
    elif kind == ROLE:
        (roles,) = MANAGERS[ROLE].properties
        saved.roles = value("ArrayOfX", elements_of("AuthorizationRole", [body], roles.form))
    else:
        given = {name: each for name, each in body.items() if name != "entityType"}
        inner = elements_of("Permission", given, PERMISSION_FIELDS)
        typed = f'<entity type="{body.get("entityType", "Folder")}">'
        saved.permissions = value("ArrayOfPermission", inner.replace("<entity>", typed))


def read(folder: Path) -> list[Resource]:
    """What is in a folder."""
    files = FilesCollector(Target(str(folder), "files"), folder, (INVENTORIES,))
    found: list[Resource] = []
    for reading in (each for shard in files.plan(lambda _: 1).shards for each in files.read(shard)):
        assert not isinstance(reading, Gap)
        found += reading.resources()
    return found


def as_read(folder: Path, kind: str, example: Example) -> Example:
    """An example as the reader makes it of XML."""
    body = msgspec.json.decode(example.body)
    saved = Saved(folder)
    if kind in KINDS:
        put(saved, kind, "example", body)
    else:
        put_managed(saved, kind, body)
    found = [each for each in read(saved.write()) if each.kind == kind]
    return replace(example, body=found[-1].body)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_examples_are_what_a_server_says(rule: Rule, tmp_path: Path) -> None:
    (kind,) = rule.applies_to
    examples = tuple(
        as_read(tmp_path / str(number), kind, each) for number, each in enumerate(rule.examples)
    )
    result = check_rule(replace(rule, examples=examples))
    found = [each.message for each in result.problems if not each.message.startswith("no example")]
    assert found == []


def test_a_field_that_nothing_reads_would_be_found() -> None:
    body = {"name": "a", "config": {"bootOptions": {"efiSecureBotEnabled": True}}}
    with pytest.raises(UnreadError, match="of bootOptions nothing reads efiSecureBotEnabled"):
        properties_of(body, KINDS["vsphere/VirtualMachine"])
    with pytest.raises(UnreadError, match="nothing reads capability"):
        properties_of({"capability": {}}, KINDS["vsphere/VirtualMachine"])
