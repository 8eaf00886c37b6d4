"""Which tags are on which machines, by the categories of tags.

::

    category team    tag llm       vm-17, vm-18        vm-17  {"team": ["llm"]}
    category stage   tag vision    vm-18               vm-18  {"stage": ["prod"],
                     tag prod                                  "team": ["llm", "vision"]}
"""

from __future__ import annotations

from typing import Final

import msgspec

from collectors.vsphere.live.rest import CATEGORY, TAG, Rest

_TOGETHER: Final = 50
"""Tags whose objects are asked for at once."""
_MACHINE: Final = "VirtualMachine"

Tagged = dict[str, dict[str, list[str]]]
"""Tags by their categories, by the identities of machines."""


class _Category(msgspec.Struct, frozen=True, gc=False):
    name: str


class _Tag(msgspec.Struct, frozen=True, gc=False):
    name: str
    category_id: str


class _Object(msgspec.Struct, frozen=True, gc=False):
    id: str
    type: str


class _Attached(msgspec.Struct, frozen=True, gc=False):
    tag_id: str
    object_ids: tuple[_Object, ...] | None = None


def tags_of_machines(rest: Rest) -> Tagged:
    """Read all tags, and what machines they are on.

    Raises:
        Unanswered: some of it can't be read, so nothing is known of who has none.
    """
    found: Tagged = {}
    known = _tags(rest)
    for start in range(0, len(known), _TOGETHER):
        asked = sorted(known)[start : start + _TOGETHER]
        for attached in rest.attached(asked, tuple[_Attached, ...]):
            category, name = known.get(attached.tag_id, ("", ""))
            for each in attached.object_ids or ():
                if each.type == _MACHINE and name:
                    found.setdefault(each.id, {}).setdefault(category, []).append(name)
    return {
        machine: {category: sorted(names) for category, names in sorted(tags.items())}
        for machine, tags in found.items()
    }


def categories(rest: Rest) -> dict[str, str]:
    """Return the names of categories by their identities.

    Raises:
        Unanswered: they can't be read.
    """
    listed: list[str] | None = rest.get(CATEGORY, list[str] | None)
    return {each: rest.get(f"{CATEGORY}/id:{each}", _Category).name for each in listed or ()}


def _tags(rest: Rest) -> dict[str, tuple[str, str]]:
    named = categories(rest)
    listed: list[str] | None = rest.get(TAG, list[str] | None)
    found: dict[str, tuple[str, str]] = {}
    for identity in listed or ():
        tag: _Tag = rest.get(f"{TAG}/id:{identity}", _Tag)
        found[identity] = (named.get(tag.category_id, tag.category_id), tag.name)
    return found
