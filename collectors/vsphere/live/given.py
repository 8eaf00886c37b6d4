"""A session that somebody else opened: its cookie, or a ticket for one beside it.

::

    vmware_soap_session="52c1..."; Path=/; HttpOnly    as a server sets it
    52c1...                                            its value alone, as govc and pyVmomi keep it
    clone:cst-VCT-52d0...                              a ticket of AcquireCloneTicket, good once
    cst-VCT-52d0...                                    the same

By a cookie we are in the session of somebody else: it is neither renewed nor closed. What a ticket
opens is ours.
"""

from __future__ import annotations

from typing import Final

import msgspec

from auditor.late import late
from auditor.model.enums import Answered
from collectors.http.failures import Unanswered
from collectors.vsphere.live.calls import Calls, Faulted
from collectors.vsphere.live.faults import NOT_AUTHENTICATED
from collectors.vsphere.live.markup import child, text_of
from collectors.vsphere.live.pages import Pages, Start

CLONE: Final = "CloneSession"
_VALUE: Final = r"[!#-+\--:<-\[\]-~]{1,1000}"
"""What a cookie may have: RFC 6265, 4.1.1."""
_COOKIE: Final = late(rf'vmware_soap_session="?({_VALUE})"?')
_BARE: Final = late(r"[A-Za-z0-9._+/-]{1,1000}")
_TICKET: Final = late(rf"(?:clone:)?(cst-{_VALUE})|clone:({_VALUE})")
HINT: Final = "the value of the cookie vmware_soap_session, or clone:TICKET"


class Given(msgspec.Struct, frozen=True):
    """What we were given: one of both at most is not ""."""

    cookie: str = ""
    ticket: str = ""


def given_in(text: str) -> Given:
    """Read a session, or that there is none; no message has any of it.

    Raises:
        ValueError: it is none.
    """
    text = text.strip()
    if not text:
        return Given()
    ticket, cookie = _TICKET.fullmatch(text), cookie_in(text)
    if ticket is not None:
        return Given(ticket=ticket[1] or ticket[2])
    if not cookie and _BARE.fullmatch(text):
        cookie = text
    if not cookie:
        raise ValueError("what was given as its session is none")
    return Given(cookie=cookie)


def cookie_in(header: str) -> str:
    """Return the session that a header sets, "" for another cookie."""
    found = _COOKIE.match(header)
    return found[1] if found is not None else ""


def user_of(calls: Calls, manager: str, collector: str) -> str:
    """Ask whose the session is.

    Raises:
        Unanswered: it is nobody's: it ended, or is of another server.
    """
    start = Start("SessionManager", manager, walks=False)
    wanted = (("SessionManager", ("currentSession",)),)
    try:
        pages = list(Pages(calls, collector).of(start, wanted, 1))
    except Faulted as faulted:
        if faulted.fault.name != NOT_AUTHENTICATED:
            raise
        pages = []
    values = [each.values.get("currentSession") for page in pages for each in page]
    user = next((text_of(child(each, "userName")) for each in values if each is not None), "")
    if not user:
        hint = "log in again: a session that nobody uses ends after half an hour"
        raise Unanswered(Answered.DENIED, "the session that was given is not open there", hint)
    return user
