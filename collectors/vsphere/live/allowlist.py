"""What may be sent to a vCenter: a closed list of methods of its API, each of which only reads.

Every call is a POST to one path, so the guard has to look into the body. It stands in the
connection (:mod:`collectors.vsphere.live.connections`), below whoever asks, and reads the envelope
as the server will: the one element in its body is the method. What is not on the list is refused
before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from auditor.late import late
from collectors.http.guard import Allowed, Guard, WriteRefusedError
from collectors.vsphere.live.markup import ENVELOPE, VIM, Refused, parse

PATH: Final = "/sdk"
METHODS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "RetrieveServiceContent": "which server this is, and where its managers are",
        "Login": "a session for the user of the address",
        "CloneSession": "a session of our own beside one that somebody else opened",
        "Logout": "the end of that session",
        "RetrievePropertiesEx": "properties of objects: System.Read, and System.View for names",
        "ContinueRetrievePropertiesEx": "the next page of them",
        "CancelRetrievePropertiesEx": "the end of pages that are not wanted any more",
        "RetrieveAllPermissions": "who has which role, and where",
        "GetAlarm": "which alarms there are",
        "QueryLockdownExceptions": "who is exempt from the lockdown of a host",
        "HostImageConfigGetAcceptance": "whose packages a host takes",
        "QueryConfiguredModuleOptionString": "how the driver of GPUs shares them out on a host",
        "QueryConfigTarget": "which vGPUs the hosts of a cluster have",
    }
)
"""Each method that may be called, and what for."""
LOGIN: Final = "Login"
_ACTION: Final = late(r"urn:vim25/[0-9]{1,3}(?:\.[0-9]{1,3}){1,4}")
READ_ONLY: Final = Guard((Allowed("POST", late(re.escape(PATH))),))
"""The guard of every connection to a server; :func:`check` looks into the body."""


def check(body: object, action: str) -> None:
    """Let a call pass that is on the list.

    ``action`` is the header ``SOAPAction``, which names the version of the API.

    Raises:
        WriteRefusedError: it is not on the list, or not a call at all.
    """
    method = _method(body) if isinstance(body, bytes) else ""
    if method not in METHODS or not _ACTION.fullmatch(action):
        raise WriteRefusedError(f"refused before it was sent: {method or 'not a call'}")


def _method(body: bytes) -> str:
    """The one method that an envelope calls, "" for anything else."""
    try:
        root = parse(body)
    except Refused:
        return ""
    inside = list(root)
    if root.tag != f"{ENVELOPE}Envelope" or [each.tag for each in inside] != [f"{ENVELOPE}Body"]:
        return ""
    called = [each.tag for each in inside[0]]
    return called[0].removeprefix(VIM) if len(called) == 1 and called[0].startswith(VIM) else ""
