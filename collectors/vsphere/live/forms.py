"""What is read of an object: its properties, and what of each is kept, as which type.

XML says of most values neither whether they are numbers nor whether there may be several of them.
So a form says it, and what no form names is not kept::

    Items({"key": TEXT, "running": BOOL})    a list of objects, of which two fields are kept

    <HostService><key>ntpd</key><running>true</running><label>NTP</label></HostService>
    {"key": "ntpd", "running": true}

A form is also all that leaves the server: what is asked for is a property of its own wherever the
API lets us.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final

import msgspec

from collectors.vsphere.live.markup import Refused, name_of, type_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TYPE: Final = "type"
"""In an object: of which type of the API it is, where there are several."""


class Plain(Enum):
    """A single value."""

    TEXT = "text"
    BOOL = "bool"
    NUMBER = "number"
    TYPE = "type"


class Options(msgspec.Struct, frozen=True):
    """A list of keys with values, kept as a map; ``small`` keys are compared in small letters."""

    small: bool = False


class Texts(msgspec.Struct, frozen=True):
    """A list of texts."""


class Items(msgspec.Struct, frozen=True):
    """A list of objects."""

    fields: Mapping[str, Form]


class Nested(msgspec.Struct, frozen=True):
    """A list of objects that have more of their kind in the field ``inside``: all, in one list."""

    fields: Mapping[str, Form]
    inside: str


class Fields(msgspec.Struct, frozen=True):
    """An object."""

    fields: Mapping[str, Form]


Form = Plain | Options | Texts | Items | Nested | Fields
LISTS: Final = (Options, Texts, Items, Nested)
_TRUTH: Final = {"true": True, "1": True, "false": False, "0": False}


def value_of(element: Element, form: Form) -> object:
    """Read the value of a property, or of a field of it.

    Raises:
        Refused: it is of another type than the API says.
    """
    match form:
        case Plain():
            return _plain(element, form)
        case Fields(fields):
            return _fields(element, fields)
        case Items() | Texts() | Options() | Nested():
            return _list(list(element), form)


def names_in(form: Form) -> frozenset[str]:
    """Return what fields of a value are read, at any depth."""
    match form:
        case Items(fields) | Fields(fields):
            return _names(fields)
        case Nested(fields, inside):
            return _names(fields) | {inside}
        case Options():
            return frozenset({"key", "value"})
        case Plain() | Texts():
            return frozenset()


def _names(fields: Mapping[str, Form]) -> frozenset[str]:
    return frozenset(fields).union(*map(names_in, fields.values()))


def item_of(element: Element, form: Items) -> dict[str, object]:
    """Read one item of a list.

    Raises:
        Refused: as :func:`value_of`.
    """
    return _fields(element, form.fields)


def _list(elements: list[Element], form: Items | Texts | Options | Nested) -> object:
    match form:
        case Items(fields):
            return [_fields(each, fields) for each in elements]
        case Nested(fields, inside):
            return [_fields(each, fields) for each in _all(elements, inside)]
        case Texts():
            return [each.text or "" for each in elements]
        case Options(small):
            return _options(elements, small=small)


def _all(elements: list[Element], inside: str) -> list[Element]:
    """Put elements and those within them, at any depth, in the order of the document."""
    found: list[Element] = []
    waiting = elements[::-1]
    while waiting:
        element = waiting.pop()
        found.append(element)
        waiting += [each for each in element if name_of(each) == inside][::-1]
    return found


def _plain(element: Element, form: Plain) -> object:
    text = element.text or ""
    try:
        match form:
            case Plain.TEXT:
                return text
            case Plain.BOOL:
                return _TRUTH[text]
            case Plain.NUMBER:
                return int(text)
            case Plain.TYPE:
                return type_of(element)
    except (KeyError, ValueError) as error:
        what = f"{name_of(element)} is not a {form.value}: {text[:40]!r}"
        raise Refused(what) from error


def _fields(element: Element, fields: Mapping[str, Form]) -> dict[str, object]:
    """Read an object: a list that is not there is empty, anything else is left out."""
    found: dict[str, list[Element]] = {}
    for each in element:
        found.setdefault(name_of(each), []).append(each)
    read: dict[str, object] = {}
    for name, form in fields.items():
        here = found.get(name, [])
        if form is Plain.TYPE:
            read[name] = type_of(element)
        elif isinstance(form, LISTS):
            read[name] = _list(here, form)
        elif here:
            read[name] = value_of(here[0], form)
    return read


def _options(elements: list[Element], *, small: bool) -> dict[str, str]:
    """Read keys and values; of a key that is there twice both values, which no rule expects."""
    read: dict[str, str] = {}
    for element in elements:
        parts = {name_of(each): each.text or "" for each in element}
        key = parts.get("key", "")
        key, value = key.lower() if small else key, parts.get("value", "")
        read[key] = f"{read[key]} and {value}" if read.get(key, value) != value else value
    return dict(sorted(read.items()))
