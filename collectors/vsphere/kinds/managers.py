"""What a server has once: its roles and permissions, its settings, its extensions, its keys."""

from __future__ import annotations

from typing import Final

import msgspec

from collectors.vsphere.kinds.kind import BOOL, NUMBER, TEXT, Property
from collectors.vsphere.live.forms import Fields, Items, Options, Texts


class Manager(msgspec.Struct, frozen=True):
    """A manager of a server: its ``field`` of ServiceContent, its type, and the property of it.

    ``everywhere`` says whether each server has it: a single host has no extensions, and keeps no
    keys for others.
    """

    field: str
    type: str
    property: Property
    everywhere: bool = True


ROLES: Final = Manager(
    "authorizationManager",
    "AuthorizationManager",
    Property(
        "roleList", Items({"roleId": NUMBER, "name": TEXT, "system": BOOL, "privilege": Texts()})
    ),
)
SETTINGS: Final = Manager("setting", "OptionManager", Property("setting", Options()))
EXTENSIONS: Final = Manager(
    "extensionManager",
    "ExtensionManager",
    Property(
        "extensionList",
        Items({"key": TEXT, "company": TEXT, "type": TEXT, "version": TEXT, "subjectName": TEXT}),
    ),
    everywhere=False,
)
KEY_PROVIDERS: Final = Manager(
    "cryptoManager",
    "CryptoManagerKmip",
    Property(
        "kmipServers",
        Items(
            {
                "clusterId": Fields({"id": TEXT}),
                "managementType": TEXT,
                "useAsDefault": BOOL,
                "hasBackup": BOOL,
                "tpmRequired": BOOL,
            }
        ),
    ),
    everywhere=False,
)
PERMISSION_FIELDS: Final = Fields(
    {"entity": TEXT, "principal": TEXT, "group": BOOL, "roleId": NUMBER, "propagate": BOOL}
)
