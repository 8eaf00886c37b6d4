"""How the files of a saved inventory are called, and what each is of.

``govc object.save`` writes one file an object, numbered in the order in which they came::

    0000-ServiceInstance-ServiceInstance.xml
    0048-Datacenter-datacenter-1.xml
    0052-VirtualMachine-vm-39.xml
    AlarmManager-AlarmManager/GetAlarm.xml      what a method of an object returned

The type and the identity are those of the object; what in an identity is no letter of a URL is
written as in a query (``cli/object/save.go`` and ``ManagedObjectReference.Encode`` of govmomi).
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote_plus, unquote_plus

import msgspec

from auditor.late import late
from auditor.platforms.vsphere import (
    ALARMS,
    CLUSTER,
    DATASTORE,
    EXTENSION,
    HOST,
    KEY_PROVIDER,
    MACHINE,
    PORT_GROUP,
    ROLE,
    SETTINGS,
    SWITCH,
)
from collectors.vsphere.kinds.asked import ALARM_TYPE, ASKED

SERVICE: Final = "ServiceInstance"
"""Which server it is, and where its managers are."""
KIND_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "VirtualMachine": MACHINE,
        "HostSystem": HOST,
        "ClusterComputeResource": CLUSTER,
        "DistributedVirtualPortgroup": PORT_GROUP,
        "DistributedVirtualSwitch": SWITCH,
        "VmwareDistributedVirtualSwitch": SWITCH,
        "Datastore": DATASTORE,
        "OptionManager": SETTINGS,
        "AuthorizationManager": ROLE,
        "ExtensionManager": EXTENSION,
        "CryptoManagerKmip": KEY_PROVIDER,
        "AlarmManager": ALARMS,
    }
)
"""Types of objects that are resources, and what they are called in rules."""
_EVERYTHING: Final = (CLUSTER, DATASTORE, HOST, MACHINE, PORT_GROUP, SWITCH)
HOLDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        SERVICE: _EVERYTHING,
        "Folder": _EVERYTHING,
        "StoragePod": (DATASTORE,),
        "Datacenter": _EVERYTHING,
        "ComputeResource": (HOST, MACHINE),
        "ClusterComputeResource": (HOST, MACHINE),
        "ResourcePool": (MACHINE,),
        "VirtualApp": (MACHINE,),
    }
)
"""Types of objects that others are in, and what is not known where one of them can't be read."""
_TYPES: Final = "|".join(sorted({*KIND_OF, *HOLDS}))
NAMED: Final = late(rf"[0-9]{{4,9}}-({_TYPES})-(.+)\.xml")
_ASIDE: Final = "|".join(sorted({ALARM_TYPE, *(each.type for each in ASKED.values())}))
_METHODS: Final = "|".join(sorted({"GetAlarm", *(each.method for each in ASKED.values())} - {""}))
ASIDE: Final = late(rf"[0-9]{{4,9}}-({_ASIDE})-(.+)\.xml|(?:{_METHODS})\.xml")
"""Files that are read with that of the object which they tell something of."""


class Reference(msgspec.Struct, frozen=True, order=True):
    """An object of an inventory."""

    type: str
    identity: str

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is not known when it can't be read."""
        own = KIND_OF.get(self.type)
        told = (kind for kind, asked in ASKED.items() if asked.of == self.type)
        every = (*((own,) if own else ()), *told, *HOLDS.get(self.type, ()))
        return tuple(dict.fromkeys(every))


def reference_of(path: str) -> Reference | None:
    """Say which object a file is of, by its path; None where it is none that is read."""
    name = posixpath.basename(path)
    found = NAMED.fullmatch(name) or ASIDE.fullmatch(name)
    return None if found is None or not found[1] else Reference(found[1], unquote_plus(found[2]))


def returned_by(reference: Reference, method: str) -> str:
    """Say in which file, below the folder, what a method of an object returned is saved."""
    return f"{reference.type}-{quote_plus(reference.identity)}/{method}.xml"
