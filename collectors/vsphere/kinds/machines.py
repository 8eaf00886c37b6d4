"""Virtual machines: how each is configured, where it runs, and what is written about it."""

from __future__ import annotations

from typing import Any, Final

from collectors.vsphere.kinds.kind import BOOL, NAMED, NUMBER, TEXT, TYPE, Kind, Property
from collectors.vsphere.live.forms import Fields, Items, Nested, Options

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
_KEY: Final = Fields({"keyId": TEXT, "providerId": Fields({"id": TEXT})})
_SNAPSHOTS: Final = Nested({"name": TEXT, "createTime": TEXT, "state": TEXT}, "childSnapshotList")

MACHINES: Final = Kind(
    "VirtualMachine",
    (
        *NAMED,
        Property("config.uuid", TEXT),
        Property("config.instanceUuid", TEXT),
        Property("config.template", BOOL),
        Property("config.version", TEXT),
        Property("config.guestFullName", TEXT),
        Property("config.firmware", TEXT),
        Property("config.bootOptions", Fields({"efiSecureBootEnabled": BOOL})),
        Property(
            "config.flags", Fields({"enableLogging": BOOL, "vbsEnabled": BOOL, "vvtdEnabled": BOOL})
        ),
        Property("config.migrateEncryption", TEXT),
        Property("config.ftEncryptionMode", TEXT, (7, 0, 2)),
        Property("config.maxMksConnections", NUMBER),
        Property("config.guestAutoLockEnabled", BOOL),
        Property("config.nestedHVEnabled", BOOL),
        Property("config.memoryReservationLockedToMax", BOOL),
        Property("config.keyId", _KEY, unset={}),
        Property("config.sevEnabled", BOOL, (7, 0, 1)),
        Property("config.sevSnpEnabled", BOOL, (9,), unset=False),
        Property("config.tdxEnabled", BOOL, (9,), unset=False),
        Property("config.fixedPassthruHotPlugEnabled", BOOL, (8, 0, 1), unset=False),
        Property("config.extraConfig", Options(small=True)),
        Property("config.hardware.device", _DEVICES),
        Property("snapshot.rootSnapshotList", _SNAPSHOTS),
        Property("guest.hostName", TEXT),
        Property("guest.toolsVersionStatus2", TEXT),
        Property("runtime.powerState", TEXT),
        Property("runtime.connectionState", TEXT),
        Property("runtime.host", TEXT),
        Property("resourcePool", TEXT, place="poolPath"),
    ),
    "config.uuid",
    100,
)


def _with_attributes(body: dict[str, Any]) -> dict[str, Any]:
    """Name what is written about a machine: its values have numbers, its fields their names."""
    names = {each.get("key"): each.get("name", "") for each in body.pop("availableField", ())}
    values = body.pop("customValue", None)
    if values is not None:
        body["attributes"] = {
            names.get(each.get("key"), str(each.get("key"))): each.get("value", "")
            for each in values
        }
    return body


ATTRIBUTES: Final = Kind(
    "VirtualMachine",
    (
        *NAMED,
        Property("availableField", Items({"key": NUMBER, "name": TEXT})),
        Property("customValue", Items({"key": NUMBER, "value": TEXT})),
    ),
    made=_with_attributes,
)
"""Custom attributes, by which people say whose a machine is."""
