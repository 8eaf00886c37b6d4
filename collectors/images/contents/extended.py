"""What stands before a header and says more of it, as Go's reader takes it.

::

    x   records of pax: "30 path=usr/bin/su" and a line end, each with its length
    L   the name, of GNU tar            K   what it links to, of GNU tar

A second ``x`` stands in place of the first. A record without a value says nothing. GNU's name is
taken before that of pax, and the name of a sparse file before either, where it is one.

Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
Source: https://www.gnu.org/software/tar/manual/html_node/PAX-0.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from auditor.late import late
from collectors.images.contents.fields import Header, text, unbroken
from collectors.images.contents.limits import MalformedError, UnsupportedError

EXTENDED, GLOBAL = frozenset({b"x", b"L", b"K"}), b"g"
_TEXTS: Final = frozenset({"path", "linkpath", "uname", "gname"})
_NUMBERS: Final = frozenset({"size", "uid", "gid"})
_TIMES: Final = frozenset({"atime", "mtime", "ctime"})
_NUMBER: Final = late(r"-?[0-9]{1,18}", re.ASCII)
_TIME: Final = late(r"-?[0-9]{1,18}(\.[0-9]*)?", re.ASCII)
_SPARSE: Final = "GNU.sparse."
_FORMS: Final = frozenset({("0", "0"), ("0", "1"), ("1", "0")})
_LEAST_RECORD: Final = 5


class More(msgspec.Struct):
    """What was said so far of the next header."""

    records: Mapping[str, str] = {}
    name: str = ""
    target: str = ""
    said: bool = False

    def add(self, kind: bytes, data: bytes) -> None:
        """Take one more of the kinds in ``EXTENDED``.

        Raises:
            MalformedError: it has a record that is none.
        """
        self.said = True
        if kind == b"x":
            self.records = records_of(data)
        elif kind == b"L":
            self.name = text(data)
        else:
            self.target = text(data)

    def of(self, header: Header) -> Header:
        """A header with what was said of it.

        Raises:
            MalformedError: a number is none.
            UnsupportedError: it is of a sparse file in a form that is not read.
        """
        if not self.said:
            return header
        has = {key: value for key, value in self.records.items() if value}
        return msgspec.structs.replace(
            header,
            name=_sparse_name(has) or self.name or has.get("path", header.name),
            target=self.target or has.get("linkpath", header.target),
            size=int(has.get("size", header.size)),
            owner=int(has.get("uid", header.owner)),
        )


def records_of(data: bytes) -> dict[str, str]:
    """The records of a header of pax.

    Raises:
        MalformedError: there is one that is none.
    """
    found = dict(_records(data))
    for key, value in found.items():
        form = _NUMBER if key in _NUMBERS else _TIME if key in _TIMES else None
        if value and form is not None and not form.fullmatch(value):
            raise MalformedError(f"an archive with a {key} that is none")
    return found


def check_global(data: bytes) -> None:
    """See that a header for all files says nothing that readers take differently.

    Raises:
        MalformedError: it has a record that is none.
        UnsupportedError: it names files: Go's reader leaves that out, others do not.
    """
    for key, value in records_of(data).items():
        if value and (key in {"path", "linkpath", "size", "uid"} or key.startswith(_SPARSE)):
            raise UnsupportedError(f"an archive with one {key} for all files")


def _sparse_name(records: Mapping[str, str]) -> str:
    """The name of a sparse file; "" where it is none, whatever it says of its name."""
    form = records.get("GNU.sparse.major", ""), records.get("GNU.sparse.minor", "")
    if any(form) and form not in _FORMS:
        raise UnsupportedError("an archive with a sparse file of an unknown form")
    marks = ("GNU.sparse.map", "GNU.sparse.offset", "GNU.sparse.numbytes")
    if any(form) or any(each in records for each in marks):
        return records.get("GNU.sparse.name", "")
    return ""


def _records(data: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(data):
        length, blank, _ = data[at : at + 20].partition(b" ")
        end = at + int(length) if length.isdigit() else 0
        key, equals, value = data[at + len(length) + 1 : end - 1].partition(b"=")
        whole = blank and equals and key and end - at >= _LEAST_RECORD and end <= len(data)
        if not whole or data[end - 1 : end] != b"\n":
            raise MalformedError("an archive with a record of pax that is none")
        name = unbroken(key)
        if b"\0" in (value if name in _TEXTS else key):
            raise MalformedError("an archive with a record of pax that is none")
        yield name, unbroken(value)
        at = end
