"""URLs as Go's ``net/url`` reads them: what is one, its parts, and its canonical text.

The functions work on UTF-8, because an escape stands for a byte. Two readings differ: a *request*
URI has no fragment, and without a scheme no host (``ParseRequestURI``); a reference has both
(``Parse``). The API server asks for the first and takes the parts from the second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv6Address
from typing import ClassVar, Final

import msgspec

from auditor.cel.errors import CelEvalError

_MAX_PARAMETERS: Final = 10_000
"""A query with more of them has none."""

_PLAIN: Final = rb"A-Za-z0-9\-._~"
_IN_PATH: Final = rb"$&+,/:;=@"
_IN_FRAGMENT: Final = rb"!$&()*+,/:;=?@"
_LEFT: Final = rb"!$&'()*+,;=:@\[\]%"
"""What Go leaves as it is in a path or fragment that was written with escapes."""

_HOST_BYTE: Final = _PLAIN + rb"!\"$&'()*+,:;<=>\[\]"
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")
_SCHEME: Final = re.compile(rb"([A-Za-z][A-Za-z0-9+.\-]*):")
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_PORT: Final = re.compile(rb"(?::[0-9]*)?")
_USER: Final = re.compile(rb"[%s!$&'()*+,;=:@%%]*" % _PLAIN)
_HOST: Final = re.compile(rb"(?:[%s\x80-\xff]++|%%25|%%[89A-Fa-f].)*+" % _HOST_BYTE)
_ZONE: Final = re.compile(rb"[%s\x80-\xff%%]*" % _HOST_BYTE)
_IN_ZONE: Final = re.compile(rb"[%s %%]" % _HOST_BYTE)
"""What an escape in a zone may stand for."""

_WRITTEN_PATH: Final = re.compile(rb"[%s%s%s]*" % (_PLAIN, _IN_PATH, _LEFT))
_WRITTEN_FRAGMENT: Final = re.compile(rb"[%s%s%s]*" % (_PLAIN, _IN_FRAGMENT, _LEFT))
_NOT_IN_PATH: Final = re.compile(rb"[^%s%s]" % (_PLAIN, _IN_PATH))
_NOT_IN_FRAGMENT: Final = re.compile(rb"[^%s%s]" % (_PLAIN, _IN_FRAGMENT))
_NOT_IN_USER: Final = re.compile(rb"[^%s$&+,;=]" % _PLAIN)
_NOT_IN_HOST: Final = re.compile(rb"[^%s]" % _HOST_BYTE)
_UNDECODED: Final = re.compile("[\udc80-\udcff]")
_STRICT_PORTS: Final = (b"http", b"https")


@dataclass(frozen=True, slots=True)
class Url:
    """A URL: two are equal when their canonical texts are.

    Attributes:
        text: The canonical text.
        scheme: In lower case, empty if there is none.
        host: With the port; its escapes are resolved.
        path: With its escapes.
        query: What is behind the ``?``, with its escapes.
    """

    cel_type: ClassVar[str] = "kubernetes.URL"

    text: str
    scheme: str = field(compare=False)
    host: str = field(compare=False)
    path: str = field(compare=False)
    query: str = field(compare=False)

    def host_and_port(self) -> tuple[str, str]:
        """The host without the brackets of an IPv6 address, and the port, empty if none."""
        host, port = self.host, ""
        name, colon, digits = host.rpartition(":")
        if colon and (not digits or (digits.isascii() and digits.isdecimal())):
            host, port = name, digits
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        return host, port

    def parameters(self) -> dict[str, list[str]]:
        """The values of each parameter of the query; those that are malformed are left out."""
        values: dict[str, list[str]] = {}
        if self.query.count("&") >= _MAX_PARAMETERS:
            return values
        for part in self.query.encode().split(b"&"):
            if not part or b";" in part or _BAD_ESCAPE.search(part):
                continue
            name, _, value = part.replace(b"+", b" ").partition(b"=")
            values.setdefault(_text(_unescaped(name)), []).append(_text(_unescaped(value)))
        return values


def is_url(text: str) -> bool:
    """Whether ``text`` is an absolute URL or path, as in the first line of a request."""
    try:
        _parts(_encoded(text), request=True)
    except CelEvalError:
        return False
    return True


def parse_url(text: str) -> Url:
    """The parts of a URL.

    Raises:
        CelEvalError: ``text`` is none.
    """
    try:
        raw = _encoded(text)
        _parts(raw, request=True)
        reference, _, fragment = raw.partition(b"#")
        parts = _parts(reference, request=False)
        _check_escapes(fragment)
    except CelEvalError as error:
        raise CelEvalError(f"not a URL: {text[:100]!r}: {error}") from None
    if fragment and not _WRITTEN_FRAGMENT.fullmatch(fragment):
        fragment = _escaped(_unescaped(fragment), _NOT_IN_FRAGMENT)
    written = parts.written() + (b"#" + fragment if fragment else b"")
    return Url(
        text=_text(written),
        scheme=_text(parts.scheme),
        host=_text(parts.host),
        path=_text(parts.path),
        query=_text(parts.query),
    )


class _Parts(msgspec.Struct, frozen=True):
    """``opaque`` is what follows a scheme without a slash; ``user`` ends in ``@``."""

    scheme: bytes = b""
    opaque: bytes = b""
    user: bytes = b""
    host: bytes = b""
    path: bytes = b""
    query: bytes = b""
    asked: bool = False
    authority: bool = False

    def written(self) -> bytes:
        """The canonical text."""
        authority = b""
        if self.authority and (self.user or self.host or (self.scheme and self.path)):
            authority = b"//" + self.user + _escaped(self.host, _NOT_IN_HOST)
        scheme = self.scheme + b":" if self.scheme else b""
        query = b"?" + self.query if self.asked or self.query else b""
        return scheme + (self.opaque or authority + self.path) + query


def _parts(raw: bytes, *, request: bool) -> _Parts:
    if _CONTROL.search(raw):
        raise CelEvalError("it has a control character")
    if raw == b"*":
        return _Parts(path=raw)
    found = _SCHEME.match(raw)
    scheme = found[1].lower() if found else b""
    rest = raw[found.end() :] if found else raw
    rest, asked, query = rest.partition(b"?")
    if not rest.startswith(b"/"):
        if scheme:
            return _Parts(scheme, rest, query=query, asked=bool(asked) and not query)
        raise CelEvalError("it has neither a scheme nor a path from the root")
    authority = rest.startswith(b"//") and bool(
        scheme or (not request and not rest.startswith(b"///"))
    )
    user = host = b""
    if authority:
        name, slash, rest = rest[2:].partition(b"/")
        rest = slash + rest
        user, host = _user_and_host(scheme, name)
    _check_escapes(rest)
    if not _WRITTEN_PATH.fullmatch(rest):
        rest = _escaped(_unescaped(rest), _NOT_IN_PATH)
    return _Parts(scheme, b"", user, host, rest, query, bool(asked) and not query, authority)


def _user_and_host(scheme: bytes, authority: bytes) -> tuple[bytes, bytes]:
    user, at, host = authority.rpartition(b"@")
    host = _host(scheme, host)
    if not _USER.fullmatch(user):
        raise CelEvalError("its user has a character that must be escaped")
    _check_escapes(user)
    parts = (_escaped(_unescaped(part), _NOT_IN_USER) for part in user.split(b":", 1))
    return b":".join(parts) + at, host


def _host(scheme: bytes, host: bytes) -> bytes:
    bracket = host.rfind(b"[")
    if bracket > 0:
        raise CelEvalError("its host has a [ that is not at the start")
    if bracket == 0:
        return _bracketed(host)
    colon = host.find(b":")
    if scheme not in _STRICT_PORTS:
        colon = host.rfind(b":")
    if colon >= 0:
        _check_port(host[colon:])
    return _unescaped_host(host, _HOST)


def _bracketed(host: bytes) -> bytes:
    inner, closed, port = host[1:].rpartition(b"]")
    if not closed:
        raise CelEvalError("its host has no ]")
    _check_port(port)
    address, percent, zone = inner.partition(b"%25")
    if not all(_IN_ZONE.fullmatch(_unescaped(b"%" + code)) for code in _ESCAPE.findall(zone)):
        raise CelEvalError("its host has an escape that no zone has")
    unescaped = _unescaped_host(address, _HOST) + _unescaped_host(percent + zone, _ZONE)
    address, percent, zone = unescaped.partition(b"%")
    try:
        IPv6Address(address.decode("ascii"))
    except (AddressValueError, UnicodeDecodeError):
        raise CelEvalError("its host has brackets around what is not an IPv6 address") from None
    if percent and not zone:
        raise CelEvalError("its host has an empty zone")
    return b"[" + unescaped + b"]" + port


def _check_port(port: bytes) -> None:
    if not _PORT.fullmatch(port):
        raise CelEvalError("its port is not a number")


def _unescaped_host(host: bytes, form: re.Pattern[bytes]) -> bytes:
    _check_escapes(host)
    if not form.fullmatch(host):
        raise CelEvalError("its host has a character that no host has")
    return _unescaped(host)


def _check_escapes(part: bytes) -> None:
    if _BAD_ESCAPE.search(part):
        raise CelEvalError("it has a % that two hexadecimal digits do not follow")


def _unescaped(part: bytes) -> bytes:
    if b"%" not in part:
        return part
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), part)


def _escaped(part: bytes, others: re.Pattern[bytes]) -> bytes:
    return others.sub(lambda found: b"%%%02X" % found[0][0], part)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise CelEvalError("it has a lone surrogate") from None


def _text(part: bytes) -> str:
    """UTF-8 as text; a byte that is none becomes one replacement character."""
    return _UNDECODED.sub("\ufffd", part.decode(errors="surrogateescape"))
