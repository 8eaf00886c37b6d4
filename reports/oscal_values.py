"""What OSCAL lets a value be: tokens, lines of text, markup, identifiers.

OSCAL names controls by tokens, which begin with a letter and hold letters, digits and ``.-_``.
The control ``5.2.2`` of ``cis-kubernetes`` is none, and neither is the pair of both. :func:`token`
makes one of any text, and :func:`original` takes it back::

    cis-kubernetes:5.2.2     cis-kubernetes__5.2.2
    nist-800-53:AC-2(1)      nist-800-53__AC-2_x28_1_x29_
    27001:A.5                _x32_7001__A.5

Identifiers are UUIDs of version 5: made of names, so that a run has the same whenever it is told.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final
from uuid import UUID

from reports.markdown import code
from reports.text import safe

NAMESPACE: Final = "https://auditor.invalid/ns/oscal"
"""Of the names of properties that are ours: a name, at which there is nothing (RFC 2606)."""
_SPACE: Final = UUID("68b0ec76-161b-54ba-8396-b16e066e2c0b").bytes
"""Of all our identifiers: ``uuid5(NAMESPACE_URL, "urn:auditor:oscal")``."""
_OTHERS: Final = re.compile(r"[^A-Za-z0-9.\-]|^[0-9.\-]")
_ESCAPED: Final = re.compile("__|_x([0-9a-f]+)_")
_Object = dict[str, Any]


def token(text: str) -> str:
    """A token (OSCAL ``TokenDatatype``) for a text, which no other text has."""
    return _OTHERS.sub(lambda found: "__" if found[0] == ":" else f"_x{ord(found[0]):x}_", text)


def original(found: str) -> str:
    """The text that a token was made of."""
    return _ESCAPED.sub(lambda part: chr(int(part[1], 16)) if part[1] else ":", found)


def identifier(*names: str) -> bytes:
    """The 16 bytes of a UUID of version 5 (RFC 9562, 5.5) for what these names name."""
    name = "\0".join(names).encode("utf-8", "backslashreplace")
    made = bytearray(hashlib.sha1(_SPACE + name, usedforsecurity=False).digest()[:16])
    made[6] = made[6] & 0x0F | 0x50
    made[8] = made[8] & 0x3F | 0x80
    return bytes(made)


def written(made: bytes) -> str:
    """A UUID as it is written."""
    digits = made.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def uuid(*names: str) -> str:
    """The UUID of what these names name, as it is written."""
    return written(identifier(*names))


def line(text: str) -> str:
    """A text as a value (``StringDatatype``): one line, with something at both ends."""
    if text.isprintable() and text[:1] != " " != text[-1:]:
        return text or "(empty)"
    said = safe(text)
    bare = said.strip()
    if bare == said:
        return said or "(empty)"
    start = said.index(bare) if bare else len(said)
    ends = (said[:start], said[start + len(bare) :])
    before, after = ("".join(f"\\x{ord(char):02x}" for char in end) for end in ends)
    return f"{before}{bare}{after}"


def prop(name: str, value: str) -> _Object:
    """A property of ours."""
    return {"name": name, "ns": NAMESPACE, "value": line(value)}


def props(**values: str) -> list[_Object]:
    """Properties of ours, those that say something; an underscore in a name is a hyphen."""
    return [prop(name.replace("_", "-"), text) for name, text in values.items() if text]


def quoted(text: str) -> str:
    """A text of one line as markup in which it is no markup."""
    return code(safe(text))
