"""URLs: whether a text is one, and its parts.

As the API server has them from the start (kubernetes/apiserver ``pkg/cel/library/urls.go``).
"""

from __future__ import annotations

from functools import partial
from typing import Final

from auditor.cel.arithmetic import no_overload
from auditor.cel.functions import Function
from auditor.cel.library import url_syntax
from auditor.cel.library.define import LINEAR, function, member, plain
from auditor.cel.library.url_syntax import Url
from auditor.cel.types import BOOL, STRING, URL, list_of, map_of


def url(text: object) -> Url:
    """``url(text)``.

    Raises:
        CelEvalError: ``text`` is not a URL.
    """
    return url_syntax.parse_url(text) if text.__class__ is str else no_overload("url", text)


def is_url(text: object) -> bool:
    """``isURL(text)``: whether it has a scheme, or is a path from the root."""
    return url_syntax.is_url(text) if text.__class__ is str else no_overload("isURL", text)


def get_scheme(value: object) -> str:
    """``value.getScheme()``: in lower case, empty if there is none."""
    return value.scheme if value.__class__ is Url else no_overload("getScheme", value)


def get_host(value: object) -> str:
    """``value.getHost()``: with the port, and with the brackets of an IPv6 address."""
    return value.host if value.__class__ is Url else no_overload("getHost", value)


def get_hostname(value: object) -> str:
    """``value.getHostname()``: without the port and the brackets."""
    return value.host_and_port()[0] if value.__class__ is Url else no_overload("getHostname", value)


def get_port(value: object) -> str:
    """``value.getPort()``: empty if there is none."""
    return value.host_and_port()[1] if value.__class__ is Url else no_overload("getPort", value)


def get_escaped_path(value: object) -> str:
    """``value.getEscapedPath()``: what must be escaped in a path is."""
    return value.path if value.__class__ is Url else no_overload("getEscapedPath", value)


def get_query(value: object) -> dict[str, list[str]]:
    """``value.getQuery()``: the values of each parameter, without their escapes."""
    return value.parameters() if value.__class__ is Url else no_overload("getQuery", value)


_define = partial(function, "url")

FUNCTIONS: Final[tuple[Function, ...]] = (
    _define("url", url, plain(STRING, result=URL), cost=LINEAR),
    _define("isURL", is_url, plain(STRING, result=BOOL), cost=LINEAR),
    _define("getScheme", get_scheme, member(URL, result=STRING)),
    _define("getHost", get_host, member(URL, result=STRING)),
    _define("getHostname", get_hostname, member(URL, result=STRING)),
    _define("getPort", get_port, member(URL, result=STRING)),
    _define("getEscapedPath", get_escaped_path, member(URL, result=STRING)),
    _define(
        "getQuery", get_query, member(URL, result=map_of(STRING, list_of(STRING))), cost=LINEAR
    ),
)
"""The functions of this module."""
