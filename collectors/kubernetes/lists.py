"""What a document holds: an object, a list of objects, lists in lists, or nothing of Kubernetes.

One output of kubectl is a list; two of them, put together by another tool, are a list of lists or
an array of them::

    kubectl get pods -o json > a; kubectl get deployments -o json > b
    jq -s . a b                                            # [PodList, DeploymentList]
    jq -s '{apiVersion: "v1", kind: "List", items: .}' a b  # List of PodList, DeploymentList

Whoever looks only at the outermost list sees no pod. So lists and arrays are taken apart to a depth
that is far beyond what tools make; what is below that is a gap, and so is what a list says that it
left out, and a document that holds objects in a way that nobody knows.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import Final, NamedTuple

from auditor.model.enums import GapCause
from auditor.model.pointers import token
from collectors.documents.guards import Unreadable
from collectors.kubernetes.objects import is_object, kind_name

MOST_NESTED: Final = 16
"""Lists and arrays in one another; two outputs of kubectl, put together, need two or three."""

_LIST: Final = "List"


class Head(NamedTuple):
    """What an object says that it is; of a list's items, what they are when they don't say it."""

    api_version: str = ""
    kind: str = ""


UNSAID: Final = Head()


def is_named_list(kind: object) -> bool:
    """Whether a kind is that of a list, as ``PodList`` is."""
    return isinstance(kind, str) and kind.endswith(_LIST)


def head_of_items(api_version: object, kind: object) -> Head:
    """What the items of a list are when they don't say it: those of a ``PodList`` are Pods."""
    if not isinstance(kind, str) or not isinstance(api_version, str):
        return UNSAID
    item = kind.removesuffix(_LIST) if kind.endswith(_LIST) else ""
    return Head(api_version, item) if item else UNSAID


Found = tuple["dict[str, object] | Unreadable | None", str]
"""An object, what is to be said in place of one, or None for no object; with its pointer."""


def objects_of(
    value: object, said: Head = UNSAID, pointer: str = "", depth: int = 0
) -> Generator[Found, None, bool]:
    """What a document holds, lists taken apart, each with its pointer in the document.

    ``said`` is what the list that it stands in says of it. Returns whether there was anything of
    Kubernetes in it: where there was not, nothing is yielded, and the whole is to be told as one.
    """
    if isinstance(value, list):
        return (yield from _members(value, said, pointer, depth))
    if not isinstance(value, dict):
        return False
    items = value.get("items")
    if isinstance(items, list) and is_list(value.get("kind"), items):
        version, kind = value.get("apiVersion") or said.api_version, value.get("kind")
        head = head_of_items(version, kind)
        left = cut_off(value.get("metadata"), head)
        if left is not None:
            yield left, pointer
        yield from _members(items, head, f"{pointer}/items", depth, listed=True)
        return True
    if said.kind:
        value = {"apiVersion": said.api_version, "kind": said.kind, **value}
    if is_object(value):
        odd = (
            odd_items(value["kind"]) if items is not None and not isinstance(items, list) else None
        )
        yield odd or value, pointer
        return True
    told = odd_document(value)
    if told is not None:
        yield told[0], pointer + told[1]
    return told is not None


def _members(
    items: list[object], said: Head, pointer: str, depth: int, *, listed: bool = False
) -> Generator[Found, None, bool]:
    """The members of an array, or of a list: of that, what is not an object is told one by one."""
    if depth == MOST_NESTED:
        holds = pointer_of_object(items) is not None
        if holds:
            yield too_nested(), pointer
        return holds
    others: list[str] = []
    found = listed
    for index, item in enumerate(items):
        place = f"{pointer}/{index}"
        if (yield from objects_of(item, said, place, depth + 1)):
            found = True
        else:
            others.append(place)
    if found:
        yield from ((None, place) for place in others)
    return found


def is_list(kind: object, items: Iterable[object]) -> bool:
    """Whether what has ``items`` is a list: it is called one, or what is in it are objects."""
    return is_named_list(kind) or any(is_object(item) for item in items)


def cut_off(metadata: object, said: Head) -> Unreadable | None:
    """What is to be said of a list that says that it is not whole (meta/v1 ListMeta)."""
    if not isinstance(metadata, Mapping):
        return None
    token, left = metadata.get("continue"), metadata.get("remainingItemCount")
    number = left if isinstance(left, int | float) and not isinstance(left, bool) else 0
    if not token and number <= 0 and not isinstance(left, str):
        return None
    more = f"{number:,} more are left" if number > 0 else "it says that more follows"
    return Unreadable(
        GapCause.TRUNCATED,
        f"the list is cut off: {more}",
        "kubectl get KIND -A -o json reads all pages",
        kind=kind_name(*said) if said.kind else "",
    )


def too_nested() -> Unreadable:
    """What is said of objects in more lists than are taken apart."""
    return Unreadable(
        GapCause.UNSUPPORTED,
        f"objects in more than {MOST_NESTED} lists in one another",
        "write them as one list",
    )


def odd_items(kind: object) -> Unreadable | None:
    """What is said of a kind whose ``items`` are not a list: what a list holds would go unseen."""
    return Unreadable(GapCause.MALFORMED, "items is not a list") if is_named_list(kind) else None


def odd_document(value: dict[str, object]) -> tuple[Unreadable, str] | None:
    """What is said of a value that is not an object and has a part of one in it; with its pointer.

    None for what is nothing of Kubernetes at all, as the values of a chart.
    """
    half = _half(value)
    if half is not None:
        return half, ""
    place = pointer_of_object(value)
    if place is None:
        return None
    detail = f"it is not a Kubernetes object, and holds one at {place}, which was not read"
    hint = "write each object as a document of its own, or as an item of a List"
    return Unreadable(GapCause.UNSUPPORTED, detail, hint), place


def _half(value: dict[str, object]) -> Unreadable | None:
    """What is said of an object that says only half of what it is."""
    if not isinstance(value.get("metadata"), dict):
        return None
    for there, missing in (("kind", "apiVersion"), ("apiVersion", "kind")):
        if isinstance(value.get(there), str) and value.get(missing) is None:
            detail = f"it has {there}, metadata and no {missing}"
            return Unreadable(GapCause.MALFORMED, detail, f"write its {missing}")
    return None


def pointer_of_object(value: object) -> str | None:
    """The pointer of the first object that is found below a value, None when there is none."""
    waiting: list[tuple[object, str]] = [(value, "")]
    while waiting:
        found, place = waiting.pop()
        if isinstance(found, dict):
            if isinstance(found.get("apiVersion"), str) and isinstance(found.get("kind"), str):
                return place
            below = [(item, f"{place}/{token(str(key))}") for key, item in found.items()]
        elif isinstance(found, list):
            below = [(item, f"{place}/{index}") for index, item in enumerate(found)]
        else:
            continue
        waiting += [each for each in reversed(below) if isinstance(each[0], dict | list)]
    return None
