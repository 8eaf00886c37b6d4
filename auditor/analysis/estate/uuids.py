"""The UUID of a machine, as its hypervisor, its firmware and its node write it.

A hypervisor gives a machine one, and its firmware tells it to whoever runs in it (SMBIOS 3.7,
7.2.1). There the first three fields are numbers with their last byte first, so a guest that reads
the sixteen bytes as they stand gets them turned around::

    vCenter, config.uuid               42344765-bc6d-0ab2-1c40-5a0f7f0f9a11
    product_uuid of some guests        65473442-6dbc-b20a-1c40-5a0f7f0f9a11

Which of the two a guest tells depends on the version of its hardware and of its kernel. So one is
the same as the other here, and what both could be two machines of is ambiguous.
"""

from __future__ import annotations

from typing import Final

from auditor.late import late

_FORM: Final = late(r"([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})")
_OF_NOBODY: Final = ({"0"}, {"f"})
"""The digits of UUIDs that firmware without one has: SMBIOS 3.7, 7.2.1."""
_MOST_READ: Final = 64


def uuid_of(text: object) -> str:
    """Read a UUID, in small letters; "" for what is none, or is one that nobody was given."""
    found = text.strip().lower() if isinstance(text, str) and len(text) <= _MOST_READ else ""
    if _FORM.fullmatch(found) is None:
        return ""
    return "" if set(found) - {"-"} in _OF_NOBODY else found


def turned(uuid: str) -> str:
    """Return a UUID with the bytes of its first three fields the other way around."""
    first, second, third, *rest = uuid.split("-")
    return "-".join((*map(_reversed, (first, second, third)), *rest))


def _reversed(digits: str) -> str:
    return bytes.fromhex(digits)[::-1].hex()
