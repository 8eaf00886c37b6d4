"""Who may do what, and where, by permissions and roles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.analysis.protocol import Site
from auditor.analysis.vsphere.access import VsphereAccess
from auditor.model.fact import Fact
from auditor.model.resource import Resource, Target

SITE = Site(Target("vsphere://vc/", "id"), "sha256:0", lambda _, __: 0)
ANALYSIS = VsphereAccess({})


def resource(kind: str, **body: Any) -> Resource:
    name = body.get("name", body.get("principal", ""))
    place = f"/{kind}/{name}/{body.get('path', '')}"
    encoded = json.dumps(body).encode()
    return Resource(f"vsphere/{kind}", "", name, "", "", place, 0, 0, encoded)


def role(number: int, name: str, *privileges: str, **more: Any) -> Resource:
    return resource("Role", roleId=number, name=name, privilege=list(privileges), **more)


def given(principal: str, number: int, path: str = "/", **more: Any) -> Resource:
    values = {"entityType": "Folder", "propagate": True, "group": True, **more}
    return resource("Permission", principal=principal, roleId=number, path=path, **values)


def derived(*resources: Resource) -> list[Fact]:
    rows = sorted(
        (row for each in resources for row in ANALYSIS.extract(each, SITE)),
        key=lambda row: (row.key, row.tag, row.read_at.source),
    )
    keys = sorted({row.key for row in rows})
    groups = ((key, iter([row for row in rows if row.key == key])) for key in keys)
    return [fact for fact in ANALYSIS.derive(groups) if isinstance(fact, Fact)]


def bodies(*resources: Resource) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in derived(*resources)]


def test_a_permission_has_the_privileges_of_its_role() -> None:
    (found,) = bodies(
        given("CORP\\ml", 12), role(11, "other"), role(12, "gpu-admin", "Host.Config.PciPassthru")
    )
    assert found == {
        "principal": "CORP\\ml",
        "group": True,
        "path": "/",
        "entityType": "Folder",
        "propagate": True,
        "wide": True,
        "role": "gpu-admin",
        "system": False,
        "privileges": ["Host.Config.PciPassthru"],
    }


def test_a_role_that_was_not_read_has_no_privileges() -> None:
    """Not an empty list, which would say that it may do nothing."""
    (found,) = bodies(given("CORP\\ml", 12))
    assert "privileges" not in found
    assert "role" not in found


@pytest.mark.parametrize(
    ("where", "wide"),
    [
        pytest.param({"entityType": "Folder"}, True, id="everything"),
        pytest.param({"entityType": "Folder", "parentType": "Folder"}, True, id="datacenters"),
        pytest.param(
            {"entityType": "Datacenter", "parentType": "Folder", "datacenter": "A"},
            True,
            id="a datacenter",
        ),
        pytest.param(
            {"entityType": "Folder", "parentType": "Datacenter", "datacenter": "A"},
            True,
            id="all machines of a datacenter",
        ),
        pytest.param(
            {"entityType": "Folder", "parentType": "Folder", "datacenter": "A"},
            False,
            id="the folder of a tenant",
        ),
        pytest.param(
            {"entityType": "ResourcePool", "parentType": "ResourcePool", "datacenter": "A"},
            False,
            id="a pool",
        ),
        pytest.param(
            {"entityType": "ClusterComputeResource", "parentType": "Folder", "datacenter": "A"},
            False,
            id="a cluster",
        ),
        pytest.param({"entityType": "VirtualMachine"}, False, id="a machine"),
    ],
)
def test_what_is_wide(where: dict[str, str], wide: bool) -> None:  # noqa: FBT001 - a verdict
    (found,) = bodies(given("x", 1, "/A", **where))
    assert found["wide"] is wide


def test_two_inventories_have_roles_of_their_own() -> None:
    found = bodies(
        role(12, "one", "A", inventory="a"),
        role(12, "two", "B", inventory="b"),
        given("x", 12, inventory="a"),
        given("x", 12, inventory="b"),
    )
    assert [each["role"] for each in found] == ["one", "two"]
