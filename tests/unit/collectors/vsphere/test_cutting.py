"""An answer that is cut says what the parser says of the whole of it, or is not cut."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.vsphere.kinds.machines import MACHINES
from collectors.vsphere.live.cutting import Known
from collectors.vsphere.live.forms import value_of
from collectors.vsphere.live.markup import Refused, child, name_of, parse, text_of
from collectors.vsphere.live.pages import found_of
from tests.sweeps import examples

METHOD = "RetrievePropertiesEx"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    f'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="{XSI}">\n<soapenv:Body>\n'
    f'<{METHOD}Response xmlns="urn:vim25"><returnval>'
)
TAIL = f"</returnval></{METHOD}Response>\n</soapenv:Body>\n</soapenv:Envelope>"

DEVICES = (
    '<VirtualDevice xsi:type="VirtualKeyboard"><key>600</key></VirtualDevice>',
    (
        '<VirtualDevice xsi:type="VirtualDisk"><key>2000</key><backing xsi:type="Flat"><fileName>%s'
        "</fileName><diskMode>persistent</diskMode></backing></VirtualDevice>"
    ),
    (
        '<VirtualDevice xsi:type="VirtualTPM"><key>1</key><deviceInfo><label>a &amp; b</label>'
        "</deviceInfo></VirtualDevice>"
    ),
    "<VirtualDevice><key>é</key><VirtualDevice><key>2</key></VirtualDevice></VirtualDevice>",
    "<VirtualDevice/>",
)
OPTIONS = '<OptionValue><key>a.%s</key><value xsi:type="xsd:string">TRUE</value></OptionValue>'
VALUES = (
    ("name", '<val xsi:type="xsd:string">machine-%s</val>'),
    ("name", '<val xsi:type="xsd:string">a &lt; b %s</val>'),
    ("name", '<val xsi:type="xsd:string">日本 %s</val>'),
    ("name", f'<val xmlns:_X="{XSI}" _X:type="xsd:string">other-%s</val>'),
    ("name", "<val/>"),
    ("guest.hostName", '<val xsi:type="xsd:string"></val>'),
    ("parent", '<val type="Folder" xsi:type="ManagedObjectReference">group-v3</val>'),
    ("config.template", '<val xsi:type="xsd:boolean">false</val>'),
    ("config.flags", '<val xsi:type="Flags"><enableLogging>true</enableLogging></val>'),
    ("config.keyId", "<val><keyId>k</keyId><providerId><id>%s</id></providerId></val>"),
    ("config.extraConfig", '<val xsi:type="ArrayOfOptionValue">' + OPTIONS + "</val>"),
    ("config.extraConfig", '<val xsi:type="ArrayOfOptionValue"></val>'),
    ("snapshot.rootSnapshotList", ""),
)
MISSING = (
    '<missingSet><path>config.version</path><fault><fault xsi:type="NoPermission">'
    "<privilegeId>System.Read</privilegeId></fault><localizedMessage/></fault></missingSet>"
)
devices = st.lists(st.sampled_from(DEVICES), max_size=5).map(
    lambda found: (
        "config.hardware.device",
        f'<val xsi:type="ArrayOfVirtualDevice">{"".join(found)}</val>',
    )
)
properties = st.lists(st.one_of(st.sampled_from(VALUES), devices), max_size=6)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """An answer as a server writes one."""
    inner = ""
    for number in range(draw(st.integers(0, 4))):
        inner += f'<objects><obj type="VirtualMachine">vm-{number}</obj>'
        for path, value in draw(properties):
            given_one = value.replace("%s", str(draw(st.integers(0, 2))))
            inner += f"<propSet><name>{path}</name>{given_one}</propSet>"
        inner += draw(st.sampled_from(["", MISSING, MISSING * 2])) + "</objects>"
    token = draw(st.sampled_from(["", "<token>a-1</token>"]))
    return (HEAD + token + inner + TAIL).encode()


def whole(element: Element) -> Any:
    """An element, and all that is in it."""
    return (
        element.tag,
        dict(element.attrib),
        element.text or "",
        [whole(each) for each in element],
    )


def read(data: bytes) -> Any:
    """What the parser says; None of what is not read."""
    try:
        returned = parse(data).find(f".//{{urn:vim25}}{METHOD}Response/{{urn:vim25}}returnval")
    except Refused:
        return None
    if returned is None:
        return None
    found = [each for each in returned if name_of(each) == "objects"]
    return text_of(child(returned, "token")), [
        (one.type, one.identity, {path: whole(each) for path, each in one.values.items()})
        for one in map(found_of, found)
    ]


def cut(data: bytes, known: Known) -> Any:
    """What is cut; None where it is not."""
    found = known.cut(data, METHOD)
    if found is None:
        return None
    return found[0], [
        (kind, identity, {path: whole(each) for path, each in values.items()})
        for kind, identity, values, _ in found[1]
    ]


@examples(300)
@given(st.lists(answers(), min_size=1, max_size=3))
def test_it_is_what_the_parser_says(several: list[bytes]) -> None:
    """Whatever was seen before, and of answers as servers write them it is cut."""
    known = Known()
    for data in several * 3:
        assert cut(data, known) == read(data) is not None


@examples(1000)
@given(answers(), st.data())
def test_whatever_becomes_of_an_answer(data: bytes, draw: st.DataObject) -> None:
    """A byte more, less or another: it is not cut, or as the parser says."""
    known = Known()
    for _ in range(3):
        known.cut(data, METHOD)
    start = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(start, min(len(data), start + 12)))
    other = draw.draw(
        st.one_of(
            st.binary(max_size=3),
            st.sampled_from(
                [b"<", b">", b"</objects>", b"</val>", b"<val>", b"<!--", b"<objects>", b"&x;"]
            ),
            st.integers(0, max(0, len(data) - 20)).map(lambda at: data[at : at + 20]),
        )
    )
    changed = data[:start] + other + data[end:]
    found = cut(changed, known)
    assert found is None or found == read(changed)


@examples(200)
@given(st.lists(answers(), min_size=1, max_size=3))
def test_values_are_what_forms_make_of_them(several: list[bytes]) -> None:
    """Also where fields that nobody reads are left out, and where items come again."""
    forms = {each.path: each.form for each in MACHINES.properties}
    known = Known(MACHINES.names)
    for data in several * 3:
        found = known.cut(data, METHOD)
        assert found is not None
        slow = parse(data)[0][0][0]
        objects = [found_of(each) for each in slow if name_of(each) == "objects"]
        for (_, _, values, _), other in zip(found[1], objects, strict=True):
            for path, element in other.values.items():
                expected = outcome(lambda e=element, p=path: value_of(e, forms[p]))  # type: ignore[misc]  # of a default
                assert (
                    outcome(lambda v=values, p=path: known.value_of(v[p], forms[p])) == expected  # type: ignore[misc]  # as above
                )


def outcome(read_it: Any) -> Any:
    """A value, or that there is none."""
    try:
        return read_it()
    except Refused as refused:
        return str(refused)


OBJECT = '<objects><obj type="VirtualMachine">vm-1</obj></objects>'


@pytest.mark.parametrize(
    "data",
    [
        HEAD + "<!-- a -->" + OBJECT + TAIL,
        HEAD + OBJECT.replace("vm-1", "<![CDATA[vm-1]]>") + TAIL,
        "<!DOCTYPE a>" + HEAD + OBJECT + TAIL,
        HEAD + OBJECT,
        HEAD + OBJECT + TAIL + "<more/>",
        HEAD + OBJECT + TAIL[:-1],
        HEAD + " " + OBJECT + TAIL,
        HEAD + OBJECT + "</returnval><returnval>" + TAIL,
        HEAD.replace("urn:vim25", "urn:other") + OBJECT + TAIL,
        HEAD.replace("schemas.xmlsoap.org/soap", "other.example") + OBJECT + TAIL,
        HEAD.replace(METHOD, "Login") + OBJECT + TAIL.replace(METHOD, "Login"),
        HEAD + OBJECT.replace("VirtualMachine", "Virtual&#77;achine") + TAIL,
        "",
        "<returnval>",
    ],
)
def test_what_is_of_another_shape_is_not_cut(data: str) -> None:
    assert Known().cut(data.encode(), METHOD) is None


def test_the_same_bytes_may_mean_something_else() -> None:
    """By a prefix that another answer declares to be another namespace."""
    value = VALUES[8][1]
    prop = f"<propSet><name>config.flags</name>{value}</propSet>"
    first = (HEAD + OBJECT.replace("</objects>", prop + "</objects>") + TAIL).encode()
    second = first.replace(XSI.encode(), b"http://other.example")
    known = Known()
    for data in (first, first, first, second, first, second, second):
        assert cut(data, known) == read(data)
    assert read(first) != read(second)


def test_no_server_makes_it_hold_more_than_so_much() -> None:
    """Each value twice, and each with a name of its own: it is forgotten, and cut all the same."""
    known, most = Known(), 0
    text = "<a>" + "x" * 12_000 + "</a>"
    for number in range(1_000):
        value = f'<val a{"a" * (number % 40)}="{number}">{text}<b>{number}</b></val>'
        prop = "".join(
            f"<propSet><name>p{number}.{each}</name>{value}</propSet>" for each in range(2)
        )
        data = HEAD + OBJECT.replace("</objects>", prop + "</objects>") + TAIL
        assert known.cut(data.encode(), METHOD) is not None
        most = max(most, known.held)
    assert 100 < most < 1_000


def test_what_is_there_once_is_not_held() -> None:
    """Ten thousand disks of which each is another one take no memory."""
    known = Known()
    for number in range(200):
        value = VALUES[10][1].replace("%s", str(number))
        prop = f"<propSet><name>config.extraConfig</name>{value}</propSet>"
        data = HEAD + OBJECT.replace("</objects>", prop + "</objects>") + TAIL
        assert known.cut(data.encode(), METHOD) is not None
    assert known.held == 0
