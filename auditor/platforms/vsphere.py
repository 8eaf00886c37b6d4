"""The kinds of a vCenter, or of a single ESXi host, as its Web Services API calls its objects.

A body has the properties that were asked for at the paths that they have in the API:
``config.lockdownMode`` of a HostSystem is ``object.config.lockdownMode``. Lists of options
(``extraConfig`` of a machine, ``option`` of a host) are maps from key to value, as text; the keys
of a machine's are in small letters, since ``.vmx`` files do not tell them apart.
"""

from __future__ import annotations

from typing import Final

from auditor.platforms.platform import Platform

PREFIX: Final = "vsphere/"
ACCEPTANCE: Final = "vsphere/HostAcceptance"
ALARMS: Final = "vsphere/Alarms"
ATTRIBUTES: Final = "vsphere/MachineAttributes"
"""Custom attributes of machines, by their names: free text, so only read where it is wanted."""
CERTIFICATE: Final = "vsphere/HostCertificate"
CLUSTER: Final = "vsphere/Cluster"
DATASTORE: Final = "vsphere/Datastore"
EXTENSION: Final = "vsphere/Extension"
GPU_PROFILES: Final = "vsphere/GpuProfiles"
HOST: Final = "vsphere/Host"
KEY_PROVIDER: Final = "vsphere/KeyProvider"
LOCKDOWN: Final = "vsphere/LockdownExceptions"
MACHINE: Final = "vsphere/VirtualMachine"
MODULE: Final = "vsphere/HostModule"
PERMISSION: Final = "vsphere/Permission"
PORT_GROUP: Final = "vsphere/PortGroup"
ROLE: Final = "vsphere/Role"
SETTINGS: Final = "vsphere/Settings"
SWITCH: Final = "vsphere/Switch"

TAGS: Final = "vsphere/MachineTags"
"""Tags of machines, by their categories: in another API, so only read where it is wanted."""

ACCESS: Final = "vsphere/Access"
"""Who may do what, and where: a permission with the privileges of its role."""

READ: Final = frozenset(
    {
        *(ACCEPTANCE, ALARMS, ATTRIBUTES, CERTIFICATE, CLUSTER, DATASTORE, EXTENSION, GPU_PROFILES),
        *(HOST, KEY_PROVIDER, LOCKDOWN, MACHINE, MODULE, PERMISSION, PORT_GROUP, ROLE, SETTINGS),
        *(SWITCH, TAGS),
    }
)
"""What a server is asked for."""

VSPHERE: Final = Platform(
    name="vsphere",
    schemes=("vsphere",),
    prefix=PREFIX,
    kinds=READ | {ACCESS},
    facts=frozenset({ACCESS}),
    writing="a kind of vSphere is written vsphere/VirtualMachine",
    shorthand="vsphere://USER@HOST is a vCenter or an ESXi host",
)
