"""Tags, which the REST API of a vCenter tells; what it does not is a gap of tags alone."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from auditor.model.enums import GapCause
from auditor.model.evidence import TargetEntry
from auditor.platforms.vsphere import MACHINE as MACHINES
from auditor.platforms.vsphere import TAGS
from collectors.vsphere.live.answers import AnswersCollector
from collectors.vsphere.live.preflight import may_read
from collectors.vsphere.live.rest import ATTACHED
from collectors.vsphere.live.session import Session
from tests.faults.clusters import QUICK, Waits
from tests.faults.server import Handler, Reply, Server, serving
from tests.faults.test_vsphere_faults import body, names, resources
from tests.faults.vcenters import (
    CONTENT,
    MACHINE,
    REST_KEY,
    Authority,
    Vcenter,
    collector,
    read,
    value,
)

KINDS = frozenset({MACHINES, TAGS})
ON_TWO = {("team", "llm"): ["one", "gone"], ("team", "vision"): ["one"], ("stage", "prod"): ["two"]}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def running(authority: Authority) -> Iterator[Any]:
    with ExitStack() as stack:

        def start(handler: Handler, tls: ssl.SSLContext | None = None) -> Server:
            return stack.enter_context(serving(handler, tls or authority.context()))

        yield start


Served = Callable[..., tuple[TargetEntry, AnswersCollector]]


@pytest.fixture
def served(running: Any, authority: Authority, tmp_path: Path) -> Served:
    """Reads what a server answers."""
    return lambda handler, **access: read(
        collector(running(handler), authority.file, **access), tmp_path, KINDS
    )


def test_tags_of_machines(served: Served) -> None:
    """By their categories; a machine without any has none, which is not the same as unread."""
    vcenter = Vcenter(tags=ON_TWO)
    vcenter.objects["VirtualMachine"]["three"] = MACHINE
    entry, judged = served(vcenter)
    assert entry.gaps == ()
    assert names(judged, TAGS) == ["one", "two", "three"]
    assert _tags(judged) == {
        "one": {"team": ["llm", "vision"]},
        "two": {"stage": ["prod"]},
        "three": {},
    }
    assert vcenter.entered[0] == "POST session"
    assert vcenter.entered[-1] == "DELETE session"
    writes = [each for each in vcenter.entered if not each.startswith("GET ")]
    assert writes == ["POST session", "POST tagging/tag-association", "DELETE session"]
    assert (vcenter.sessions, vcenter.called[-1]) == (0, "Logout")


def _tags(judged: AnswersCollector) -> dict[str, Any]:
    found = (each for each in resources(judged) if each.kind == TAGS)
    return {each.name: json.loads(each.body)["tags"] for each in found}


def test_many_tags(running: Any, authority: Authority, tmp_path: Path) -> None:
    """What they are on is asked some at a time, and always by the one query."""
    vcenter = Vcenter(tags={("team", f"t{number:03}"): ["one"] for number in range(120)})
    server = running(vcenter)
    _, judged = read(collector(server, authority.file), tmp_path, KINDS)
    assert _tags(judged)["one"] == {"team": [f"t{number:03}" for number in range(120)]}
    asked = [each for each in server.asked if each.path.endswith("tag-association")]
    assert len(asked) == 3
    assert {"&".join(f"{k}={v}" for k, v in each.query.items()) for each in asked} == {ATTACHED}


@pytest.mark.parametrize(
    ("end", "said", "cause", "why"),
    [
        ("session", Reply(b"{}", 401), GapCause.DENIED, "does not take the user or the password"),
        ("session", Reply(b"no", 404, "text/plain"), GapCause.UNSUPPORTED, "HTTP 404"),
        ("session", Reply(b"<html>", 200, "text/html"), GapCause.MALFORMED, "is text/html"),
        ("session", value({"a": 1}), GapCause.MALFORMED, "not as it should be"),
        ("session", Reply(b"[" * 9999), GapCause.MALFORMED, "not as it should be"),
        ("category", Reply(b"{}", 403), GapCause.DENIED, "HTTP 403"),
        ("category", value(["../../session"]), GapCause.MALFORMED, "refused before it was sent"),
        ("category", value(["urn?~action=attach"]), GapCause.MALFORMED, "not asked"),
        ("tag", value([1]), GapCause.MALFORMED, "not as it should be"),
        ("tag-association", Reply(b"{", 200), GapCause.MALFORMED, "not as it should be"),
        ("tag-association", Reply(b"{}", 200), GapCause.MALFORMED, "not as it should be"),
        ("tag-association", value([{"tag_id": 1}]), GapCause.MALFORMED, "not as it should be"),
    ],
)
def test_what_is_not_told_is_a_gap_of_tags_alone(
    served: Served, end: str, said: Reply, cause: GapCause, why: str
) -> None:
    vcenter = Vcenter(tags=ON_TWO, rest={end: said})
    entry, judged = served(vcenter)
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (TAGS, cause)
    assert why in gap.detail
    assert (names(judged, TAGS), names(judged)) == ([], ["one", "two"])
    assert sum(each == "POST session" for each in vcenter.entered) == 1
    assert (end == "session") or vcenter.entered[-1] == "DELETE session"


def test_a_server_error_of_the_rest_api(served: Served) -> None:
    """Its own words are told."""
    messages = b'{"messages":[{"default_message":"not for you"}]}'
    text = b'{"type":"com.vmware.vapi.std.errors.unauthorized","value":' + messages + b"}"
    entry, _ = served(Vcenter(tags=ON_TWO, rest={"category": Reply(text, 403)}))
    (gap,) = entry.gaps
    assert gap.detail == "HTTP 403: unauthorized: not for you"


def test_a_session_that_was_given_is_none_there(served: Served) -> None:
    """And it is shown to nobody who did not open it."""
    vcenter = Vcenter(tags=ON_TWO, held="5e55105e")
    entry, judged = served(vcenter, session="5e55105e")
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (TAGS, GapCause.DENIED)
    assert "takes a password" in gap.detail
    assert (vcenter.entered, names(judged)) == ([], ["one", "two"])


def test_a_single_host_has_no_tags(served: Served) -> None:
    vcenter = Vcenter(content=CONTENT.replace("VirtualCenter", "HostAgent"))
    entry, _ = served(vcenter)
    assert (entry.gaps, vcenter.entered) == ((), [])


def test_the_session_is_kept_nowhere(served: Served) -> None:
    """Not where a tag is called by it."""
    _, judged = served(Vcenter(tags={("team", f"x{REST_KEY}x"): ["one"]}))
    assert REST_KEY not in str(body(judged, "one")) + str(_tags(judged))


@pytest.mark.parametrize(("rest", "allowed"), [({}, True), ({"session": Reply(b"{}", 401)}, False)])
def test_doctor_asks_for_categories_alone(
    running: Any, authority: Authority, rest: dict[str, Reply], *, allowed: bool
) -> None:
    vcenter = Vcenter(tags=ON_TWO, rest=rest)
    live = collector(running(vcenter), authority.file)
    session = Session(live.address, live.access, Waits().clock(), QUICK)
    session.open()
    told = may_read(session, TAGS)
    session.close()
    assert (told.served, told.allowed) == (True, allowed)
    assert not any("association" in each for each in vcenter.entered)
