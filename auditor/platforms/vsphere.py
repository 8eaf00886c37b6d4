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
CLUSTER: Final = "vsphere/Cluster"
DATASTORE: Final = "vsphere/Datastore"
HOST: Final = "vsphere/Host"
MACHINE: Final = "vsphere/VirtualMachine"
PERMISSION: Final = "vsphere/Permission"
PORT_GROUP: Final = "vsphere/PortGroup"
ROLE: Final = "vsphere/Role"
SETTINGS: Final = "vsphere/Settings"
SWITCH: Final = "vsphere/Switch"

READ: Final = frozenset(
    {CLUSTER, DATASTORE, HOST, MACHINE, PERMISSION, PORT_GROUP, ROLE, SETTINGS, SWITCH}
)
"""What a server is asked for."""

VSPHERE: Final = Platform(
    name="vsphere",
    schemes=("vsphere",),
    prefix=PREFIX,
    kinds=READ,
    facts=frozenset(),
    writing="a kind of vSphere is written vsphere/VirtualMachine",
    shorthand="vsphere://USER@HOST is a vCenter or an ESXi host",
)
