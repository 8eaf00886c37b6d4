"""What does not come as a page is read in pieces, and what is missing then is that alone."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.enums import Answered, GapCause
from auditor.model.evidence import TargetEntry
from auditor.model.resource import Gap
from collectors.http.failures import Unanswered
from collectors.http.patience import Patience
from collectors.vsphere.live.answers import AnswersCollector
from collectors.vsphere.live.pages import Pages, Start
from collectors.vsphere.live.pieces import Pieces
from collectors.vsphere.live.session import Session
from tests.faults.clusters import QUICK, Waits
from tests.faults.server import Asked, Handler, Reply, Server, serving
from tests.faults.test_vsphere_faults import HOSTS, MACHINES, RETRIEVE, body, names
from tests.faults.vcenters import HOST, MACHINE, Authority, Vcenter, collector, on, options, read
from tests.sweeps import examples

CONTINUE = "ContinueRetrievePropertiesEx"
PARAMETERS, HOST_NAME = "config.extraConfig", "guest.hostName"
LARGE = options({"a": "x" * (1 << 20)})
ODD = '<val xsi:type="xsd:string">a\x01b</val>'
PLAIN = '<val xsi:type="xsd:string">plain</val>'


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


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
    return lambda handler: read(collector(running(handler), authority.file), tmp_path)


def machines(count: int, **odd: dict[str, str]) -> Vcenter:
    """Many machines, of which some have other values."""
    every = {f"vm{number:03}": MACHINE for number in range(count)}
    every |= {name: {**MACHINE, **values} for name, values in odd.items()}
    return Vcenter(objects={"VirtualMachine": every, "HostSystem": {"h1": HOST}})


@pytest.mark.parametrize(
    ("path", "value", "gap"),
    [
        (
            PARAMETERS,
            LARGE,
            (GapCause.TRUNCATED, ": an answer of more than 1,048,576 bytes"),
        ),
        (
            HOST_NAME,
            ODD,
            (GapCause.MALFORMED, ": RetrievePropertiesEx: not XML: "),
        ),
    ],
)
@pytest.mark.parametrize("odd", ["vm007", "vm130"], ids=["first page", "second page"])
def test_one_property_is_missing_alone(
    served: Served, path: str, value: str, gap: tuple[GapCause, str], odd: str
) -> None:
    """Of one machine: all others are read, once, and so is the rest of that one."""
    entry, judged = served(machines(150, **{odd: {path: value}}))
    (found,) = entry.gaps
    assert (found.scope, found.cause) == (MACHINES, gap[0])
    assert found.detail.startswith(f"{path} of VirtualMachine-{odd}{gap[1]}")
    assert names(judged) == [f"vm{each:03}" for each in range(150)]
    assert names(judged, HOSTS) == ["h1"]
    first, _, last = path.partition(".")
    assert last not in body(judged, odd).get(first, {})
    assert body(judged, odd)["config"]["uuid"] == "4211"
    assert body(judged, "vm008")["config"]["extraConfig"] == {}


def test_a_name_that_cannot_be_read(running: Any, authority: Authority, tmp_path: Path) -> None:
    """It is known by its identity."""
    vcenter = machines(3, vm001={"name": ODD})
    entry, judged = read(collector(running(vcenter), authority.file), tmp_path)
    (gap,) = entry.gaps
    assert gap.detail.startswith("name of VirtualMachine-vm001: ")
    assert names(judged) == ["vm000", "VirtualMachine-vm001", "vm002"]


@pytest.mark.parametrize(
    "once",
    [
        Reply(b"<a><b>", 200, "text/xml"),
        Reply(b"<html>come back later</html>", 200, "text/html"),
    ],
    ids=["half of it", "the page of a proxy"],
)
def test_what_happens_once_costs_nothing(
    running: Any, authority: Authority, tmp_path: Path, once: Reply
) -> None:
    server = running(on(CONTINUE, machines(150), once, None))
    entry, judged = read(collector(server, authority.file), tmp_path)
    assert (entry.gaps, len(names(judged))) == ((), 150)


def test_the_page_of_a_proxy_for_ever(running: Any, authority: Authority, tmp_path: Path) -> None:
    """Nothing can be listed either, and that is that."""
    vcenter = machines(150)
    page = Reply(b"<html>log in</html>", 200, "text/html")
    server = running(on(RETRIEVE, vcenter, None, None, page))
    entry, judged = read(collector(server, authority.file), tmp_path)
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (MACHINES, GapCause.MALFORMED)
    assert gap.detail == "the answer is text/html, not XML"
    assert (names(judged), names(judged, HOSTS)) == ([], ["h1"])
    assert len(server.asked) < 10


def test_a_connection_that_breaks_is_not_for_smaller_answers(
    running: Any, authority: Authority, tmp_path: Path
) -> None:
    vcenter = machines(150)
    cut = Reply(b"<a>", 200, "text/xml", length=100, then="close")
    server = running(on(CONTINUE, vcenter, cut))
    entry, judged = read(collector(server, authority.file), tmp_path)
    (gap,) = entry.gaps
    assert (gap.scope, gap.cause) == (MACHINES, GapCause.TRUNCATED)
    assert len(names(judged)) == 100
    assert vcenter.called.count("Logout") == 1


def test_a_machine_that_goes_meanwhile(running: Any, authority: Authority, tmp_path: Path) -> None:
    """Between the list and its piece: it is not there any more, and so nothing is missing."""
    vcenter = machines(30, vm007={HOST_NAME: ODD})

    def handler(asked: Asked) -> Reply:
        if b'<obj type="VirtualMachine">VirtualMachine-vm007</obj>' in asked.body:
            vcenter.objects["VirtualMachine"].pop("vm007", None)
        return vcenter(asked)

    entry, judged = read(collector(running(handler), authority.file), tmp_path)
    assert (entry.gaps, len(names(judged))) == ((), 29)


PATHS = ("name", "config.uuid", PARAMETERS, HOST_NAME, "runtime.host")
NAMES = tuple("abcdefghij")


@examples(20)
@given(st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(PATHS)), max_size=8))
def test_exactly_what_cannot_be_read_is_missing(
    authority: Authority, bad: set[tuple[str, str]]
) -> None:
    """Whichever properties of whichever machines they are."""
    given_ = {
        name: {path: ODD if (name, path) in bad else PLAIN for path in PATHS} for name in NAMES
    }
    vcenter = Vcenter(objects={"VirtualMachine": given_})
    with serving(vcenter, authority.context()) as server:
        found = [
            each
            for piece in pieces(server, authority, 1000).beside(PLACE, {"VirtualMachine-j"})
            for each in piece
        ]
    assert [each.identity for each in found] == [f"VirtualMachine-{name}" for name in NAMES[:-1]]
    missing = {(each.identity[-1], lost.path) for each in found for lost in each.missing}
    read_ = {(each.identity[-1], path) for each in found for path in each.values}
    assert missing == {(name, path) for name, path in bad if name != "j"}
    assert read_ == {(name, path) for name in NAMES[:-1] for path in PATHS} - missing
    causes = {lost.fault.answered for each in found for lost in each.missing}
    assert causes <= {Answered.MALFORMED}


PLACE = Start("Folder", "group-d1")


def pieces(server: Server, authority: Authority, most: int) -> Pieces:
    """What reads a server in pieces."""
    live = collector(server, authority.file)
    session = Session(live.address, live.access, Waits().clock(), QUICK)
    session.open()
    pages = Pages(session.calls, session.about.manager("propertyCollector"))
    return Pieces(pages, "VirtualMachine", PATHS, most)


def test_it_gives_up_after_many(authority: Authority) -> None:
    vcenter = Vcenter(objects={"VirtualMachine": {name: {"name": ODD} for name in NAMES}})
    with (
        serving(vcenter, authority.context()) as server,
        pytest.raises(Unanswered, match="not XML"),
    ):
        list(pieces(server, authority, 20).beside(PLACE, frozenset()))
    assert vcenter.called.count(RETRIEVE) < 45


@pytest.mark.long
def test_sixty_four_megabytes(running: Any, authority: Authority, tmp_path: Path) -> None:
    """What we ship reads so much, and not more."""
    large = options({"a": "x" * (64 << 20)})
    vcenter = machines(4, vm002={PARAMETERS: large})
    live = collector(running(vcenter), authority.file)
    shipped = type(live)(live.address, live.access, live.clock, Patience())
    entry, judged = read(shipped, tmp_path)
    (gap,) = entry.gaps
    assert isinstance(gap, Gap)
    assert (
        gap.detail
        == f"{PARAMETERS} of VirtualMachine-vm002: an answer of more than 67,108,864 bytes"
    )
    assert len(names(judged)) == 4
