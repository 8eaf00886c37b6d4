"""Distributed switches and their port groups."""

from __future__ import annotations

from typing import Final

from collectors.vsphere.kinds.kind import BOOL, NAMED, TEXT, TYPE, Kind, Property
from collectors.vsphere.live.forms import Fields, Items

_VALUE: Final = Fields({"value": BOOL, "inherited": BOOL})
_PORT_CONFIG: Final = Fields(
    {
        "securityPolicy": Fields(
            {"allowPromiscuous": _VALUE, "macChanges": _VALUE, "forgedTransmits": _VALUE}
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
)
_POLICY: Final = Fields(
    {
        "portConfigResetAtDisconnect": BOOL,
        "vlanOverrideAllowed": BOOL,
        "macManagementOverrideAllowed": BOOL,
        "securityPolicyOverrideAllowed": BOOL,
        "blockOverrideAllowed": BOOL,
        "shapingOverrideAllowed": BOOL,
    }
)

PORT_GROUPS: Final = Kind(
    "DistributedVirtualPortgroup",
    (
        *NAMED,
        Property("key", TEXT),
        Property(
            "config",
            Fields(
                {
                    "uplink": BOOL,
                    "distributedVirtualSwitch": TEXT,
                    "defaultPortConfig": _PORT_CONFIG,
                    "policy": _POLICY,
                }
            ),
        ),
    ),
    "config",
)
SWITCHES: Final = Kind(
    "DistributedVirtualSwitch",
    (
        *NAMED,
        Property(
            "config",
            Fields(
                {
                    "networkResourceManagementEnabled": BOOL,
                    "linkDiscoveryProtocolConfig": Fields({"protocol": TEXT, "operation": TEXT}),
                    "healthCheckConfig": Items({"type": TYPE, "enable": BOOL}),
                    "ipfixConfig": Fields({"collectorIpAddress": TEXT}),
                    "vspanSession": Items({"name": TEXT, "enabled": BOOL}),
                }
            ),
        ),
    ),
    "config",
)
