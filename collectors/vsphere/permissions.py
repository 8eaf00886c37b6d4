"""The least role that a scan of a vCenter takes, as its own command line makes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from auditor.errors import UsageError
from auditor.platforms.vsphere import CERTIFICATE, LOCKDOWN, MODULE, SETTINGS, TAGS
from auditor.ports import RolePlan

_BUILT_IN: Final = ("System.Anonymous", "System.Read", "System.View")
MORE: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        CERTIFICATE: ("Certificate.Manage", "replace certificates of hosts"),
        LOCKDOWN: ("Global.Settings", "change the settings of the vCenter"),
        MODULE: ("Host.Config.Settings", "change the settings of hosts"),
        SETTINGS: ("Global.Settings", "change the settings of the vCenter"),
    }
)
"""What kinds take beyond the role that every server has, and what else that lets do."""
_MOST: Final = 3


def role(plan: RolePlan) -> Iterator[str]:
    """Lines that say which role to give, where, and why.

    Raises:
        UsageError: a vCenter has no namespaces.
    """
    if plan.namespaces:
        raise UsageError("a vCenter has no namespaces", hint="auditor permissions vsphere")
    yield f"# What the rules of the profile {plan.profile} take on a vCenter or an ESXi host."
    yield "#"
    yield "# Give the role that is built in, Read-only, to a user of its own, at the root of the"
    yield "# inventory and propagated: what it does not reach is not seen, and nothing tells of it."
    yield f"# It holds {', '.join(_BUILT_IN)}."
    for kind, rules in sorted(plan.reasons.items()):
        yield from _why(kind, rules)
    more = sorted({MORE[kind][0] for kind in plan.reasons if kind in MORE})
    if more:
        yield "#"
        yield "# None of these lets only read. Who wants those rules decided all the same:"
        yield f"# govc role.create auditor {' '.join((*_BUILT_IN, *more))}"
    yield "govc permissions.set -principal audit@vsphere.local -role ReadOnly -propagate=true /"


def _why(kind: str, rules: tuple[str, ...]) -> Iterator[str]:
    more = f" and {len(rules) - _MOST} more" if len(rules) > _MOST else ""
    yield f"# {kind}: {', '.join(rules[:_MOST])}{more}"
    if kind == TAGS:
        yield "#   is seen by a global permission, not by one on the inventory"
    if kind in MORE:
        privilege, what = MORE[kind]
        yield f"#   takes {privilege} too, which lets {what} as well;"
        yield "#   without it, these rules are unknown"
