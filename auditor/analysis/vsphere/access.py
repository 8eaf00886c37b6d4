r"""Who may do what, and where: each permission with the privileges of its role.

::

    Role 12           gpu-admin      VirtualMachine.Config.AddRemoveDevice, …
    Permission        CORP\ml-team   has role 12 on folder group-v3, /A/vm, and what is in it

    vsphere/Access    CORP\ml-team, /A/vm, role gpu-admin, privileges […], wide: true

It is *wide* where it reaches what several tenants have: everything, a datacenter, or all machines,
hosts, networks or stores of one. A permission on a folder of a tenant, on a pool or on a single
thing is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.model.fact import Fact, Origin, Spot
from auditor.model.resource import Gap, Resource
from auditor.platforms.vsphere import ACCESS, PERMISSION, ROLE

_ROLE, _GIVEN = "0 role", "1 permission"
"""Roles are known before who has them."""
_ABOVE: Final = frozenset({"Folder", "Datacenter"})
_ELSEWHERE: Final = (
    ("/role", Spot(1, "/name")),
    ("/system", Spot(1, "/system")),
    ("/privileges", Spot(1, "/privilege")),
    ("/wide", None),
)
_encode = msgspec.json.encode


class Role(msgspec.Struct, frozen=True, rename="camel"):
    """What is taken of a role."""

    role_id: int = 0
    name: str = ""
    built_in: bool = msgspec.field(default=False, name="system")
    privilege: tuple[str, ...] = ()
    inventory: str = ""


class Permission(msgspec.Struct, frozen=True, rename="camel"):
    """What is taken of a permission; ``datacenter`` is the one that its object is in, or is."""

    principal: str = ""
    group: bool = False
    role_id: int = 0
    propagate: bool = False
    path: str = ""
    entity_type: str = ""
    parent_type: str = ""
    datacenter: str = ""
    inventory: str = ""

    @property
    def is_wide(self) -> bool:
        """Whether its object is above what single tenants have."""
        if self.entity_type not in _ABOVE:
            return False
        return not self.datacenter or "Datacenter" in {self.entity_type, self.parent_type}


_role = msgspec.json.Decoder(Role).decode
_permission = msgspec.json.Decoder(Permission).decode


class VsphereAccess(Uncombined):
    """Joins permissions with their roles."""

    id = "vsphere-access"
    stage = Stage.TARGET
    reads = frozenset({PERMISSION, ROLE})
    feeds: Feeds = MappingProxyType(
        {
            ACCESS: MappingProxyType(
                {
                    "": frozenset({PERMISSION}),
                    **dict.fromkeys(("role", "system", "privileges"), frozenset({ROLE})),
                }
            )
        }
    )

    def __init__(self, tables: Tables) -> None:
        del tables

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take a role or a permission, by the inventory that it is of."""
        found = _role(resource.body) if resource.kind == ROLE else _permission(resource.body)
        tag = _ROLE if resource.kind == ROLE else _GIVEN
        yield Row((found.inventory,), tag, site.origin(resource), _encode(found))

    def derive(self, groups: Groups) -> Iterator[Fact | Gap]:
        """Yield a fact for each permission."""
        for (inventory, *_), rows in groups:
            roles: dict[int, tuple[Role, Origin]] = {}
            for row in rows:
                if row.tag == _ROLE:
                    role = _role(row.body)
                    roles[role.role_id] = role, row.read_at
                else:
                    given = _permission(row.body)
                    yield _access(inventory, given, row.read_at, roles.get(given.role_id))


def _access(
    inventory: str, given: Permission, at: Origin, role: tuple[Role, Origin] | None
) -> Fact:
    body: dict[str, Any] = {
        "principal": given.principal,
        "group": given.group,
        "path": given.path,
        "entityType": given.entity_type,
        "propagate": given.propagate,
        "wide": given.is_wide,
    }
    if role is not None:
        body |= {"role": role[0].name, "system": role[0].built_in, "privileges": role[0].privilege}
    return Fact(
        kind=ACCESS,
        key=(inventory, given.path, given.principal, str(given.role_id)),
        body=_encode(body),
        subject=at,
        related=() if role is None else (role[1],),
        elsewhere=_ELSEWHERE if role is not None else _ELSEWHERE[3:],
        draws_on=((at.target, ""),),
    )
