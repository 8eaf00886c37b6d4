"""The least role of a vCenter: what each kind takes, by the API's own words."""

from __future__ import annotations

import pytest
from pyVmomi import VmomiSupport

from auditor.platforms.vsphere import READ
from auditor.ports import RolePlan
from collectors.vsphere.kinds.asked import ASKED, Asked
from collectors.vsphere.permissions import MORE, role

READ_ONLY = {None, "System.Anonymous", "System.View", "System.Read"}


def taken(asked: Asked) -> str | None:
    """The privilege that a method, or a property, takes."""
    if asked.method:
        found = VmomiSupport.GetWsdlMethod("urn:vim25", asked.method).info.privId
        return str(found) if found else None
    declared = VmomiSupport.GetWsdlType("urn:vim25", asked.type)
    return str(declared._GetPropertyInfo(asked.field).privId)


@pytest.mark.parametrize("kind", ASKED)
def test_what_a_kind_takes_is_said(kind: str) -> None:
    privilege = taken(ASKED[kind])
    assert MORE.get(kind, (None,))[0] == (None if privilege in READ_ONLY else privilege)


def test_a_role_with_all_of_it() -> None:
    plan = RolePlan("all", dict.fromkeys(sorted(READ), ("rule",)), (), ("", ""))
    lines = list(role(plan))
    (made,) = (line for line in lines if "role.create" in line)
    assert made.endswith(
        "System.Anonymous System.Read System.View Certificate.Manage Global.Settings "
        "Host.Config.Settings"
    )
    assert all(any(f"# {kind}: rule" in line for line in lines) for kind in READ)
    after = lines[lines.index("# vsphere/MachineTags: rule") + 1]
    assert after == "#   is seen by a global permission, not by one on the inventory"


def test_a_role_with_nothing_more() -> None:
    plan = RolePlan("few", {"vsphere/Host": ("rule",)}, (), ("", ""))
    assert not [line for line in role(plan) if "role.create" in line]
