"""Which properties are read of each kind: the paths that rules need, and the form of each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.platforms.vsphere import (
    CLUSTER,
    DATASTORE,
    HOST,
    MACHINE,
    PORT_GROUP,
    ROLE,
    SETTINGS,
    SWITCH,
)
from collectors.vsphere.live.forms import Fields, Form, Items, Options, Plain, Texts

TEXT: Final = Plain.TEXT
BOOL: Final = Plain.BOOL
NUMBER: Final = Plain.NUMBER
TYPE: Final = Plain.TYPE
_VALUE: Final = Fields({"value": BOOL, "inherited": BOOL})
_SECURITY: Final = Fields(
    {"security": Fields({"allowPromiscuous": BOOL, "macChanges": BOOL, "forgedTransmits": BOOL})}
)
_BACKING: Final = Fields(
    {
        "type": TYPE,
        "diskMode": TEXT,
        "vgpu": TEXT,
        "migrateSupported": BOOL,
        "id": TEXT,
        "deviceId": TEXT,
        "vendorId": NUMBER,
        "allowedDevice": Items({"vendorId": NUMBER, "deviceId": NUMBER}),
        "customLabel": TEXT,
        "assignedId": TEXT,
        "deviceClass": TEXT,
    }
)
_DEVICES: Final = Items(
    {
        "type": TYPE,
        "key": NUMBER,
        "deviceInfo": Fields({"label": TEXT}),
        "backing": _BACKING,
        "connectable": Fields({"connected": BOOL, "startConnected": BOOL}),
        "use3dRenderer": TEXT,
        "enable3DSupport": BOOL,
    }
)


class Property(msgspec.Struct, frozen=True):
    """One path, with its form; ``since`` is the first version of the API that has it."""

    path: str
    form: Form
    since: tuple[int, ...] = ()


class Kind(msgspec.Struct, frozen=True):
    """What of a kind is read: its type in the API, and the properties.

    A server says of an object that it can't reach next to nothing; ``sign`` is a property that all
    others have. ``page`` is how many come at once.
    """

    type: str
    properties: tuple[Property, ...]
    sign: str = ""
    page: int = 200


_NAMED: Final = (Property("name", TEXT), Property("parent", TEXT))

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        MACHINE: Kind(
            "VirtualMachine",
            (
                *_NAMED,
                Property("config.uuid", TEXT),
                Property("config.instanceUuid", TEXT),
                Property("config.template", BOOL),
                Property("config.version", TEXT),
                Property("config.guestFullName", TEXT),
                Property("config.firmware", TEXT),
                Property("config.bootOptions", Fields({"efiSecureBootEnabled": BOOL})),
                Property(
                    "config.flags",
                    Fields({"enableLogging": BOOL, "vbsEnabled": BOOL, "vvtdEnabled": BOOL}),
                ),
                Property("config.migrateEncryption", TEXT),
                Property("config.ftEncryptionMode", TEXT, (7, 0, 2)),
                Property("config.maxMksConnections", NUMBER),
                Property("config.guestAutoLockEnabled", BOOL),
                Property("config.nestedHVEnabled", BOOL),
                Property("config.memoryReservationLockedToMax", BOOL),
                Property("config.sevEnabled", BOOL, (7, 0, 1)),
                Property("config.extraConfig", Options(small=True)),
                Property("config.hardware.device", _DEVICES),
                Property("runtime.powerState", TEXT),
                Property("runtime.connectionState", TEXT),
                Property("runtime.host", TEXT),
                Property("guest.hostName", TEXT),
                Property("resourcePool", TEXT),
            ),
            "config.uuid",
            100,
        ),
        HOST: Kind(
            "HostSystem",
            (
                *_NAMED,
                Property("runtime.connectionState", TEXT),
                Property("hardware.systemInfo.uuid", TEXT),
                Property("config.product", Fields({"version": TEXT, "build": TEXT})),
                Property("config.lockdownMode", TEXT),
                Property("config.option", Options()),
                Property(
                    "config.service.service",
                    Items({"key": TEXT, "running": BOOL, "policy": TEXT}),
                ),
                Property(
                    "config.dateTimeInfo",
                    Fields({"ntpConfig": Fields({"server": Texts()}), "enabled": BOOL}),
                ),
                Property(
                    "config.firewall.defaultPolicy",
                    Fields({"incomingBlocked": BOOL, "outgoingBlocked": BOOL}),
                ),
                Property(
                    "config.firewall.ruleset",
                    Items(
                        {
                            "key": TEXT,
                            "enabled": BOOL,
                            "allowedHosts": Fields({"allIp": BOOL}),
                            "ipListUserConfigurable": BOOL,
                        }
                    ),
                ),
                Property(
                    "config.network.vswitch",
                    Items({"name": TEXT, "spec": Fields({"policy": _SECURITY})}),
                ),
                Property(
                    "config.network.portgroup",
                    Items(
                        {
                            "spec": Fields({"name": TEXT, "vlanId": NUMBER, "vswitchName": TEXT}),
                            "computedPolicy": _SECURITY,
                        }
                    ),
                ),
                Property(
                    "config.graphicsInfo",
                    Items(
                        {
                            "deviceName": TEXT,
                            "vendorName": TEXT,
                            "pciId": TEXT,
                            "graphicsType": TEXT,
                            "vgpuMode": TEXT,
                            "memorySizeInKB": NUMBER,
                            "vm": Texts(),
                        }
                    ),
                ),
                Property(
                    "config.graphicsConfig",
                    Fields(
                        {
                            "hostDefaultGraphicsType": TEXT,
                            "sharedPassthruAssignmentPolicy": TEXT,
                        }
                    ),
                ),
            ),
            "config.product",
            50,
        ),
        CLUSTER: Kind(
            "ClusterComputeResource",
            (
                *_NAMED,
                Property(
                    "configurationEx",
                    Fields(
                        {
                            "dasConfig": Fields({"enabled": BOOL}),
                            "drsConfig": Fields({"enabled": BOOL}),
                        }
                    ),
                ),
                Property("summary", Fields({"currentEVCModeKey": TEXT})),
            ),
        ),
        PORT_GROUP: Kind(
            "DistributedVirtualPortgroup",
            (
                *_NAMED,
                Property("key", TEXT),
                Property(
                    "config",
                    Fields(
                        {
                            "uplink": BOOL,
                            "distributedVirtualSwitch": TEXT,
                            "defaultPortConfig": Fields(
                                {
                                    "securityPolicy": Fields(
                                        {
                                            "allowPromiscuous": _VALUE,
                                            "macChanges": _VALUE,
                                            "forgedTransmits": _VALUE,
                                        }
                                    ),
                                    "macManagementPolicy": Fields(
                                        {
                                            "allowPromiscuous": BOOL,
                                            "macChanges": BOOL,
                                            "forgedTransmits": BOOL,
                                            "macLearningPolicy": Fields({"enabled": BOOL}),
                                        }
                                    ),
                                    "vlan": Fields({"type": TYPE}),
                                    "ipfixEnabled": _VALUE,
                                }
                            ),
                            "policy": Fields(
                                {
                                    "portConfigResetAtDisconnect": BOOL,
                                    "vlanOverrideAllowed": BOOL,
                                    "macManagementOverrideAllowed": BOOL,
                                    "securityPolicyOverrideAllowed": BOOL,
                                    "blockOverrideAllowed": BOOL,
                                    "shapingOverrideAllowed": BOOL,
                                }
                            ),
                        }
                    ),
                ),
            ),
            "config",
        ),
        SWITCH: Kind(
            "DistributedVirtualSwitch",
            (
                *_NAMED,
                Property(
                    "config",
                    Fields(
                        {
                            "networkResourceManagementEnabled": BOOL,
                        }
                    ),
                ),
            ),
            "config",
        ),
        DATASTORE: Kind(
            "Datastore",
            (*_NAMED, Property("summary", Fields({"type": TEXT, "multipleHostAccess": BOOL}))),
        ),
    }
)
"""What is found below the root of an inventory."""

MANAGERS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        ROLE: Kind(
            "AuthorizationManager",
            (
                Property(
                    "roleList",
                    Items({"roleId": NUMBER, "name": TEXT, "system": BOOL, "privilege": Texts()}),
                ),
            ),
        ),
        SETTINGS: Kind("OptionManager", (Property("setting", Options()),)),
    }
)
"""What a single manager of a server has."""
PERMISSION_FIELDS: Final = Fields(
    {"entity": TEXT, "principal": TEXT, "group": BOOL, "roleId": NUMBER, "propagate": BOOL}
)
TREE: Final = ("Folder", "Datacenter", "ComputeResource", "ResourcePool")
"""What only says where things are."""


def known_to(api: str, kind: Kind) -> tuple[Property, ...]:
    """Return the properties that a version of the API has; a server refuses to be asked others."""
    version = tuple(int(part) for part in api.split(".") if part.isdigit())
    return tuple(each for each in kind.properties if each.since <= version)
