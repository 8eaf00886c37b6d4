"""The parts of an object are told by names, wherever in its lists they stand.

A derived resource says where it comes from, ``workerGroupSpecs/0``. Put a group before it, and it
is another; take it away, and the next one is taken for it. Here it is ``workerGroupSpecs/gpu``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from auditor.analysis.bodies import decoded
from auditor.late import late
from auditor.model.elements import keyed, path_of
from auditor.model.resource import Gap, Resource

_NUMBERED = late(r"/[0-9]+(?:/|$)")


def named(resource: Resource, found: Iterable[Resource | Gap]) -> Iterator[Resource | Gap]:
    """What was derived from a resource, its parts named; those of true twins are numbered."""
    body: object = None
    seen: Counter[str] = Counter()
    for each in found:
        if isinstance(each, Gap) or not each.part:
            yield each
            continue
        part = each.part
        if _NUMBERED.search(each.pointer):
            # what nothing names is told by a digest of what it has, so secrets have to be out
            body = decoded(resource) if body is None else body
            part = _name(each.pointer, body) + _manner(part)
        seen[part] += 1
        if seen[part] > 1:
            part = f"{part}~#{seen[part]}"
        yield each if part == each.part else msgspec.structs.replace(each, part=part)


def _name(pointer: str, body: object) -> str:
    """A short name of a place: the pointer without what is said by every one."""
    path = path_of(pointer, body)
    if len(path) > 1 and path[-1] == "template":
        path = path[:-1]
    return keyed(body, path).removeprefix("/").removeprefix("spec/")


def _manner(part: str) -> str:
    """As what a place is read, where it is read as more than one thing."""
    _, found, manner = part.partition(" as ")
    return found + manner
