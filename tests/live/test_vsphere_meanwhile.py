"""What happens to a simulated vCenter while it is read: a machine goes, a session is ended.

Whoever reads it is led through a server of ours, which changes nothing of what is said; it does
something to the simulator in between.
"""

from __future__ import annotations

import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import auditor
from tests.engines.soap import Soap
from tests.engines.vcsim import Vcsim, Vcsims
from tests.faults.server import Asked, Reply, serving
from tests.faults.vcenters import Authority
from tests.live.test_vsphere import PROFILE, SESSIONS

MACHINES = 150
CONTINUE = b"<ContinueRetrievePropertiesEx "
Event = Callable[[Soap], object]


def led(vcsim: Vcsim, event: Event) -> Callable[[Asked], Reply]:
    """Hand each call on, and do something before the first that asks for a second page."""
    administrator, context = vcsim.administrator(), ssl.create_default_context()
    context.load_verify_locations(str(vcsim.authority))
    left = [event]

    def handler(asked: Asked) -> Reply:
        if CONTINUE in asked.body and left:
            left.pop()(administrator)
        headers = {
            name: asked.headers[name]
            for name in ("soapaction", "cookie", "content-type")
            if name in asked.headers
        }
        request = urllib.request.Request(
            f"https://{vcsim.address}{asked.path}", asked.body, headers
        )
        try:
            with urllib.request.urlopen(request, context=context, timeout=60) as answer:  # noqa: S310 - https
                return reply(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as error:
            return reply(error.code, error.read(), error.headers)

    return handler


def reply(code: int, body: bytes, headers: Any) -> Reply:
    """An answer, handed on."""
    more = {name: headers[name] for name in ("set-cookie",) if headers[name]}
    return Reply(body, code, headers.get_content_type(), more)


@pytest.fixture
def scanned(vcsims: Vcsims, tmp_path: Path) -> Iterator[Callable[[Event], Any]]:
    """What is found of a vCenter to which something happens."""
    with ExitStack() as stack:

        def scan(event: Event) -> Any:
            vcsim, authority = vcsims("-machines", str(MACHINES)), Authority(tmp_path)
            handler = led(vcsim, event)
            server = stack.enter_context(serving(handler, authority.context()))
            password = vcsim.options[1]
            options = ("--password-file", password, "--ca-file", authority.file)
            target = f"vsphere://audit@127.0.0.1:{server.port}/"
            ran = auditor("scan", target, *options, *PROFILE, "--format", "json")
            assert ran.code == 1, ran.err
            return ran.results()

        yield scan


def seen(results: Any) -> int:
    """How many machines were read."""
    return int(results["coverage"]["resources"]["vsphere/VirtualMachine"]["seen"])


def test_a_machine_that_goes_between_pages(scanned: Callable[[Event], Any]) -> None:
    """Of a machine that is not there any more nothing is missing, or it is said that it went."""
    gone: list[str] = []

    def destroy(administrator: Soap) -> None:
        name, identity = max(administrator.machines().items())
        administrator.call("PowerOffVM_Task", "VirtualMachine", identity)
        administrator.call("Destroy_Task", "VirtualMachine", identity)
        gone.append(name)
        assert name not in administrator.machines()

    results = scanned(destroy)
    assert gone
    assert MACHINES - 1 <= seen(results) <= MACHINES
    assert all("went" in each["hint"] for each in results["gaps"])


def test_a_session_that_is_ended_between_pages(scanned: Callable[[Event], Any]) -> None:
    """It is opened once more, and all of it is read."""
    ended: list[str] = []

    def terminate(administrator: Soap) -> None:
        listed = administrator.values(*SESSIONS, "sessionList")
        mine = administrator.values(*SESSIONS, "currentSession")
        own = re.findall("<key>([^<]+)</key>", mine)
        for key in re.findall("<key>([^<]+)</key>", listed):
            if key not in own:
                administrator.call("TerminateSession", *SESSIONS, f"<sessionId>{key}</sessionId>")
                ended.append(key)

    results = scanned(terminate)
    assert len(ended) == 1
    assert (results["gaps"], seen(results)) == ([], MACHINES)
