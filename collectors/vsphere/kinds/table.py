"""The table of kinds: what of each is read."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from auditor.platforms.vsphere import (
    ATTRIBUTES,
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
from collectors.vsphere.kinds import machines, managers
from collectors.vsphere.kinds.clusters import CLUSTERS, DATASTORES
from collectors.vsphere.kinds.hosts import HOSTS
from collectors.vsphere.kinds.kind import Kind
from collectors.vsphere.kinds.managers import Manager
from collectors.vsphere.kinds.networks import PORT_GROUPS, SWITCHES

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        ATTRIBUTES: machines.ATTRIBUTES,
        CLUSTER: CLUSTERS,
        DATASTORE: DATASTORES,
        HOST: HOSTS,
        MACHINE: machines.MACHINES,
        PORT_GROUP: PORT_GROUPS,
        SWITCH: SWITCHES,
    }
)
"""What is found below the root of an inventory."""
MANAGERS: Final[Mapping[str, Manager]] = MappingProxyType(
    {
        EXTENSION: managers.EXTENSIONS,
        KEY_PROVIDER: managers.KEY_PROVIDERS,
        ROLE: managers.ROLES,
        SETTINGS: managers.SETTINGS,
    }
)
"""What a single manager of a server has."""
TREE: Final = ("Folder", "Datacenter", "ComputeResource", "ResourcePool")
"""What only says where things are."""
