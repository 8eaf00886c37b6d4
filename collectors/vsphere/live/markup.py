"""XML as a vCenter sends it: parsed without anything that a document can declare.

Entities, external ones among them, need a document type. So none may be declared: what begins a
declaration is refused before a parser sees it, and no encoding is read but UTF-8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.late import late

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ENVELOPE: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"
VIM: Final = "{urn:vim25}"
_INSTANCE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_DECLARES: Final = late(rb"<!(?!--|\[CDATA\[)")
_DEEPEST: Final = 100
"""Elements within one another; an inventory has some twelve."""


class Refused(Exception):  # noqa: N818 - not an error of ours: it becomes a gap
    """Something that is not read; the text says why."""


def parse(data: bytes) -> Element:
    """Read a document.

    Raises:
        Refused: it declares something, is not whole, or is nested as no inventory is.
    """
    from xml.etree.ElementTree import (  # noqa: PLC0415 - kinds are known where nothing is parsed
        Element,
        ParseError,
        XMLParser,
    )

    if b"\0" in data:  # a mark at its beginning would be believed before what we say
        raise Refused("not XML: it is not in UTF-8")
    if _DECLARES.search(data):
        raise Refused("it has a document type, in which entities are declared: not read")
    parser = XMLParser(encoding="utf-8")  # noqa: S314 - nothing can be declared in it
    try:
        parser.feed(data)
        root = parser.close()
    except (ParseError, ValueError) as error:
        raise Refused(f"not XML: {error}") from error
    if not isinstance(root, Element):
        raise Refused("not XML: nothing is in it")
    _refuse_deep(root)
    return root


def _refuse_deep(root: Element) -> None:
    """Stop at a document that whoever walks through it could not leave again."""
    level = [root]
    for _ in range(_DEEPEST):
        level = [child for each in level for child in each]
        if not level:
            return
    raise Refused(f"more than {_DEEPEST} elements within one another")


def name_of(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def type_of(element: Element) -> str:
    """Return the type that an element says it has, without its prefix; "" where it says none."""
    return element.get(_INSTANCE, "").rpartition(":")[2]


def child(element: Element, name: str) -> Element | None:
    """Return the first child of a name."""
    return next((each for each in element if name_of(each) == name), None)


def text_of(element: Element | None) -> str:
    """Return the text of an element, "" of none."""
    return "" if element is None else element.text or ""
