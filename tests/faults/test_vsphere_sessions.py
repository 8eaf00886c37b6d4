"""Sessions that somebody else opened: used as they are, and left as they were."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import CollectionError
from auditor.model.enums import GapCause
from collectors.vsphere.live.given import HINT
from tests.faults.server import Handler, Server, serving
from tests.faults.test_vsphere_faults import MACHINES, RETRIEVE, body, names
from tests.faults.vcenters import (
    MACHINE,
    PASSWORD,
    Authority,
    Vcenter,
    collector,
    fault,
    on,
    read,
)

HELD = "5e55105e55105e55105e55105e55105e55105e55"
TICKET = "cst-VCT-52d0c0de-0000--tp-9F-A1"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def running(authority: Authority) -> Iterator[Any]:
    with ExitStack() as stack:

        def start(handler: Handler, tls: ssl.SSLContext | None = None) -> Server:
            return stack.enter_context(serving(handler, tls or authority.context()))

        yield start


@pytest.mark.parametrize(
    "text",
    [
        HELD,
        f"{HELD}\n",
        f"vmware_soap_session={HELD}",
        f'vmware_soap_session="{HELD}"; Path=/; HttpOnly; Secure;',
    ],
)
def test_a_session_that_is_open(
    running: Any, authority: Authority, tmp_path: Path, text: str
) -> None:
    """Nobody logs in, and nobody out; a password that is there as well is not sent."""
    vcenter = Vcenter(held=HELD)
    server = running(vcenter)
    entry, judged = read(collector(server, authority.file, session=text), tmp_path)
    assert (entry.gaps, names(judged)) == ((), ["one", "two"])
    assert entry.principal.name == "CORP\\audit"
    assert entry.principal.via == "a session that we were given"
    assert {"Login", "CloneSession", "Logout"}.isdisjoint(vcenter.called)
    assert not any(PASSWORD.encode() in asked.body for asked in server.asked)


def test_without_a_user(running: Any, authority: Authority, tmp_path: Path) -> None:
    """A session is somebody's already."""
    live = collector(running(Vcenter(held=HELD)), authority.file, session=HELD, password="")
    address = type(live.address)("", live.address.where)
    nameless = type(live)(address, live.access, live.clock, live.patience)
    assert read(nameless, tmp_path)[0].principal.name == "CORP\\audit"


def test_a_session_that_is_over(running: Any, authority: Authority, tmp_path: Path) -> None:
    """It says so, and no password is tried in its place."""
    vcenter = Vcenter(held=HELD)
    with pytest.raises(CollectionError, match="is not open there") as raised:
        read(collector(running(vcenter), authority.file, session="0" * 40), tmp_path)
    assert "log in again" in raised.value.hint
    assert vcenter.called == ["RetrieveServiceContent", RETRIEVE]


def test_a_session_that_is_ended_meanwhile(
    running: Any, authority: Authority, tmp_path: Path
) -> None:
    """What follows is a gap: it is not ours to open again."""
    vcenter = Vcenter(held=HELD)
    gone = fault("NotAuthenticated", "The session is not authenticated.")
    # the first asks whose it is, the second where things are, the third for hosts
    server = running(on(RETRIEVE, vcenter, None, None, None, gone))
    entry, judged = read(collector(server, authority.file, session=HELD), tmp_path)
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (MACHINES, GapCause.DENIED)
    assert names(judged, "vsphere/Host") == ["h1"]
    assert {"Login", "Logout"}.isdisjoint(vcenter.called)


@pytest.mark.parametrize("text", [TICKET, f"clone:{TICKET}"])
def test_a_ticket_opens_one_of_our_own(
    running: Any, authority: Authority, tmp_path: Path, text: str
) -> None:
    vcenter = Vcenter(ticket=TICKET)
    entry, judged = read(collector(running(vcenter), authority.file, session=text), tmp_path)
    assert (entry.gaps, names(judged)) == ((), ["one", "two"])
    assert (vcenter.called.count("CloneSession"), vcenter.sessions) == (1, 0)
    assert "Login" not in vcenter.called
    assert vcenter.called[-1] == "Logout"


def test_a_ticket_that_is_used_up(running: Any, authority: Authority, tmp_path: Path) -> None:
    vcenter = Vcenter()
    with pytest.raises(CollectionError, match="does not take the ticket of a session") as raised:
        read(collector(running(vcenter), authority.file, session=TICKET), tmp_path)
    assert vcenter.called == ["RetrieveServiceContent", "CloneSession"]
    assert TICKET not in str(raised.value) + raised.value.hint


@pytest.mark.parametrize(
    "text",
    ["a b", "JSESSIONID=a1b2c3", "clone:", "clone:a b", "é" * 20, "a\r\nx-more: b", "a" * 1001],
)
def test_what_is_no_session(running: Any, authority: Authority, tmp_path: Path, text: str) -> None:
    server = running(Vcenter())
    with pytest.raises(CollectionError, match="what was given as its session is none") as raised:
        read(collector(server, authority.file, session=text), tmp_path)
    assert server.asked == []
    assert (text in raised.value.message, raised.value.hint) == (False, HINT)


@pytest.mark.parametrize(
    ("text", "secret"),
    [(f'vmware_soap_session="{HELD}"; Path=/', HELD), (f"clone:{TICKET}", TICKET)],
)
def test_nothing_of_it_is_kept(
    running: Any, authority: Authority, tmp_path: Path, text: str, secret: str
) -> None:
    """Not where a server says it again, whatever stood around it when it was given."""
    echoed = {**MACHINE, "config.guestFullName": f'<val xsi:type="xsd:string">{secret}</val>'}
    vcenter = Vcenter(objects={"VirtualMachine": {"one": echoed}}, ticket=TICKET)
    if secret == HELD:
        vcenter.held = HELD
    _, judged = read(collector(running(vcenter), authority.file, session=text), tmp_path)
    assert secret not in json.dumps(body(judged, "one"))
