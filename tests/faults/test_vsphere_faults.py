"""vCenters that misbehave, byte by byte."""

from __future__ import annotations

import hashlib
import json
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import CollectionError
from auditor.model.enums import GapCause
from auditor.model.fact import path_of
from auditor.model.resource import Gap, Resource
from auditor.ports import Shard
from collectors.http.patience import Patience
from collectors.vsphere.live.answers import AnswersCollector
from tests.faults.server import Handler, Reply, Server, serving
from tests.faults.vcenters import (
    HOST,
    MACHINE,
    PASSWORD,
    Authority,
    Vcenter,
    collector,
    fault,
    lost,
    on,
    options,
    read,
    reply,
)

MACHINES = "vsphere/VirtualMachine"
HOSTS = "vsphere/Host"
RETRIEVE = "RetrievePropertiesEx"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def running(authority: Authority) -> Iterator[Any]:
    with ExitStack() as stack:

        def start(handler: Handler, tls: ssl.SSLContext | None = None) -> Server:
            return stack.enter_context(serving(handler, tls or authority.context()))

        yield start


def resources(judged: AnswersCollector) -> list[Resource]:
    """All that comes of what was kept."""
    plan = judged.plan(lambda _: 1)
    items = tuple(item for shard in plan.shards for item in shard.items)
    found: list[Resource] = []
    for reading in judged.read(Shard(0, items, 1)):
        assert not isinstance(reading, Gap)
        found += reading.resources()
        assert reading.gaps() == []
    return found


def names(judged: AnswersCollector, kind: str = MACHINES) -> list[str]:
    """The names of what comes of what was kept."""
    return [each.name for each in resources(judged) if each.kind == kind]


def body(judged: AnswersCollector, name: str) -> Any:
    """What is kept of one thing."""
    return next(json.loads(each.body) for each in resources(judged) if each.name == name)


def test_a_server_that_is_well(running: Any, authority: Authority, tmp_path: Path) -> None:
    vcenter = Vcenter()
    entry, judged = read(collector(running(vcenter), authority.file), tmp_path)
    assert entry.gaps == ()
    assert (entry.uid, entry.version) == ("aaaa-bbbb", "VMware vCenter Server 8.0.3 build-1")
    assert entry.principal.name == "CORP\\audit"
    assert names(judged) == ["one", "two"]
    assert body(judged, "one")["config"] == {
        "uuid": "4211",
        "flags": {"enableLogging": True},
        "migrateEncryption": "required",
        "keyId": {},
        "fixedPassthruHotPlugEnabled": False,
        "extraConfig": {},
        "hardware": {"device": []},
    }
    assert (vcenter.sessions, vcenter.called[-1]) == (0, "Logout")


def test_pages_are_followed(running: Any, authority: Authority, tmp_path: Path) -> None:
    wanted = [f"vm-{number:03}" for number in range(250)]
    vcenter = Vcenter(objects={"VirtualMachine": dict.fromkeys(wanted, MACHINE)})
    _, judged = read(collector(running(vcenter), authority.file), tmp_path)
    assert names(judged) == wanted
    assert vcenter.called.count("ContinueRetrievePropertiesEx") == 2


def test_a_wrong_password_is_sent_once(running: Any, authority: Authority, tmp_path: Path) -> None:
    vcenter = Vcenter()
    with pytest.raises(CollectionError) as raised:
        read(collector(running(vcenter), authority.file, password="other-secret-99"), tmp_path)  # noqa: S106 - not one
    assert "does not take the user or the password" in raised.value.message
    assert raised.value.hint == "it was tried once: accounts are locked after a few tries"
    assert vcenter.called.count("Login") == 1
    assert "other-secret-99" not in str(raised.value)


def test_without_a_password_nothing_is_asked(
    running: Any, authority: Authority, tmp_path: Path
) -> None:
    server = running(Vcenter())
    with pytest.raises(CollectionError, match="there is not a password") as raised:
        read(collector(server, authority.file, password=""), tmp_path)
    assert "AUDITOR_VSPHERE_PASSWORD" in raised.value.hint
    assert server.asked == []


ENDED = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("names", "more", "said"),
    [
        (("127.0.0.1",), {"not_after": ENDED}, "certificate has expired"),
        (("vc.example",), {}, "IP address mismatch"),
    ],
)
def test_a_certificate_that_is_not_right(
    running: Any, authority: Authority, tmp_path: Path, names: tuple[str, ...], more: Any, said: str
) -> None:
    server = running(Vcenter(), authority.context(*names, **more))
    with pytest.raises(CollectionError, match=said) as raised:
        read(collector(server, authority.file), tmp_path)
    assert "--ca-file" in raised.value.hint
    assert server.asked == []


def test_a_certificate_of_somebody_else(running: Any, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    server = running(Vcenter())
    with pytest.raises(
        CollectionError, match=r"self-signed certificate|unable to get local issuer"
    ):
        read(collector(server, Authority(tmp_path / "other").file), tmp_path)


def test_a_certificate_that_is_pinned(running: Any, authority: Authority, tmp_path: Path) -> None:
    server = running(Vcenter(), authority.context("vc.example"))
    pem = ssl.get_server_certificate(("127.0.0.1", server.port))
    thumbprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    live = collector(server, None, thumbprint=thumbprint)
    entry, judged = read(live, tmp_path)
    assert (entry.authority, entry.notes, len(names(judged))) == (thumbprint, (), 2)
    other = collector(server, None, thumbprint="0" * 64)
    before = len(server.asked)
    with pytest.raises(CollectionError, match="TLS: Fingerprints did not match"):
        read(other, tmp_path / "other")
    assert len(server.asked) == before


def test_no_check_is_said(running: Any, tmp_path: Path) -> None:
    live = collector(running(Vcenter()), None, checked=False)
    entry, _ = read(live, tmp_path)
    assert entry.notes == ("the server's certificate was not checked: --insecure",)
    assert entry.authority == "none: the server's certificate was not checked"


BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><e>&b;</e>'
OUTER = '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/hostname"><e/>'


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param(
            Reply(b"<html>log in</html>", 200, "text/html"),
            "the answer is text/html, not XML",
            id="the page of a proxy",
        ),
        pytest.param(
            Reply(b"<html>log in</html>", 407, "text/html"),
            "HTTP 407: text/html content",
            id="a proxy that wants a login",
        ),
        pytest.param(
            Reply(b"<html>no server is ready</html>", 503, "text/html"),
            "HTTP 503 [0-9]+ times",
            id="a proxy without a server",
        ),
        pytest.param(
            Reply(b"<a><b>", 200, "text/xml"), "RetrieveServiceContent: not XML: ", id="half of it"
        ),
        pytest.param(
            Reply(BOMB.encode(), 200, "text/xml"), "it has a document type", id="entities"
        ),
        pytest.param(
            Reply(OUTER.encode(), 200, "text/xml"), "it has a document type", id="a file of ours"
        ),
        pytest.param(
            Reply(BOMB.encode("utf-16"), 200, "text/xml"), "not XML: ", id="in another encoding"
        ),
        pytest.param(
            Reply(b"<a>" * 200 + b"</a>" * 200, 200, "text/xml"),
            "more than 100 elements within one another",
            id="deep",
        ),
        pytest.param(reply("<x/>"), "the answer is to something else", id="another answer"),
        pytest.param(Reply(b"{}", 200), "the answer is application/json, not XML", id="JSON"),
    ],
)
def test_what_is_not_a_vcenter(
    running: Any, authority: Authority, tmp_path: Path, said: Reply, why: str
) -> None:
    server = running(lambda _: said)
    with pytest.raises(CollectionError, match=why):
        read(collector(server, authority.file), tmp_path)


def test_an_entity_in_the_middle_is_refused(
    running: Any, authority: Authority, tmp_path: Path
) -> None:
    """Of one kind that comes so nothing is known, and the rest is."""
    vcenter = Vcenter()
    bomb = Reply(BOMB.encode(), 200, "text/xml")
    # the first asks where things are, the second for hosts
    server = running(on(RETRIEVE, vcenter, None, None, bomb))
    entry, judged = read(collector(server, authority.file), tmp_path)
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (MACHINES, GapCause.MALFORMED)
    assert "document type" in gap.detail
    assert (names(judged), names(judged, HOSTS)) == ([], ["h1"])
    assert vcenter.sessions == 0


def test_a_fault_in_the_middle_of_pages(running: Any, authority: Authority, tmp_path: Path) -> None:
    wanted = [f"vm-{number:03}" for number in range(150)]
    vcenter = Vcenter(objects={"VirtualMachine": dict.fromkeys(wanted, MACHINE)})
    broken = fault("ManagedObjectNotFound", "The object has already been deleted")
    server = running(on("ContinueRetrievePropertiesEx", vcenter, broken))
    entry, judged = read(collector(server, authority.file), tmp_path)
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (MACHINES, GapCause.TRUNCATED)
    assert gap.detail.startswith("ManagedObjectNotFound: ")
    assert names(judged) == wanted[:100]


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("NoPermission", GapCause.DENIED),
        ("NotSupported", GapCause.UNSUPPORTED),
        ("ManagedObjectNotFound", GapCause.TRUNCATED),
        ("HostNotConnected", GapCause.UNREACHABLE),
        ("SomethingNew", GapCause.MALFORMED),
    ],
)
def test_a_property_that_is_withheld(
    running: Any, authority: Authority, tmp_path: Path, name: str, cause: GapCause
) -> None:
    """It is a gap with the server's reason, and never an empty list."""
    vcenter = Vcenter(withheld={"two": lost("config.extraConfig", name, "so it is")})
    entry, judged = read(collector(running(vcenter), authority.file), tmp_path)
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (MACHINES, cause)
    assert gap.detail == f"config.extraConfig of VirtualMachine-two: {name}: so it is"
    assert body(judged, "one")["config"]["extraConfig"] == {}
    assert "extraConfig" not in body(judged, "two")["config"]


def test_a_host_that_is_not_connected(running: Any, authority: Authority, tmp_path: Path) -> None:
    """Nothing is known of it, which is not the same as nothing being there."""
    vcenter = Vcenter(objects={"HostSystem": {"away": {}, "here": HOST}})
    entry, judged = read(collector(running(vcenter), authority.file), tmp_path)
    assert entry.gaps == ()
    assert body(judged, "away") == {
        "moid": "HostSystem-away",
        "path": "/HostSystem-away",
        "name": "away",
    }
    assert body(judged, "here")["config"]["service"] == {"service": []}


def test_a_property_that_the_server_does_not_know(
    running: Any, authority: Authority, tmp_path: Path
) -> None:
    vcenter = Vcenter()
    unknown = fault("InvalidProperty", "", "<name>config.sevEnabled</name>")
    server = running(on(RETRIEVE, vcenter, None, None, unknown, None))
    entry, judged = read(collector(server, authority.file), tmp_path)
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (MACHINES, GapCause.UNSUPPORTED)
    assert "config.sevEnabled" in gap.detail
    assert names(judged) == ["one", "two"]
    assert b"config.sevEnabled" not in server.asked[-2].body


def test_a_session_that_ends_meanwhile(running: Any, authority: Authority, tmp_path: Path) -> None:
    """It is opened once more, and no more than once."""
    vcenter = Vcenter()
    gone = fault("NotAuthenticated", "The session is not authenticated.")
    server = running(on(RETRIEVE, vcenter, None, gone, None))
    entry, judged = read(collector(server, authority.file), tmp_path)
    assert (entry.gaps, names(judged), vcenter.called.count("Login")) == ((), ["one", "two"], 2)
    server = running(on(RETRIEVE, vcenter, None, gone))
    vcenter.called.clear()
    entry, _ = read(collector(server, authority.file), tmp_path / "again")
    assert {gap.cause for gap in entry.gaps} == {GapCause.DENIED}
    assert vcenter.called.count("Login") == 2


def test_a_value_of_another_type(running: Any, authority: Authority, tmp_path: Path) -> None:
    """The machine is not judged by half of what it is."""
    odd = {**MACHINE, "config.template": '<val xsi:type="xsd:string">perhaps</val>'}
    vcenter = Vcenter(objects={"VirtualMachine": {"one": MACHINE, "odd": odd}})
    entry, judged = read(collector(running(vcenter), authority.file), tmp_path)
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (MACHINES, GapCause.MALFORMED)
    assert "VirtualMachine-odd" in gap.detail
    assert names(judged) == ["one"]


def test_a_property_larger_than_we_read(running: Any, authority: Authority, tmp_path: Path) -> None:
    large = {**MACHINE, "config.extraConfig": options({"a": "x" * (2 << 20)})}
    vcenter = Vcenter(objects={"VirtualMachine": {"one": large}, "HostSystem": {"h1": HOST}})
    entry, judged = read(collector(running(vcenter), authority.file), tmp_path)
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (MACHINES, GapCause.TRUNCATED)
    why = "an answer of more than 1,048,576 bytes"
    assert gap.detail == f"config.extraConfig of VirtualMachine-one: {why}"
    assert (names(judged), names(judged, HOSTS)) == (["one"], ["h1"])
    assert "extraConfig" not in body(judged, "one")["config"]


def test_a_name_with_signs_that_nobody_sees(
    running: Any, authority: Authority, tmp_path: Path
) -> None:
    """They are kept as they are; screens show what they are."""
    vcenter = Vcenter(objects={"VirtualMachine": {"a\u202eb\x85c": MACHINE}})
    _, judged = read(collector(running(vcenter), authority.file), tmp_path)
    assert names(judged) == ["a\u202eb\x85c"]


def test_a_sign_that_xml_may_not_have(running: Any, authority: Authority, tmp_path: Path) -> None:
    vcenter = Vcenter(objects={"VirtualMachine": {"a\x01b": MACHINE}})
    entry, _ = read(collector(running(vcenter), authority.file), tmp_path)
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (MACHINES, GapCause.MALFORMED)


def test_a_server_that_hangs(running: Any, authority: Authority, tmp_path: Path) -> None:
    vcenter = Vcenter()
    hangs = Reply(b"<a>", 200, "text/xml", length=100, then="hang")
    server = running(on(RETRIEVE, vcenter, None, hangs))
    live = collector(server, authority.file)
    quick = Patience(connect=2.0, read=0.2, total=1.0, attempts=1)
    patient = type(live)(live.address, live.access, live.clock, quick)
    entry, _ = read(patient, tmp_path)
    assert {gap.cause for gap in entry.gaps} <= {GapCause.TIMEOUT, GapCause.UNREACHABLE}
    assert {gap.scope for gap in entry.gaps} == {MACHINES, HOSTS}


def test_a_server_that_is_slow(running: Any, authority: Authority, tmp_path: Path) -> None:
    """A byte now and then is no answer, however often one comes."""
    vcenter = Vcenter()
    drips = Reply(b"<a>" * 1000, 200, "text/xml", pace=0.05)
    server = running(on(RETRIEVE, vcenter, None, drips))
    live = collector(server, authority.file)
    quick = Patience(connect=2.0, read=0.4, total=0.6, attempts=1)
    patient = type(live)(live.address, live.access, live.clock, quick)
    entry, _ = read(patient, tmp_path)
    assert {gap.cause for gap in entry.gaps} == {GapCause.TIMEOUT}
    assert {gap.scope for gap in entry.gaps} == {MACHINES, HOSTS}


def test_machines_of_one_name(running: Any, authority: Authority, tmp_path: Path) -> None:
    """They are told apart by where they are, as no server gives them the same place."""
    named = {**MACHINE, "name": '<val xsi:type="xsd:string">web</val>'}
    vcenter = Vcenter(objects={"VirtualMachine": {"one": named, "two": named}})
    _, judged = read(collector(running(vcenter), authority.file), tmp_path)
    found = resources(judged)
    assert [each.name for each in found] == ["web", "web"]
    assert [path_of(each.kind, "", each.name, each.uid, each.source) for each in found] == [
        "/VirtualMachine-one#vsphere/VirtualMachine",
        "/VirtualMachine-two#vsphere/VirtualMachine",
    ]


def test_parameters_by_small_letters(running: Any, authority: Authority, tmp_path: Path) -> None:
    """Of a key that is there twice both values are kept, which no rule expects."""
    given = {"Isolation.Tools.Copy.Disable": "TRUE", "isolation.tools.copy.disable": "FALSE"}
    vcenter = Vcenter(
        objects={"VirtualMachine": {"one": {**MACHINE, "config.extraConfig": options(given)}}}
    )
    _, judged = read(collector(running(vcenter), authority.file), tmp_path)
    found = body(judged, "one")["config"]["extraConfig"]
    assert found == {"isolation.tools.copy.disable": "TRUE and FALSE"}


def test_nothing_that_identifies_us_is_kept(
    running: Any, authority: Authority, tmp_path: Path
) -> None:
    echoed = {**MACHINE, "config.guestFullName": f'<val xsi:type="xsd:string">{PASSWORD}</val>'}
    vcenter = Vcenter(objects={"VirtualMachine": {"one": echoed}})
    _, judged = read(collector(running(vcenter), authority.file), tmp_path)
    assert PASSWORD not in json.dumps(body(judged, "one"))
