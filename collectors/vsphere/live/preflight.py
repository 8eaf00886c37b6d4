"""What of a server may be read, asked of one object of each kind before anything is read."""

from __future__ import annotations

from auditor.model.enums import CAUSES, Answered
from auditor.platforms.vsphere import ALARMS, PERMISSION, TAGS
from auditor.ports import Read
from collectors.http.failures import Unanswered
from collectors.vsphere.kinds.asked import ASKED
from collectors.vsphere.kinds.kind import known_to
from collectors.vsphere.kinds.table import KINDS, MANAGERS
from collectors.vsphere.live.asking import Asking
from collectors.vsphere.live.calls import reference
from collectors.vsphere.live.faults import HINTS
from collectors.vsphere.live.objects import Tree
from collectors.vsphere.live.pages import Pages, Start
from collectors.vsphere.live.reads import authorization, manager_of
from collectors.vsphere.live.session import Session
from collectors.vsphere.live.tagging import categories


def may_read(session: Session, name: str) -> Read:
    """Whether a kind may be read: asked for one object of it, with all that rules need."""
    try:
        lost = _tried(session, name)
    except Unanswered as error:
        lost = error
    if lost is None:
        return Read(name, served=True, allowed=True)
    served = lost.answered is not Answered.NOT_FOUND
    cause = CAUSES[lost.answered]
    return Read(name, served, allowed=False, detail=lost.detail, cause=cause, hint=lost.hint)


def _tried(session: Session, name: str) -> Unanswered | None:
    """Ask for one object of a kind; what was not given of it, None where all was.

    Raises:
        Unanswered: nothing of the kind is given, or the server has none.
    """
    about = session.about
    pages = Pages(session.calls, about.manager("propertyCollector"))
    everything = Start("Folder", about.root)
    if name == PERMISSION:
        session.calls.call("RetrieveAllPermissions", authorization(about))
        return None
    if name == ALARMS:
        manager = about.managers.get("alarmManager")
        if manager is not None:
            this = reference("_this", manager.type, manager.identity)
            session.calls.call("GetAlarm", this)
        return None
    if name == TAGS:
        if not about.is_host:
            with session.rest() as rest:
                categories(rest)
        return None
    if name in ASKED:
        told = Asking(session.calls, pages, Tree()).first(everything, ASKED[name])
        return told.error if told is not None else None
    if name in MANAGERS:
        start = manager_of(name, about)
        if start is None:
            return None
        found = pages.first(start, start.type, (MANAGERS[name].property.path,))
    else:
        kind = KINDS[name]
        paths = [each.path for each in known_to(about.api, kind)]
        found = pages.first(everything, kind.type, paths)
    lost = next((lost for each in found for lost in each.missing), None)
    if lost is None:
        return None
    fault = lost.fault
    return Unanswered(fault.answered, f"{lost.path}: {fault.detail}", HINTS.get(fault.answered, ""))
