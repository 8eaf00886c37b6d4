"""What no view of an inventory tells: managers of objects have to be asked, one by one.

::

    HostSystem ── configManager.hostAccessManager ──▶ HostAccessManager.QueryLockdownExceptions()

    vsphere/LockdownExceptions   {"moid": "host-21", "name": "esx-1", "exceptions": ["audit"]}
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.platforms.vsphere import (
    ACCEPTANCE,
    CERTIFICATE,
    GPU_PROFILES,
    LOCKDOWN,
    MODULE,
)
from collectors.vsphere.kinds.kind import BOOL, NUMBER, TEXT, TYPE
from collectors.vsphere.live.forms import Fields, Form, Items, Nested, Texts


class Asked(msgspec.Struct, frozen=True):
    """A kind that a manager of each object ``of`` a type tells, and how it is asked.

    ``path`` leads from the object to the manager, which is of ``type``. ``method`` is called with
    ``arguments``, names and texts; "" reads the property ``field`` in its place. What comes is kept
    as the ``field`` of the body; "" keeps the fields of an object each by itself. A fault of
    ``none`` says that the object has no such thing.
    """

    of: str
    path: str
    type: str
    method: str
    field: str
    form: Form
    arguments: tuple[tuple[str, str], ...] = ()
    none: str = ""


_PROFILES: Final = Items(
    {"profileName": TEXT, "profileSharing": TEXT, "fbSizeInGib": NUMBER, "profileClass": TEXT}
)
_CERTIFICATE: Final = Fields(
    {"issuer": TEXT, "subject": TEXT, "notBefore": TEXT, "notAfter": TEXT, "status": TEXT}
)

ASKED: Final[Mapping[str, Asked]] = MappingProxyType(
    {
        ACCEPTANCE: Asked(
            of="HostSystem",
            path="configManager.imageConfigManager",
            type="HostImageConfigManager",
            method="HostImageConfigGetAcceptance",
            field="acceptance",
            form=TEXT,
        ),
        CERTIFICATE: Asked(
            of="HostSystem",
            path="configManager.certificateManager",
            type="HostCertificateManager",
            method="",
            field="certificateInfo",
            form=_CERTIFICATE,
        ),
        GPU_PROFILES: Asked(
            of="ComputeResource",
            path="environmentBrowser",
            type="EnvironmentBrowser",
            method="QueryConfigTarget",
            field="",
            form=Fields({"vgpuProfileInfo": _PROFILES}),
        ),
        LOCKDOWN: Asked(
            of="HostSystem",
            path="configManager.hostAccessManager",
            type="HostAccessManager",
            method="QueryLockdownExceptions",
            field="exceptions",
            form=Texts(),
        ),
        MODULE: Asked(
            of="HostSystem",
            path="configManager.kernelModuleSystem",
            type="HostKernelModuleSystem",
            method="QueryConfiguredModuleOptionString",
            field="options",
            form=TEXT,
            arguments=(("name", "nvidia"),),
            none="NotFound",
        ),
    }
)
"""Each such kind."""

_EVENT: Final[Mapping[str, Form]] = MappingProxyType(
    {"type": TYPE, "eventType": TEXT, "eventTypeId": TEXT}
)
ALARM: Final = Fields(
    {
        "name": TEXT,
        "enabled": BOOL,
        "entity": TEXT,
        "expression": Fields({**_EVENT, "expression": Nested(_EVENT, "expression")}),
    }
)
"""An alarm: on which object it is declared, and what it is raised by."""
ALARM_TYPE: Final = "Alarm"
ALARM_PATH: Final = "info"
