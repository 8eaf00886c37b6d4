"""A simulated vCenter, asked and saved: whose its machines are, by what is written about them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.engines.vcsim import Vcsim
from tests.live.test_vsphere import VGPU

FIELDS = ("CustomFieldsManager", "CustomFieldsManager")


def owned(vcsim: Vcsim) -> tuple[str, str]:
    """Two machines with a vGPU each, of which the first says whose it is."""
    administrator = vcsim.administrator()
    machines = sorted(administrator.machines().items())[:2]
    for _, identity in machines:
        administrator.reconfigure(identity, VGPU)
    field = "<name>team</name><moType>VirtualMachine</moType>"
    key = re.findall("<key>([^<]+)</key>", administrator.call("AddCustomFieldDef", *FIELDS, field))
    value = f'<entity type="VirtualMachine">{machines[0][1]}</entity><key>{key[0]}</key>'
    administrator.call("SetField", *FIELDS, f"{value}<value>research</value>")
    return machines[0][0], machines[1][0]


def tenants(found: str) -> dict[str, Any]:
    """By what each tenant is one, with its machines."""
    return {
        each["tenant"]: (each["keys"], [pod.rpartition("/")[2] for pod in each["pods"]])
        for device in json.loads(found)["devices"]
        for each in device["tenants"]
    }


@pytest.mark.parametrize("how", ["live", "saved"])
def test_whose_machines_are(vcsim: Vcsim, govc: Path, tmp_path: Path, how: str) -> None:
    first, second = owned(vcsim)
    target, options = vcsim.target, vcsim.options
    if how == "saved":
        target, options = str(vcsim.saved(govc, tmp_path / "inventory")), ()
    teams, hosts = tmp_path / "teams.yaml", tmp_path / "hosts.yaml"
    teams.write_text(f"/DC0/vm/{second}: sales\n/DC0/host: hosting\n")
    hosts.write_text("/DC0/host: hosting\n")

    def told(keys: str) -> dict[str, Any]:
        ran = auditor("gpus", target, *options, "--set", f"tenant={keys}", "--format", "json")
        assert ran.code == (0 if how == "live" else 3), "what govc does not save is missing"
        return tenants(ran.out)

    assert told("attribute:team") == {
        "research": (["attribute team"], [first]),
        second: (["virtual machine"], [second]),
    }
    assert told(f"attribute:team,file:{teams}") == {
        "research": (["attribute team"], [first]),
        "sales": (["file teams.yaml"], [second]),
    }
    assert told(f"file:{hosts}").keys() == {"hosting"}
    assert told("machine").keys() == {first, second}


def test_tags_say_whose_machines_are(vcsim: Vcsim, tmp_path: Path) -> None:
    """By a category; what was collected comes to the same elsewhere."""
    administrator, tagger = vcsim.administrator(), vcsim.tagger()
    (first, one), (second, two) = sorted(administrator.machines().items())[:2]
    for identity in (one, two):
        administrator.reconfigure(identity, VGPU)
    tagger.tag("stage", "prod", one, two)
    tagger.tag("team", "research", one)
    tagger.tag("team", "sales")
    asked = ("--set", "tenant=tag:team", "--format", "json")
    ran = auditor("gpus", vcsim.target, *vcsim.options, *asked)
    assert ran.code == 0, ran.err
    assert tenants(ran.out) == {
        "research": (["tag team"], [first]),
        second: (["virtual machine"], [second]),
    }
    tagger.tag("team", "vision", one, two)
    held = tmp_path / "held"
    settings = ("--set", "tenant=tag:team")
    done = auditor("collect", vcsim.target, *vcsim.options, *settings, "--output", held)
    assert done.code == 0, done.err
    ran = auditor("gpus", held, *asked)
    assert tenants(ran.out) == {
        "research and vision": (["tag team"], [first]),
        "vision": (["tag team"], [second]),
    }


def test_without_a_password_tags_are_a_gap(vcsim: Vcsim, tmp_path: Path) -> None:
    """Of tags alone: the rest is told by the session that was given."""
    administrator = vcsim.administrator()
    for identity in administrator.machines().values():
        administrator.reconfigure(identity, VGPU)
    session = tmp_path / "session"
    session.write_text(administrator.cookie)
    options = ("--ca-file", str(vcsim.authority), "--session-file", session)
    asked = ("--set", "tenant=tag:team", "--format", "json")
    ran = auditor("gpus", vcsim.target, *options, *asked)
    assert ran.code == 3, ran.err
    told = json.loads(ran.out)
    assert {each["scope"] for each in told["gaps"]} == {"vsphere/MachineTags"}
    assert len(told["devices"]) > 0


def test_of_what_was_saved_tags_are_a_gap(vcsim: Vcsim, govc: Path, tmp_path: Path) -> None:
    owned(vcsim)
    saved = vcsim.saved(govc, tmp_path / "inventory")
    ran = auditor("gpus", saved, "--set", "tenant=tag:team", "--format", "json")
    assert ran.code == 3, ran.err
    told = [each for each in json.loads(ran.out)["gaps"] if each["scope"] == "vsphere/MachineTags"]
    assert [each["detail"] for each in told] == ["tags are in another API than what was saved"]
