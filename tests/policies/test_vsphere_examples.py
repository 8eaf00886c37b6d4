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
from auditor.platforms.vsphere import ALARMS, READ, ROLE, SETTINGS
from collectors.documents.collector import FilesCollector
from collectors.vsphere.kinds.asked import ALARM, ASKED, Asked
from collectors.vsphere.kinds.managers import PERMISSION_FIELDS
from collectors.vsphere.kinds.table import KINDS, MANAGERS
from collectors.vsphere.saved.recogniser import INVENTORIES
from tests.cases import every
from tests.inventories import (
    Saved,
    UnreadError,
    elements_of,
    options,
    properties_of,
    refer,
    value,
)
from tests.policies.shipped import RULES as SHIPPED

RULES = {name: rule for name, rule in SHIPPED.items() if READ.intersection(rule.applies_to)}
DERIVED: Final = {"entityType", "path", "parentType", "datacenter"}
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


def put_asked(saved: Saved, asked: Asked, body: dict[str, Any]) -> None:
    """Write an object whose manager tells something, and what that is."""
    *above, last = asked.path.split(".")
    inner = f'<{last} type="{asked.type}">manager</{last}>'
    whole = value("Data", inner) if above else refer(asked.type, "manager")
    outer = above[0] if above else asked.path
    saved.put(asked.of, "example", str(body["name"]), TOP, **{outer: whole})
    given = {name: each for name, each in body.items() if name not in {"name", "moid", "path"}}
    if asked.field:
        given = given.get(asked.field)
    if given is None:
        return
    if asked.method:
        saved.told(asked.type, "manager", asked.method, elements_of("returnval", given, asked.form))
    else:
        told = {asked.field: elements_of("val", given, asked.form)}
        saved.put(asked.type, "manager", "", None, **told)


def put_alarms(saved: Saved, body: dict[str, Any]) -> None:
    """Write alarms, each as an object, and the list of them."""
    saved.put("AlarmManager", "AlarmManager", "", None)
    if "alarms" not in body:
        return
    listed = ""
    for number, alarm in enumerate(body["alarms"]):
        listed += f'<returnval type="Alarm">alarm-{number}</returnval>'
        events = [{"type": "EventAlarmExpression", "eventTypeId": each} for each in alarm["events"]]
        info = {
            "name": alarm["name"],
            "enabled": alarm["enabled"],
            "entity": "group-d1" if alarm["everywhere"] else "group-v3",
            "expression": {"type": "OrAlarmExpression", "expression": events},
        }
        saved.put("Alarm", f"alarm-{number}", "", None, info=elements_of("val", info, ALARM))
    saved.told("AlarmManager", "AlarmManager", "GetAlarm", listed)


def put_managed(saved: Saved, kind: str, body: dict[str, Any]) -> None:
    """Write what a manager of the server has."""
    if kind == SETTINGS:
        given = body.get("options")
        saved.settings = "" if given is None else value("ArrayOfOptionValue", options(given))
    elif kind == ROLE:
        form = MANAGERS[ROLE].property.form
        saved.roles = value("ArrayOfX", elements_of("AuthorizationRole", [body], form))
    elif kind in MANAGERS:
        manager = MANAGERS[kind]
        given = value("ArrayOfX", elements_of("each", [body], manager.property.form))
        saved.put(manager.type, "example", "", None, **{manager.property.path: given})
    else:
        given = {name: each for name, each in body.items() if name not in DERIVED}
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


def as_read(folder: Path, kind: str, example: Example) -> Example | None:
    """An example as the reader makes it of XML; None where it says that there is nothing."""
    body = msgspec.json.decode(example.body)
    saved = Saved(folder, api="9.1.0.0")
    if kind in KINDS:
        put(saved, kind, "example", body)
    elif kind in ASKED:
        put_asked(saved, ASKED[kind], body)
    elif kind == ALARMS:
        put_alarms(saved, body)
    else:
        put_managed(saved, kind, body)
    found = [each for each in read(saved.write()) if each.kind == kind]
    return replace(example, body=found[-1].body) if found else None


def test_examples_are_what_a_server_says(tmp_path: Path) -> None:
    every(RULES, lambda rule: says_its_examples(rule, tmp_path / rule.id))


def says_its_examples(rule: Rule, folder: Path) -> None:
    (kind,) = rule.applies_to
    read = [
        as_read(folder / str(number), kind, example) for number, example in enumerate(rule.examples)
    ]
    examples = tuple(example for example in read if example is not None)
    assert len(examples) >= len(rule.examples) - 1
    result = check_rule(replace(rule, examples=examples))
    found = [
        problem.message
        for problem in result.problems
        if not problem.message.startswith("no example")
    ]
    assert found == []


def test_a_field_that_nothing_reads_would_be_found() -> None:
    body = {"name": "a", "config": {"bootOptions": {"efiSecureBotEnabled": True}}}
    with pytest.raises(UnreadError, match="of bootOptions nothing reads efiSecureBotEnabled"):
        properties_of(body, KINDS["vsphere/VirtualMachine"])
    with pytest.raises(UnreadError, match="nothing reads capability"):
        properties_of({"capability": {}}, KINDS["vsphere/VirtualMachine"])
