"""Which node is which machine: by UUIDs, by names, and not at all where it is ambiguous."""

from __future__ import annotations

from typing import Any

from auditor.analysis.estate.machines import Guest, Links, Machine, link, one_of_each
from auditor.analysis.estate.uuids import turned
from auditor.model.fact import Origin

ONE = "42344765-bc6d-0ab2-1c40-5a0f7f0f9a11"
TWO = "42ab4377-1122-3344-9c40-5a0f7f0f9a12"


def origin(target: str, name: str) -> Origin:
    return Origin(target, target, "kind", "", name, "", "source", 0, 0, "")


def node(name: str, target: str = "k8s://a", **told: Any) -> Guest:
    return Guest(target, target, name, origin(target, name), **told)


def engine(name: str, firmware: str = "", target: str = "docker://h") -> Guest:
    return Guest(target, target, name, origin(target, name), firmware=firmware, engine=True)


def machine(name: str, uuid: str = "", target: str = "vsphere://vc", **more: str) -> Machine:
    said = {"instance": "", "host": "host-1", "hostname": "", **more}
    at = origin(target, name)
    return Machine(
        target=target,
        moid=f"vm-{name}",
        uuid=uuid,
        path=f"/DC/{name}",
        name=name,
        origin=at,
        **said,
    )


def joined(found: Links) -> dict[str, tuple[str, str, str]]:
    """Of each guest its machine, by what, and how sure."""
    return {
        each.guest.name: (each.machine.name, each.by, each.certainty.word) for each in found.joined
    }


def doubts(found: Links) -> dict[str, str]:
    return {each.guest.name: each.why for each in found.ambiguous}


def test_by_provider_and_by_system_in_either_order() -> None:
    found = link(
        [
            node("n1", provider=ONE, of_vsphere=True),
            node("n2", firmware=turned(TWO)),
            engine("h", "11111111-2222-3333-4444-555555555555"),
        ],
        [machine("m1", ONE), machine("m2", TWO)],
    )
    assert joined(found) == {
        "n1": ("m1", "providerID", "exact"),
        "n2": ("m2", "systemUUID", "exact"),
    }
    assert doubts(found) == {}


def test_the_host_of_an_engine() -> None:
    found = link([engine("h", turned(ONE))], [machine("m1", ONE)])
    assert joined(found) == {"h": ("m1", "product UUID", "exact")}


def test_provider_and_system_say_the_same() -> None:
    found = link(
        [node("n1", provider=ONE, firmware=turned(ONE))], [machine("m1", ONE), machine("m2", TWO)]
    )
    assert joined(found) == {"n1": ("m1", "providerID", "exact")}


def test_a_node_that_contradicts_itself() -> None:
    found = link([node("n1", provider=ONE, firmware=TWO)], [machine("m1", ONE), machine("m2", TWO)])
    assert joined(found) == {}
    assert doubts(found) == {"n1": f"its providerID names {ONE}, its systemUUID {TWO}"}
    (doubt,) = found.ambiguous
    assert {each.name for each in doubt.machines} == {"m1", "m2"}


def test_two_nodes_that_claim_one_machine() -> None:
    found = link(
        [node("n1", provider=ONE), node("n2", "k8s://b", firmware=turned(ONE)), node("n3")],
        [machine("m1", ONE)],
    )
    assert joined(found) == {}
    why = (
        "2 guests are the machine /DC/m1 of vsphere://vc by what they tell: node n1 of k8s://a, "
        "node n2 of k8s://b"
    )
    assert doubts(found) == {"n1": why, "n2": why}


def test_one_node_in_two_targets_is_one() -> None:
    """A cluster by two contexts: what it calls itself is the same."""
    other = Guest("k8s://alias", "k8s://a", "n1", origin("k8s://alias", "n1"), provider=ONE)
    found = link([node("n1", provider=ONE), other], [machine("m1", ONE)])
    assert [each.guest.target for each in found.joined] == ["k8s://a", "k8s://alias"]


def test_a_node_and_an_engine_in_one_machine() -> None:
    found = link([node("n1", provider=ONE), engine("n1.example", turned(ONE))], [machine("m", ONE)])
    assert set(joined(found)) == {"n1", "n1.example"}


def test_two_engines_in_one_machine_are_of_one_name() -> None:
    one, other = engine("h", ONE), engine("h", ONE, "docker://rootless")
    assert len(link([one, other], [machine("m", ONE)]).joined) == 2
    found = link([one, engine("g", ONE, "docker://g")], [machine("m", ONE)])
    assert joined(found) == {}
    assert set(doubts(found)) == {"h", "g"}


def test_a_uuid_that_two_vcenters_hold() -> None:
    found = link(
        [node("n1", provider=ONE)], [machine("m1", ONE), machine("m1", ONE, "vsphere://other")]
    )
    assert joined(found) == {}
    assert doubts(found) == {
        "n1": f"2 machines (/DC/m1 of vsphere://other, /DC/m1 of vsphere://vc) have the UUID {ONE} "
        "that it tells"
    }


def test_a_uuid_and_its_turned_form_are_two_machines() -> None:
    machines = [machine("m1", ONE), machine("m2", turned(ONE))]
    found = link([node("n1", firmware=ONE), node("n2", provider=ONE)], machines)
    assert set(doubts(found)) == {"n1"}
    assert joined(found) == {"n2": ("m1", "providerID", "exact")}


def test_what_no_vcenter_has() -> None:
    """A node of vSphere that is elsewhere is missing; one that never said so is just another."""
    found = link([node("n1", provider=TWO, of_vsphere=True), node("n2", firmware=TWO)], [])
    assert [each.name for each in found.missing] == ["n1"]
    assert joined(found) == {}


def test_a_name_only_suggests() -> None:
    found = link(
        [node("gpu-1"), node("GPU-2.example"), node("gpu-3"), node("gpu-4", firmware=TWO)],
        [
            machine("gpu-1", ONE),
            machine("x", "1" * 8, hostname="gpu-2"),
            machine("gpu-3", "2" * 8),
            machine("y", "3" * 8, hostname="gpu-3.example"),
            machine("gpu-4", "4" * 8),
        ],
    )
    assert joined(found) == {
        "gpu-1": ("gpu-1", "name", "possible"),
        "GPU-2.example": ("x", "name", "possible"),
    }
    assert [each.name for each in found.missing] == ["gpu-3"]


def test_a_name_is_nothing_against_a_uuid() -> None:
    found = link([node("gpu-1"), node("n2", provider=ONE)], [machine("gpu-1", ONE)])
    assert joined(found) == {"n2": ("gpu-1", "providerID", "exact")}


def test_two_nodes_of_one_name_have_no_machine_by_it() -> None:
    found = link([node("gpu-1"), node("gpu-1", "k8s://b")], [machine("gpu-1", ONE)])
    assert joined(found) == {}
    assert set(doubts(found)) == {"gpu-1"}


def test_a_machine_that_two_targets_tell_of() -> None:
    """A vCenter and the host itself: one where its host has the same hardware."""
    same = {"instance": TWO, "hardware": "h"}
    vc, esx = machine("m", ONE, **same), machine("m", ONE, "vsphere://esx1", **same)
    other = machine("m", ONE, "vsphere://z", instance=TWO, hardware="g")
    found = one_of_each([vc, esx, other])
    assert found == {esx.key: esx, vc.key: esx, other.key: other}
    unknown = [machine("m", ONE, target, instance=TWO) for target in ("vsphere://a", "vsphere://b")]
    assert one_of_each(unknown) == {each.key: each for each in unknown}
