"""Clusters, and what their hosts store machines on."""

from __future__ import annotations

from typing import Final

from collectors.vsphere.kinds.kind import BOOL, NAMED, TEXT, TYPE, Kind, Property
from collectors.vsphere.live.forms import Fields, Items, Texts

_RULES: Final = Items(
    {
        "type": TYPE,
        "name": TEXT,
        "enabled": BOOL,
        "mandatory": BOOL,
        "vmGroupName": TEXT,
        "affineHostGroupName": TEXT,
        "antiAffineHostGroupName": TEXT,
    }
)
_GROUPS: Final = Items({"type": TYPE, "name": TEXT, "vm": Texts(), "host": Texts()})

CLUSTERS: Final = Kind(
    "ClusterComputeResource",
    (
        *NAMED,
        Property(
            "configurationEx",
            Fields(
                {
                    "dasConfig": Fields({"enabled": BOOL, "admissionControlEnabled": BOOL}),
                    "drsConfig": Fields({"enabled": BOOL, "defaultVmBehavior": TEXT}),
                    "cryptoConfig": Fields({"cryptoMode": TEXT}),
                    "rule": _RULES,
                    "group": _GROUPS,
                }
            ),
        ),
        Property("summary", Fields({"currentEVCModeKey": TEXT})),
    ),
)
DATASTORES: Final = Kind(
    "Datastore",
    (
        *NAMED,
        Property("summary", Fields({"type": TEXT, "multipleHostAccess": BOOL})),
        Property(
            "info",
            Fields({"nas": Fields({"type": TEXT, "remoteHost": TEXT, "securityType": TEXT})}),
        ),
    ),
)
