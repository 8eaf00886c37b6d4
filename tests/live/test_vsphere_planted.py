"""Faults that are planted in a simulated vCenter by its own API are found one for one.

What is planted are the failing examples of the rules, so a new rule on an option is planted as it
comes: each on an object of its own, and whatever is found beside it is one too much.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from auditor.model.policy import Example
from auditor.platforms.vsphere import ACCESS, HOST, MACHINE, SETTINGS
from auditor.policy import load, policies_folder
from tests.e2e.command import auditor
from tests.engines.soap import device, option
from tests.engines.vcsim import Vcsim, Vcsims, running

ANYHOW: Final = "vsphere-vm-boots-from-anything"
"""What fails where nothing is said, so on a machine of the simulator in any case."""
PROFILE: Final = ("--profile", "vsphere")
AUTHORIZATION: Final = ("AuthorizationManager", "AuthorizationManager")
ROOT: Final = '<entity type="Folder">group-d1</entity>'


def found(vcsim: Vcsim, *options: str) -> set[tuple[str, str]]:
    """What fails: the rule, and the name of the object."""
    ran = auditor("scan", vcsim.target, *vcsim.options, *PROFILE, "--format", "json", *options)
    assert ran.code == 1, ran.err
    results = ran.results()
    assert results["gaps"] == []
    return {
        (each["rule"], each["resource"]["name"])
        for each in results["findings"]
        if each["verdict"] == "fail"
    }


@pytest.fixture(scope="module")
def untouched(vcsim_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """What fails in a simulator that nobody has changed: all begin with the same objects."""
    with running(vcsim_binary, tmp_path_factory.mktemp("untouched")) as vcsim:
        return found(vcsim)


def planted(kind: str, path: str) -> dict[str, dict[str, str]]:
    """Of each rule on a kind the options by which an example fails, where no more is there."""
    return {
        name: options
        for name, rule in sorted(load((policies_folder(),)).rules.items())
        if rule.applies_to == (kind,)
        for options in [next(_options(rule.examples, path), None)]
        if options is not None
    }


def _options(examples: tuple[Example, ...], path: str) -> Iterator[dict[str, str]]:
    for each in examples:
        body: Any = msgspec.json.decode(each.body)
        body.pop("name", None)
        for part in path.split("."):
            rest, body = {k: v for k, v in body.items() if k != part}, body.get(part)
            if rest or body is None:
                break
        else:
            if each.expect == "fail" and body:
                yield body


def changed(options: Mapping[str, str]) -> str:
    """Options as the API sets them."""
    return "".join(
        f"<changedValue xsi:type='OptionValue'><key>{key}</key>"
        f"<value xsi:type='xsd:string'>{value}</value></changedValue>"
        for key, value in options.items()
    )


def test_options_of_machines(vcsims: Vcsims) -> None:
    plants = planted(MACHINE, "config.extraConfig")
    assert len(plants) >= 16
    vcsim = vcsims("-machines", str(len(plants) + 2))
    before, administrator = found(vcsim), vcsim.administrator()
    machines = sorted(administrator.machines().items())
    expected = set()
    for (rule, options), (name, identity) in zip(plants.items(), machines, strict=False):
        spec = "".join(option(key, value) for key, value in options.items())
        administrator.reconfigure(identity, spec)
        expected.add((rule, name))
    assert expected & before == {(ANYHOW, name) for rule, name in expected if rule == ANYHOW}
    assert found(vcsim) == before | expected


def test_graphics_that_are_switched_on_at_the_video_card(
    vcsim: Vcsim, untouched: set[tuple[str, str]]
) -> None:
    """As the client of vSphere does: no parameter of the machine says it."""
    administrator = vcsim.administrator()
    name, identity = min(administrator.machines().items())
    card = device("VirtualMachineVideoCard", "<enable3DSupport>true</enable3DSupport>")
    card = card.replace("<operation>add", "<operation>edit").replace("<key>-1<", "<key>500<")
    administrator.reconfigure(identity, card)
    assert found(vcsim) - untouched == {("vsphere-vm-3d-graphics", name)}


def test_options_of_hosts(vcsims: Vcsims) -> None:
    plants = planted(HOST, "config.option")
    assert len(plants) >= 40
    vcsim = vcsims("-hosts", str(len(plants) + 2))
    before, administrator = found(vcsim), vcsim.administrator()
    hosts = sorted(administrator.named("HostSystem", "configManager.advancedOption").items())
    expected = set()
    for (rule, options), (name, manager) in zip(plants.items(), hosts, strict=False):
        administrator.call("UpdateOptions", "OptionManager", manager, changed(options))
        expected.add((rule, name))
    assert found(vcsim) - before == expected


@pytest.mark.parametrize("rule", planted(SETTINGS, "options"))
def test_settings_of_the_server(vcsim: Vcsim, untouched: set[tuple[str, str]], rule: str) -> None:
    options = changed(planted(SETTINGS, "options")[rule])
    vcsim.administrator().call("UpdateOptions", "OptionManager", "VpxSettings", options)
    assert found(vcsim) - untouched == {(rule, "settings")}


RIGHTS: Final = {
    "gpus-of-all": "VirtualMachine.Config.AddRemoveDevice",
    "settings-of-all": "Host.Config.AdvancedConfig",
    "copies-of-all": "VirtualMachine.Provisioning.Clone",
    "guests-of-all": "VirtualMachine.Interact.ConsoleInteract",
    "rights-of-all": "Authorization.ModifyPermissions",
}
"""What lets do something with all machines, by the rule."""
ADMIN: Final = "-1"


def permission(
    who: str, role: str, at: str = ROOT, *, group: bool = False, propagate: bool = True
) -> str:
    """One permission as the API sets it."""
    return (
        f"<permission>{at}<principal>{who}</principal><group>{str(group).lower()}</group>"
        f"<roleId>{role}</roleId><propagate>{str(propagate).lower()}</propagate></permission>"
    )


def test_rights(vcsim: Vcsim) -> None:
    """Roles that are made, and given on everything, on a folder, and without what is below."""
    administrator = vcsim.administrator()

    def role(name: str, privilege: str) -> str:
        made = f"<name>{name}</name><privIds>{privilege}</privIds>"
        administrator.call("AddAuthorizationRole", *AUTHORIZATION, made)
        roles = administrator.values("AuthorizationManager", "AuthorizationManager", "roleList")
        before = roles.partition(f"<name>{name}</name>")[0]
        return before.rpartition("<roleId>")[2].partition("<")[0]

    (top,) = administrator.named("Datacenter", "vmFolder").values()
    folder = re.findall(
        "<returnval[^>]*>([^<]+)<",
        administrator.call("CreateFolder", "Folder", top, "<name>team</name>"),
    )[0]
    roles = {rule: role(rule, privilege) for rule, privilege in RIGHTS.items()}
    keys = role("keys", "Cryptographer.Decrypt")
    everything = "".join(
        permission(f"CORP\\{rule}", each) + permission(f"CORP\\no-{rule}", each, propagate=False)
        for rule, each in roles.items()
    )
    everything += permission("CORP\\me", ADMIN) + permission("CORP\\ops", ADMIN, group=True)
    administrator.call("SetEntityPermissions", *AUTHORIZATION, ROOT + everything)
    here = f'<entity type="Folder">{folder}</entity>'
    narrow = "".join(permission(f"CORP\\no-{rule}", each, here) for rule, each in roles.items())
    narrow += permission("CORP\\keeper", keys, here)
    administrator.call("SetEntityPermissions", *AUTHORIZATION, here + narrow)
    every = (*RIGHTS, "keys")
    expected = {
        *((f"vsphere-access-{rule}", f"CORP\\{rule} on /") for rule in RIGHTS),
        *((f"vsphere-access-{rule}", "CORP\\me on /") for rule in every),
        *((f"vsphere-access-{rule}", "CORP\\ops on /") for rule in every),
        ("vsphere-access-administrator-by-name", "CORP\\me on /"),
        ("vsphere-access-keys", "CORP\\keeper on /DC0/vm/team"),
    }
    assert {each for each in found(vcsim) if each[0].startswith("vsphere-access-")} == expected
    rules = load((policies_folder(),)).rules.values()
    on_rights = {rule.id for rule in rules if ACCESS in rule.applies_to}
    assert on_rights == {rule for rule, _ in expected}, "each of them is asked of a server"


SECURITY: Final = {
    "promiscuous": "allowPromiscuous",
    "mac-changes": "macChanges",
    "forged-transmits": "forgedTransmits",
}


@pytest.mark.parametrize("rule", SECURITY)
def test_distributed_port_groups(vcsim: Vcsim, untouched: set[tuple[str, str]], rule: str) -> None:
    """One of three is open; of one whose policy the simulator does not tell nothing is known."""
    administrator = vcsim.administrator()
    groups = administrator.named("DistributedVirtualPortgroup", "key")
    name, key = min(groups.items())
    policy = "".join(
        f"<{each}><inherited>false</inherited><value>{str(each == SECURITY[rule]).lower()}</value>"
        f"</{each}>"
        for each in ("allowPromiscuous", "macChanges", "forgedTransmits")
    )
    spec = (
        "<defaultPortConfig xsi:type='VMwareDVSPortSetting'><securityPolicy>"
        f"<inherited>false</inherited>{policy}</securityPolicy></defaultPortConfig>"
    )
    administrator.call(
        "ReconfigureDVPortgroup_Task",
        "DistributedVirtualPortgroup",
        key,
        f"<spec><name>{name}</name>{spec}</spec>",
    )
    assert found(vcsim) - untouched == {(f"vsphere-distributed-port-group-{rule}", name)}
