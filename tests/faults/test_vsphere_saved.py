"""Saved inventories that are not as they should be: a gap for what is wrong, and for it alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource, Target
from collectors.documents.collector import FilesCollector
from collectors.vsphere.saved.recogniser import INVENTORIES
from tests.e2e.command import auditor
from tests.inventories import Saved, options, value

LOGS = "<uuid>u</uuid><flags><enableLogging>{}</enableLogging></flags>"
ON, OFF = LOGS.format("true"), LOGS.format("false")
HOST = "<product><version>8.0.3</version></product><lockdownMode>lockdownNormal</lockdownMode>"
MACHINES = "vsphere/VirtualMachine"
RULE = "vsphere-vm-logging-off"
BOMB = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<ObjectContent>&b;</ObjectContent>"
)
FILE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><ObjectContent>&x;</ObjectContent>'


def inventory(folder: Path) -> Path:
    """Three machines, of which one writes no log, and a host."""
    saved = Saved(folder)
    saved.machine("vm-21", "good", ON, "team-a")
    saved.machine("vm-22", "bad", OFF, "team-a")
    saved.machine("vm-23", "other", ON, "team-b")
    saved.host("host-31", "esx-1", HOST)
    return saved.write()


def file_of(folder: Path, identity: str) -> Path:
    """The file of an object."""
    files = folder.glob(f"*-{identity}.xml")
    (found,) = (file for file in files if file.stem.split("-", 2)[2] == identity)
    return found


def read(folder: Path) -> tuple[list[Resource], list[Gap]]:
    """What is in a folder, and what could not be read of it."""
    files = FilesCollector(Target(str(folder), "files"), folder, (INVENTORIES,))
    plan = files.plan(lambda _: 1)
    found: list[Resource] = []
    gaps = [*plan.gaps]
    for reading in (each for shard in plan.shards for each in files.read(shard)):
        assert not isinstance(reading, Gap)
        found += reading.resources()
        gaps += reading.gaps()
    return found, gaps


def keys(folder: Path) -> list[str]:
    """By what results of the files of a folder are remembered."""
    files = FilesCollector(Target(str(folder), "files"), folder, (INVENTORIES,))
    found = [each for shard in files.plan(lambda _: 1).shards for each in files.read(shard)]
    return [each.evidence.key for each in found if not isinstance(each, Gap)]


def machines(found: list[Resource]) -> list[str]:
    """The names of the machines among what was read."""
    return [each.name for each in found if each.kind == MACHINES]


def scanned(target: Path) -> dict[str, Any]:
    """What a scan says of it."""
    ran = auditor("scan", target, "--profile", "vsphere", "--format", "json", "--all")
    assert ran.code in {1, 3}, ran.err
    return ran.results()


def verdicts(results: dict[str, Any], rule: str = RULE) -> dict[str, str]:
    """The verdicts of a rule by what they are of."""
    found = (each for each in results["findings"] if each["rule"] == rule)
    return {each["resource"]["name"]: each["verdict"] for each in found}


def test_an_inventory_that_is_well(tmp_path: Path) -> None:
    results = scanned(inventory(tmp_path / "inv"))
    assert results["gaps"] == []
    assert verdicts(results) == {"good": "pass", "bad": "fail", "other": "pass"}
    assert verdicts(results, "vsphere-host-lockdown-off") == {"esx-1": "pass"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(BOMB, "it has a document type", id="a bomb of entities"),
        pytest.param(FILE, "it has a document type", id="a file of this machine"),
        pytest.param(BOMB.encode("utf-16"), "it is not in UTF-8", id="a bomb in another encoding"),
        pytest.param("", "not XML: ", id="nothing"),
        pytest.param("half", "not XML: ", id="half of it"),
        pytest.param("{}", "not XML: ", id="JSON"),
        pytest.param(b"\x1f\x8b\x08" + bytes(99), "not XML: ", id="packed"),
        pytest.param("<html>log in</html>", "it says of no object that it is of it", id="a page"),
        pytest.param("other", "it is of VirtualMachine vm-23, as its name does not", id="another"),
        pytest.param("deep", "more than 100 elements within one another", id="deep"),
        pytest.param("typed", "enableLogging is not a bool: 'perhaps'", id="of another type"),
    ],
)
def test_a_file_that_is_not_as_it_should_be(tmp_path: Path, data: bytes | str, why: str) -> None:
    """The machine that it is of is a gap, and the others are judged."""
    folder = inventory(tmp_path / "inv")
    file = file_of(folder, "vm-22")
    whole = file.read_bytes()
    made = {
        "half": whole[: len(whole) // 2],
        "other": file_of(folder, "vm-23").read_bytes(),
        "deep": b"<a>" * 150 + b"</a>" * 150,
        "typed": whole.replace(b">false<", b">perhaps<"),
    }
    file.write_bytes(made.get(data, data.encode()) if isinstance(data, str) else data)
    found, (gap,) = read(folder)
    assert (gap.scope, gap.cause) == (MACHINES, GapCause.MALFORMED)
    assert gap.detail.startswith(f"{file.name}: ")
    assert why in gap.detail
    assert machines(found) == ["good", "other"]


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    """The folder that it is in names it."""
    folder = inventory(tmp_path / "inv")
    file_of(folder, "vm-22").unlink()
    results = scanned(folder)
    (gap,) = results["gaps"]
    assert (gap["scope"], gap["cause"]) == (MACHINES, "truncated")
    assert gap["detail"].endswith(": VirtualMachine vm-22 in group-team-a: no file is of it")
    assert verdicts(results) == {"good": "pass", "other": "pass"}


@pytest.mark.parametrize(
    ("identity", "scopes"),
    [
        ("VpxSettings", {"vsphere/Settings"}),
        ("Auth", {"vsphere/Permission", "vsphere/Role"}),
        (
            "host-31",
            {
                *("vsphere/Host", "vsphere/HostAcceptance", "vsphere/HostCertificate"),
                *("vsphere/HostModule", "vsphere/LockdownExceptions"),
            },
        ),
        ("resgroup-8", {MACHINES}),
        (
            "ServiceInstance",
            {
                *("vsphere/Alarms", "vsphere/Extension", "vsphere/KeyProvider"),
                *("vsphere/Permission", "vsphere/Role", "vsphere/Settings"),
            },
        ),
    ],
)
def test_what_is_missing_by_its_kind(tmp_path: Path, identity: str, scopes: set[str]) -> None:
    folder = inventory(tmp_path / "inv")
    file_of(folder, identity).unlink()
    _, gaps = read(folder)
    assert {gap.scope for gap in gaps} == scopes
    assert {gap.cause for gap in gaps} == {GapCause.TRUNCATED}


def test_a_folder_of_machines_that_is_malformed(tmp_path: Path) -> None:
    """Where its machines are is not known, so whose they are is not either; they are judged."""
    folder = inventory(tmp_path / "inv")
    file_of(folder, "group-team-a").write_text("<half>")
    found, gaps = read(folder)
    assert MACHINES in {gap.scope for gap in gaps}
    assert machines(found) == ["good", "bad", "other"]


def test_properties_that_nobody_saved(tmp_path: Path) -> None:
    """Who may not read the configuration of a machine saves none, which passes nothing."""
    folder = inventory(tmp_path / "inv")
    file = file_of(folder, "vm-22")
    file.write_text(file.read_text().replace("<name>config</name>", "<name>other</name>"))
    results = scanned(folder)
    assert verdicts(results)["bad"] == "unknown"
    assert verdicts(results, "vsphere-vm-console-copy-allowed") == {
        "good": "pass",
        "bad": "unknown",
        "other": "pass",
    }


@pytest.mark.parametrize(
    ("identity", "name", "scope"),
    [
        ("VpxSettings", "setting", "vsphere/Settings"),
        ("Auth", "roleList", "vsphere/Role"),
        ("group-d1", "permission", "vsphere/Permission"),
    ],
)
def test_a_manager_that_nobody_might_read(
    tmp_path: Path, identity: str, name: str, scope: str
) -> None:
    folder = inventory(tmp_path / "inv")
    file = file_of(folder, identity)
    file.write_text(file.read_text().replace(f"<name>{name}</name>", "<name>other</name>"))
    _, (gap,) = read(folder)
    assert gap.scope == scope


@pytest.mark.parametrize("number", ["9" * 5000, "\u00b2"])
def test_a_version_that_is_no_number(tmp_path: Path, number: str) -> None:
    """What only some versions have is not known, and all else is read."""
    folder = inventory(tmp_path / "inv")
    file = file_of(folder, "ServiceInstance")
    file.write_text(file.read_text().replace("8.0.3.0", number), encoding="utf-8")
    found, _ = read(folder)
    assert machines(found) == ["good", "bad", "other"]


def test_a_server_that_names_nothing_of_its_own(tmp_path: Path) -> None:
    """Which settings are its own, and who has rights to all of it, is a gap each."""
    folder = inventory(tmp_path / "inv")
    file = file_of(folder, "ServiceInstance")
    file.write_text(file.read_text().replace("<name>content</name>", "<name>other</name>"))
    _, gaps = read(folder)
    assert {gap.scope for gap in gaps} == {"vsphere/Permission", "vsphere/Settings"}
    assert {gap.cause for gap in gaps} == {GapCause.MALFORMED}


def test_two_files_of_one_object(tmp_path: Path) -> None:
    """Which of them is right nobody knows."""
    folder = inventory(tmp_path / "inv")
    (folder / "0099-VirtualMachine-vm-22.xml").write_bytes(file_of(folder, "vm-22").read_bytes())
    found, (gap,) = read(folder)
    assert (gap.scope, gap.cause) == (MACHINES, GapCause.MALFORMED)
    assert "another file is of VirtualMachine vm-22 too" in gap.detail
    assert machines(found) == ["good", "bad", "other"]


def test_two_inventories_are_not_one(tmp_path: Path) -> None:
    """Both have the same identities; a machine of one is not that of the other."""
    inventory(tmp_path / "both" / "one")
    inventory(tmp_path / "both" / "two")
    results = scanned(tmp_path / "both")
    bad = [
        each for each in results["findings"] if each["rule"] == RULE and each["verdict"] == "fail"
    ]
    assert {each["resource"]["uid"] for each in bad} == {
        "/one/A/vm/team-a/bad#vsphere/VirtualMachine",
        "/two/A/vm/team-a/bad#vsphere/VirtualMachine",
    }
    assert len({each["fingerprint"] for each in bad}) == 2


def test_machines_of_one_name(tmp_path: Path) -> None:
    """They are told apart by where they are."""
    saved = Saved(tmp_path / "inv")
    saved.machine("vm-21", "web", OFF, "team-a")
    saved.machine("vm-22", "web", OFF, "team-b")
    results = scanned(saved.write())
    found = [each for each in results["findings"] if each["rule"] == RULE]
    assert [each["covers"] for each in found] == [1, 1]
    assert len({each["fingerprint"] for each in found}) == 2


def test_one_file_of_an_inventory(tmp_path: Path) -> None:
    """It is judged at its place in the inventory that it stands in."""
    folder = inventory(tmp_path / "inv")
    found, gaps = read(file_of(folder, "vm-22"))
    assert [each.uid for each in found] == ["/A/vm/team-a/bad#vsphere/VirtualMachine"]
    assert gaps == []


def test_a_name_with_signs_that_nobody_sees(tmp_path: Path) -> None:
    """A screen shows what they are, in place of doing what they say."""
    saved = Saved(tmp_path / "inv")
    saved.machine("vm-21", "a\u202eb\x9b31mc", OFF, "team-a")
    folder = saved.write()
    assert verdicts(scanned(folder)) == {"a\u202eb\x9b31mc": "fail"}
    screen = auditor("scan", folder, "--profile", "vsphere").out
    assert "\u202e" not in screen
    assert "\x9b" not in screen


def test_a_property_of_many_bytes(tmp_path: Path) -> None:
    """Of a file of more than we read of one the machine is a gap."""
    saved = Saved(tmp_path / "inv")
    saved.machine("vm-21", "good", ON, "team-a")
    saved.machine("vm-22", "bad", OFF, "team-a", layoutEx=value("x", "x" * (64 << 20)))
    found, (gap,) = read(saved.write())
    assert gap.scope == MACHINES
    assert "more than 67,108,864 bytes" in gap.detail
    assert machines(found) == ["good"]


def test_what_a_host_asks_of_passwords_is_no_password(tmp_path: Path) -> None:
    """Its options are called so, and are judged by their values."""
    saved = Saved(tmp_path)
    asked = {
        "Security.PasswordHistory": "5",
        "Security.PasswordQualityControl": "similar=deny retry=3 min=8,8,8,7,6",
    }
    saved.host("host-9", "esx1", options(asked, "option"))
    saved.write()
    results = scanned(tmp_path)
    found = {each["rule"]: each for each in results["findings"]}
    assert found["vsphere-host-password-reused"]["verdict"] == "pass"
    seen = [each.get("value") for each in found["vsphere-host-password-simple"]["observed"]]
    assert "similar=deny retry=3 min=8,8,8,7,6" in seen


def test_a_manager_of_which_nothing_is_saved_any_more(tmp_path: Path) -> None:
    """The folder tells of it that it was asked: without it nothing remembered counts."""
    folder = inventory(tmp_path / "inv")
    assert read(folder)[1] == []
    known = keys(folder)
    (asked,) = folder.glob("HostAccessManager-*")
    shutil.rmtree(asked)
    (gap,) = read(folder)[1]
    assert gap.detail.endswith(": QueryLockdownExceptions was saved of nothing")
    assert all(one != other for one, other in zip(known, keys(folder), strict=True))
