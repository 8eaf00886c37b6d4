"""Texts of a named form: names of objects, labels, dates and others.

As the API server has them (kubernetes/apiserver ``pkg/cel/library/format.go``); what is wrong with
a text is told in our own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import ClassVar, Final

import msgspec

from auditor.cel.arithmetic import no_overload
from auditor.cel.functions import Function
from auditor.cel.library import url_syntax
from auditor.cel.library.define import LINEAR, function, member, plain
from auditor.cel.types import FORMAT, STRING, list_of, optional_of
from auditor.cel.values import NONE, OptionalValue

_SINCE: Final = "1.31"
_LABEL: Final = 63
_SUBDOMAIN: Final = 253
"""The longest label and name of a domain, in bytes (RFC 1035, 2.3.4)."""

_LABEL_1123: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_LABEL_1035: Final = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?")
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?")
_UUID: Final = re.compile(
    r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}"
)
_BASE64: Final = re.compile(
    r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"
)
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME: Final = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:.[0-9]+)?(?:z|[+-][0-9]{2}:[0-9]{2})"
)
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY: Final = 2

Faults = Iterator[str]


class NamedFormat(msgspec.Struct, frozen=True):
    """What ``format.dns1123Label()`` and its like return."""

    cel_type: ClassVar[str] = "kubernetes.NamedFormat"

    name: str


def _too_long(text: str, most: int) -> Faults:
    if len(text.encode("utf-8", "surrogatepass")) > most:
        yield f"it has more than {most} bytes"


def _label_1123(text: str) -> Faults:
    yield from _too_long(text, _LABEL)
    if not _LABEL_1123.fullmatch(text):
        yield "it has others than a-z, 0-9 and -, or a - at an end"


def _label_1035(text: str) -> Faults:
    yield from _too_long(text, _LABEL)
    if not _LABEL_1035.fullmatch(text):
        yield "it has others than a-z, 0-9 and -, begins with no letter, or ends with a -"


def _subdomain(text: str) -> Faults:
    yield from _too_long(text, _SUBDOMAIN)
    if not all(map(_LABEL_1123.fullmatch, text.split("."))):
        yield "between its dots are others than a-z, 0-9 and -, a - at an end, or nothing"


def _prefix(check: Callable[[str], Faults], text: str) -> Faults:
    """What more will be written behind: the text may end with a dash.

    The API server puts an ``a`` in place of the last two bytes. Of a longer character that leaves
    a part, as malformed and as long as the character itself.
    """
    if len(text) > 1 and text.endswith("-"):
        text = text[:-2] + "a" if text[-2].isascii() else text[:-1]
    return check(text)


def _qualified_name(text: str) -> Faults:
    prefix, slash, name = text.partition("/")
    if "/" in name:
        yield "it has more than one /"
        return
    if not slash:
        name = prefix
    elif not prefix:
        yield "there is nothing before the /"
    else:
        for fault in _subdomain(prefix):
            yield f"before the /: {fault}"
    if not name:
        yield "there is no name"
    yield from _too_long(name, _LABEL)
    if not _NAME.fullmatch(name):
        yield "the name has others than letters, digits, -, _ and ., or one of those at an end"


def _label_value(text: str) -> Faults:
    yield from _too_long(text, _LABEL)
    if text and not _NAME.fullmatch(text):
        yield "it has others than letters, digits, -, _ and ., or one of those at an end"


def _uri(text: str) -> Faults:
    if not url_syntax.is_url(text):
        yield "it has no scheme and is not a path from the root, or is malformed"


def _uuid(text: str) -> Faults:
    if not _UUID.fullmatch(text):
        yield "it is not a UUID"


def _byte(text: str) -> Faults:
    if not _BASE64.fullmatch(text):
        yield "it is not base64"


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    if not 1 <= month <= len(_DAYS):
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= _DAYS[month - 1] - (month == _FEBRUARY and not leap)


def _date(text: str) -> Faults:
    if not _is_date(text):
        yield "it is not a date as 2006-01-02"


def _datetime(text: str) -> Faults:
    """As the API server: what is behind a second ``t`` does not count."""
    day, _, rest = text.lower().partition("t")
    found = _TIME.fullmatch(rest.partition("t")[0])
    if found is None or not _is_date(day) or any(map(str.__gt__, found.groups(), _LAST)):
        yield "it is not a time as 2006-01-02T15:04:05Z"


_LAST: Final = ("23", "59", "59")

_FORMATS: Final[Mapping[str, Callable[[str], Faults]]] = MappingProxyType(
    {
        "byte": _byte,
        "date": _date,
        "datetime": _datetime,
        "dns1035Label": _label_1035,
        "dns1035LabelPrefix": partial(_prefix, _label_1035),
        "dns1123Label": _label_1123,
        "dns1123LabelPrefix": partial(_prefix, _label_1123),
        "dns1123Subdomain": _subdomain,
        "dns1123SubdomainPrefix": partial(_prefix, _subdomain),
        "labelValue": _label_value,
        "qualifiedName": _qualified_name,
        "uri": _uri,
        "uuid": _uuid,
    }
)


def named(name: object) -> OptionalValue:
    """``format.named(name)``: none when there is no such format."""
    if name.__class__ is not str:
        return no_overload("format.named", name)
    return OptionalValue(NamedFormat(name), present=True) if name in _FORMATS else NONE


def validate(form: object, text: object) -> OptionalValue:
    """``form.validate(text)``: what is wrong with the text, none when nothing is."""
    if form.__class__ is not NamedFormat or text.__class__ is not str:
        return no_overload("validate", form, text)
    faults = list(_FORMATS[form.name](text))
    return OptionalValue(faults, present=True) if faults else NONE


_define = partial(function, "named_format")

FUNCTIONS: Final[tuple[Function, ...]] = (
    _define("format.named", named, plain(STRING, result=optional_of(FORMAT), since=_SINCE)),
    _define(
        "validate",
        validate,
        member(FORMAT, STRING, result=optional_of(list_of(STRING)), since=_SINCE),
        cost=LINEAR,
    ),
    *[
        _define(f"format.{name}", partial(NamedFormat, name), plain(result=FORMAT, since=_SINCE))
        for name in _FORMATS
    ],
)
"""The functions of this module."""
