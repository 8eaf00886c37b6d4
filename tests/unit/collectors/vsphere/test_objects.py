"""Objects as they are kept, and where they are."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

import pytest

from collectors.vsphere.live.forms import Fields, Items, Plain, value_of
from collectors.vsphere.live.markup import Refused
from collectors.vsphere.live.objects import Tree
from collectors.vsphere.live.pages import Found

XSI = 'xmlns:x="http://www.w3.org/2001/XMLSchema-instance"'


def held(kind: str, identity: str, name: str, parent: str = "") -> Found:
    """A thing that holds others."""
    values = {"name": element(f"<v>{name}</v>")}
    if parent:
        values["parent"] = element(f"<v>{parent}</v>")
    return Found(kind, identity, values, ())


def element(text: str) -> Element:
    return fromstring(text)  # noqa: S314 - our own


def tree() -> Tree:
    made = Tree()
    made.add(
        [
            held("Folder", "group-d1", "Datacenters"),
            held("Datacenter", "dc-1", "A", "group-d1"),
            held("Folder", "group-v1", "vm", "dc-1"),
            held("Folder", "a", "a", "b"),
            held("Folder", "b", "b", "a"),
            held("Folder", "seen", "seen", "hidden"),
        ]
    )
    return made


@pytest.mark.parametrize(
    ("parent", "path"),
    [
        pytest.param("group-v1", "/A/vm/x", id="in a folder"),
        pytest.param("group-d1", "/x", id="at the root"),
        pytest.param("", "/vm-1", id="in no folder, as machines of a vApp are"),
        pytest.param("seen", "/seen/x", id="below what we may not see"),
        pytest.param("a", "/vm-1", id="in a circle"),
    ],
)
def test_where_a_thing_is(parent: str, path: str) -> None:
    assert tree().path(parent, "x", "vm-1") == path


def test_what_is_within_what() -> None:
    made = tree()
    assert made.is_within("group-v1", "dc-1")
    assert not made.is_within("dc-1", "group-v1")
    assert not made.is_within("a", "dc-1")
    assert made.named("Datacenter", "A") == ["dc-1"]
    assert made.named("Folder", "A") == []


FORM = Items(
    {"type": Plain.TYPE, "on": Plain.BOOL, "size": Plain.NUMBER, "more": Items({"a": Plain.TEXT})}
)


def test_fields_are_read_by_their_form() -> None:
    """What is not there is left out, a list is empty, and what no form names is not kept."""
    found = value_of(
        element(
            f'<val><D {XSI} x:type="vim25:Disk"><on>true</on><size>-7</size><more><a>1</a></more>'
            "<more><a>2</a></more><other>x</other></D><D/></val>"
        ),
        FORM,
    )
    assert found == [
        {"type": "Disk", "on": True, "size": -7, "more": [{"a": "1"}, {"a": "2"}]},
        {"type": "", "more": []},
    ]


@pytest.mark.parametrize("inner", ["<on>yes</on>", "<size>1.5</size>", "<on/>"])
def test_a_value_of_another_type_is_refused(inner: str) -> None:
    with pytest.raises(Refused):
        value_of(element(f"<val><D>{inner}</D></val>"), FORM)


def test_an_object_in_an_object() -> None:
    form = Fields({"a": Fields({"b": Plain.TEXT})})
    assert value_of(element("<v><a><b>x</b></a></v>"), form) == {"a": {"b": "x"}}
    assert value_of(element("<v/>"), form) == {}
