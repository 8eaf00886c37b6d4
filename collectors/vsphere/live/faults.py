"""What a vCenter says is wrong: its faults by their names, and what each is to the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from xml.etree.ElementTree import Element

import msgspec

from auditor.model.enums import Answered
from collectors.vsphere.live.markup import (
    ENVELOPE,
    Refused,
    child,
    name_of,
    parse,
    text_of,
    type_of,
)

INVALID_PROPERTY: Final = "InvalidProperty"
NOT_AUTHENTICATED: Final = "NotAuthenticated"
_MEANING: Final[Mapping[str, Answered]] = MappingProxyType(
    {
        "NoPermission": Answered.DENIED,
        "InvalidLogin": Answered.DENIED,
        "InvalidLocale": Answered.DENIED,
        "PasswordExpired": Answered.DENIED,
        "RestrictedByAdministrator": Answered.DENIED,
        "SecurityError": Answered.DENIED,
        NOT_AUTHENTICATED: Answered.DENIED,
        "ManagedObjectNotFound": Answered.TRUNCATED,
        "NotSupported": Answered.NOT_FOUND,
        "NotImplemented": Answered.NOT_FOUND,
        "MethodNotFound": Answered.NOT_FOUND,
        INVALID_PROPERTY: Answered.NOT_FOUND,
        "RequestCanceled": Answered.TRUNCATED,
        "HostNotConnected": Answered.UNREACHABLE,
        "HostCommunication": Answered.UNREACHABLE,
        "HostNotReachable": Answered.UNREACHABLE,
    }
)
HINTS: Final[Mapping[Answered, str]] = MappingProxyType(
    {
        Answered.DENIED: "auditor permissions vsphere prints the role that it takes",
        Answered.TRUNCATED: "it went while we read: scan again",
        Answered.UNREACHABLE: "the vCenter does not reach the host",
    }
)


class Fault(msgspec.Struct, frozen=True):
    """One fault: its type in the API, what the server says, and the property that it is about.

    ``cause`` is what it is to the evidence where we found it ourselves, in an answer that could not
    be read.
    """

    name: str
    message: str
    subject: str = ""
    cause: Answered | None = None

    @property
    def answered(self) -> Answered:
        """What it is to the evidence."""
        return self.cause or _MEANING.get(self.name, Answered.MALFORMED)

    @property
    def detail(self) -> str:
        """The fault in a few words."""
        words = " ".join(self.message.split())[:200]
        what = " ".join(filter(None, (self.name, self.subject)))
        return ": ".join(filter(None, (what, words)))


def fault_in(element: Element | None, message: str = "") -> Fault:
    """Read the fault of a property, or of a call."""
    if element is None:
        return Fault("", message)
    subject = text_of(child(element, "name"))
    return Fault(type_of(element) or name_of(element).removesuffix("Fault"), message, subject)


def fault_of(body: bytes) -> Fault:
    """Read the answer to a call that went wrong; it never fails, whatever the answer is."""
    try:
        root = parse(body)
    except Refused as refused:
        return Fault("", str(refused))
    found = root.find(f"{ENVELOPE}Body/{ENVELOPE}Fault")
    if found is None:
        return Fault("", "no fault is in it")
    inside = child(found, "detail")
    return fault_in(next(iter(inside), None) if inside is not None else None, _said(found))


def _said(element: Element) -> str:
    return text_of(child(element, "faultstring"))
