"""Hosts: how each is entered, what runs on it, its networks, its GPUs."""

from __future__ import annotations

from typing import Final

from collectors.vsphere.kinds.kind import BOOL, NAMED, NUMBER, TEXT, TYPE, Kind, Property
from collectors.vsphere.live.forms import Fields, Items, Options, Texts

_SECURITY: Final = Fields(
    {"security": Fields({"allowPromiscuous": BOOL, "macChanges": BOOL, "forgedTransmits": BOOL})}
)
_RULESETS: Final = Items(
    {
        "key": TEXT,
        "enabled": BOOL,
        "allowedHosts": Fields({"allIp": BOOL}),
        "ipListUserConfigurable": BOOL,
    }
)
_PORT_GROUPS: Final = Items(
    {
        "spec": Fields({"name": TEXT, "vlanId": NUMBER, "vswitchName": TEXT}),
        "computedPolicy": _SECURITY,
    }
)
_ADAPTERS: Final = Items(
    {
        "nicType": TEXT,
        "selectedVnic": Texts(),
        "candidateVnic": Items(
            {
                "key": TEXT,
                "device": TEXT,
                "portgroup": TEXT,
                "spec": Fields({"distributedVirtualPort": Fields({"portgroupKey": TEXT})}),
            }
        ),
    }
)
_STORAGE_ADAPTERS: Final = Items(
    {
        "type": TYPE,
        "device": TEXT,
        "authenticationProperties": Fields(
            {
                "chapAuthEnabled": BOOL,
                "chapAuthenticationType": TEXT,
                "mutualChapAuthenticationType": TEXT,
            }
        ),
    }
)
_SEV: Final = Fields({"sevState": TEXT, "snpState": TEXT, "snpSupported": BOOL})
_SEALED: Final = Fields(
    {"protectionMode": TEXT, "requireSecureBoot": BOOL, "requireExecInstalledOnly": BOOL}
)
_GPUS: Final = Items(
    {
        "deviceName": TEXT,
        "vendorName": TEXT,
        "pciId": TEXT,
        "graphicsType": TEXT,
        "vgpuMode": TEXT,
        "memorySizeInKB": NUMBER,
        "vm": Texts(),
    }
)
_GRAPHICS: Final = Fields(
    {
        "hostDefaultGraphicsType": TEXT,
        "sharedPassthruAssignmentPolicy": TEXT,
        "deviceType": Items({"deviceId": TEXT, "graphicsType": TEXT, "vgpuMode": TEXT}),
    }
)

HOSTS: Final = Kind(
    "HostSystem",
    (
        *NAMED,
        Property("runtime.connectionState", TEXT),
        Property("runtime.stateEncryption", _SEALED, (7, 0, 3)),
        Property("summary.tpmAttestation", Fields({"status": TEXT}), (6, 7), unset={}),
        Property("capability.uefiSecureBoot", BOOL, (8, 0, 3)),
        Property("hardware.systemInfo.uuid", TEXT),
        Property("hardware.sevInfo", _SEV, (7, 0, 1), unset={}),
        Property("hardware.tdxInfo", Fields({"tdxState": TEXT}), (9,), unset={}),
        Property("config.product", Fields({"version": TEXT, "build": TEXT})),
        Property("config.lockdownMode", TEXT),
        Property("config.option", Options()),
        Property("config.service.service", Items({"key": TEXT, "running": BOOL, "policy": TEXT})),
        Property(
            "config.dateTimeInfo",
            Fields({"ntpConfig": Fields({"server": Texts()}), "enabled": BOOL}),
        ),
        Property(
            "config.firewall.defaultPolicy",
            Fields({"incomingBlocked": BOOL, "outgoingBlocked": BOOL}),
        ),
        Property("config.firewall.ruleset", _RULESETS),
        Property(
            "config.authenticationManagerInfo.authConfig",
            Items({"type": TYPE, "enabled": BOOL, "joinedDomain": TEXT}),
        ),
        Property("config.storageDevice.hostBusAdapter", _STORAGE_ADAPTERS),
        Property("config.virtualNicManagerInfo.netConfig", _ADAPTERS),
        Property(
            "config.network.vswitch", Items({"name": TEXT, "spec": Fields({"policy": _SECURITY})})
        ),
        Property("config.network.portgroup", _PORT_GROUPS),
        Property("config.graphicsInfo", _GPUS),
        Property("config.graphicsConfig", _GRAPHICS),
    ),
    "config.product",
    50,
)
