r"""Pods where no table says that there are any: recognised by what they look like.

An operator's own kind may hold a pod anywhere, whole or in pieces. Of this one

    kind: Fleet
    spec:
      replicas: 2
      template: {metadata: {..}, spec: {containers: [{name: a, image: r.io/a:1}]}}
      gateway:
        hostNetwork: true
        mainContainer: {args: [--key], securityContext: {privileged: true}}
      agent: {image: r.io/b:1, env: [{name: A, value: b}], nodeSelector: {disk: ssd}}
      podOverride: {containers: [{name: a, image: r.io/a:2}]}
      job: {apiVersion: batch/v1, kind: Job, spec: ..}
      onFailure: "apiVersion: v1\nkind: Pod\n.."

:func:`search` finds six things. ``template/spec`` is a *whole* pod: each of its containers has a
name and an image, so what it does not say nobody says. ``gateway``, ``mainContainer`` and ``agent``
are *pieces*: fields of a pod, of a container, and of both in one map, which an operator makes a pod
of. Absent fields mean nothing there. ``podOverride`` would be whole but for the key above it, which
says that it changes another. ``job`` is an object of its own, for its own rows. ``onFailure`` is a
manifest as text, which nobody reads: a gap.

What looks like it and is none: schemas (``image: {type: string}`` is no text), patterns of policies
that compare with pods, ``status``, references to objects, a single ``image`` or ``command``.
:mod:`auditor.analysis.signs` has what counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis import signs
from auditor.analysis.paths import pointer_of
from auditor.analysis.signs import Json
from auditor.late import late

Elsewhere = tuple[tuple[str, str], ...]

_NOTHING: Final[frozenset[str]] = frozenset()
_ESCAPED: Final = frozenset("~/")
_CONTEXTS: Final = ("containerSecurityContext", "podSecurityContext")
_RUNS: Final = ("args", "command", "image")
_NO_PODS: Final = frozenset(("anyPattern", "openAPIV3Schema", "pattern"))
"""Below these a pod is described: by a schema, or by a policy that compares with it."""
_OUTSIDE: Final = _NO_PODS | {"apiVersion", "kind", "metadata", "status"}
"""What of a whole object describes it, or was observed."""
_OTHER_NAMES: Final[Mapping[str, tuple[str, bool]]] = MappingProxyType(
    {
        "additionalVolumes": ("volumes", False),
        "containerSecurityContext": ("securityContext", True),
        "envs": ("env", True),
        "extraEnv": ("env", True),
        "extraVolumeMounts": ("volumeMounts", True),
        "extraVolumes": ("volumes", False),
        "podSecurityContext": ("securityContext", False),
    }
)
"""Names that operators give to fields of a pod, or (true) of a container."""

_TELLING: Final = signs.SIGNS | _OTHER_NAMES.keys()
_WORDS: Final = tuple(
    word.encode()
    for word in (
        *("ontainer", "ecurityContext", "olume", "Probe", "shareProcessNamespace"),
        *('"env', '"host', '"image', '"args"', '"command"', '"lifecycle"'),
        *('"nodeSelector"', '"tolerations"'),
        *("apiVersion:", 'apiVersion\\"'),
    )
)
"""What the JSON of a pod, or of a manifest as text, has in it: some part of a name that counts."""
_ESCAPE: Final = b"\\u"
_MANIFEST: Final = late(
    r"\s*(?:(?:---|\#)[^\n]*\n\s*)*(?:-\s+)?(?:[\[{]|(?:apiVersion|kind|metadata):)"
)


class Whole(msgspec.Struct, frozen=True):
    """A pod, with what stands around it when that is a template."""

    pointer: str
    spec: Json
    metadata: Json | None


class Pieces(msgspec.Struct, frozen=True):
    """Fields of a pod and of its containers, which something completes.

    ``elsewhere`` are pointers of the body whose values stand at other pointers of the object;
    ``beside`` is true where the same map is a whole pod, too.
    """

    pointer: str
    spec: Json
    metadata: Json | None = None
    elsewhere: Elsewhere = ()
    beside: bool = False


class Inside(msgspec.Struct, frozen=True):
    """A whole object with its own kind."""

    pointer: str
    value: Json


class Text(msgspec.Struct, frozen=True):
    """A manifest that is written as a text."""

    pointer: str


Found = Whole | Pieces | Inside | Text
Taken = Mapping[str, frozenset[str] | None]
"""What rows have found: the fields of the map at each pointer that are done, None for all."""

_Item = tuple[object, str, bool, Json | None]
"""A value, its pointer, whether its key names a container, the metadata of a template around it."""


def may_hold(body: bytes) -> bool:
    """Whether JSON might spell a sign of a pod, or hold a manifest as text."""
    return any(word in body for word in _WORDS) or _ESCAPE in body


def search(body: object, taken: Taken) -> Iterator[Found]:
    """Find pods in an object, in the order of the document, outside of what rows have taken."""
    stack: list[_Item] = [(body, "", False, None)]
    while stack:
        value, pointer, named, metadata = stack.pop()
        if isinstance(value, dict):
            by_rows = taken.get(pointer, _NOTHING)
            if by_rows is None:
                continue
            known = pointer in taken
            if pointer and not known and _is_object(value):
                yield Inside(pointer, value)
                continue
            found = [] if known else _examine(value, pointer, metadata, named=named)
            yield from [each for each, _ in found]
            outside = _NO_PODS if pointer else _OUTSIDE
            done = by_rows.union(outside, *[fields for _, fields in found])
            children = _fields(value, pointer, done, named=named and not found)
        elif isinstance(value, list):
            children = [(item, f"{pointer}/{i}", named, None) for i, item in enumerate(value)]
        else:
            if isinstance(value, str) and _is_manifest(value):
                yield Text(pointer)
            continue
        stack.extend(reversed(children))


def _fields(value: Json, pointer: str, done: frozenset[str], *, named: bool) -> list[_Item]:
    """The fields to look into; what was found to be a pod's is not looked at again."""
    around = value.get("metadata") if pointer else None
    template = around if isinstance(around, dict) else None
    return [
        (
            item,
            f"{pointer}/{key}" if _ESCAPED.isdisjoint(key) else pointer + pointer_of((key,)),
            named or signs.names_a_container(key),
            template if key == "spec" else None,
        )
        for key, item in value.items()
        if key not in done
        and (isinstance(item, dict | list) or (isinstance(item, str) and "apiVersion" in item))
    ]


def _examine(
    value: Json, pointer: str, metadata: Json | None, *, named: bool
) -> Sequence[tuple[Found, frozenset[str]]]:
    """What a map is: nothing, a whole pod, pieces, or a whole pod with a container beside it.

    With each comes the names of the fields that are in it.
    """
    if value.keys().isdisjoint(_TELLING):
        return []
    if not signs.is_whole(value.get("containers")) or signs.is_completed(pointer):
        return _pieces(value, pointer, metadata, named=named)
    whole = Whole(pointer, value, metadata), signs.OF_PODS
    rest = {name: item for name, item in value.items() if name not in signs.OF_PODS}
    beside = _pieces(rest, pointer, None, named=False)
    return [
        whole,
        *[(msgspec.structs.replace(found, beside=True), names) for found, names in beside],
    ]


def _pieces(
    value: Json, pointer: str, metadata: Json | None, *, named: bool
) -> list[tuple[Pieces, frozenset[str]]]:
    """The fields of a pod, and those of one container, that stand side by side in a map."""
    (pod, _), (container, _) = _renamed(value, ""), _renamed(value, "", of_containers=True)
    strong, weak = signs.strong_container(container), signs.weak_container(container)
    if not strong and not value.keys().isdisjoint(_CONTEXTS):
        context = container.get("securityContext")
        strong = signs.is_context(context) and context is not pod.get("securityContext")
    is_pod = signs.strong_pod(pod)
    beside = is_pod and not value.keys().isdisjoint(_RUNS)
    is_container = strong or weak > 1 or (weak == 1 and (named or beside))
    if not (is_container or is_pod or signs.weak_pod(pod) > 1):
        return []
    found = pieces(value, pointer, metadata, with_container=is_container)
    if found is None:
        return []
    names = signs.OF_PODS | signs.OF_CONTAINERS if is_container else signs.OF_PODS
    own = {name: _OTHER_NAMES[name][0] if name in _OTHER_NAMES else name for name in value}
    done = [
        name for name, field in own.items() if field in names and signs.fits(field, value[name])
    ]
    return [(found, frozenset(done))]


def pieces(
    value: Json, pointer: str, metadata: Json | None = None, *, with_container: bool = True
) -> Pieces | None:
    """The fields of a map that a pod or a container has; None where there are none.

    What both have is the container's, but a security context with fields that only a pod's has.
    """
    pod, of_pod = _renamed(value, pointer)
    container, of_container = _renamed(value, pointer, of_containers=True)
    ours = _taken(container, signs.OF_CONTAINERS) if with_container else {}
    theirs = _taken(pod, signs.OF_PODS)
    for name in ours.keys() & theirs.keys():
        if pod[name] is container[name]:
            whole = name == "securityContext" and signs.of_a_whole_pod(pod[name])
            (ours if whole else theirs).pop(name)
    if signs.is_split(container):
        ours.pop("image", None)
    if not (ours.keys() - {"name"} or theirs):
        return None
    moved = [(f"/spec/{path}", place) for path, place in of_pod]
    if ours:
        others = theirs.get("containers")
        before = others if isinstance(others, list) else []
        start = f"/spec/containers/{len(before)}"
        moved += [(f"{start}/{path}", place) for path, place in of_container]
        moved.append((start, pointer))
        theirs["containers"] = [*before, ours]
    return Pieces(pointer, theirs, metadata, tuple(sorted(moved, reverse=True)))


def _renamed(
    value: Json, pointer: str, *, of_containers: bool = False
) -> tuple[Json, list[tuple[str, str]]]:
    """A map with the fields that it has by other names, too; where each of those stands.

    Of two lists the elements are joined; a map by another name is meant for this side alone.
    """
    if value.keys().isdisjoint(_OTHER_NAMES):
        return value, []
    made, moved = dict(value), list[tuple[str, str]]()
    for other, (name, theirs) in _OTHER_NAMES.items():
        item = value.get(other)
        if theirs is not of_containers or item is None or not signs.fits(name, item):
            continue
        place, before = pointer + pointer_of((other,)), made.get(name)
        if isinstance(item, list) and isinstance(before, list):
            first = len(before)
            moved += [(f"{name}/{first + i}", f"{place}/{i}") for i in range(len(item))]
            made[name] = [*before, *item]
        else:
            moved.append((name, place))
            made[name] = item
    return made, moved


def _taken(value: Json, names: frozenset[str]) -> Json:
    return {name: item for name, item in value.items() if name in names and signs.fits(name, item)}


def _is_manifest(text: str) -> bool:
    return "apiVersion" in text and "kind" in text and _MANIFEST.match(text) is not None


def _is_object(value: Json) -> bool:
    """Whether a map is an object of its own, and more than the reference to one."""
    return (
        isinstance(value.get("apiVersion"), str)
        and isinstance(value.get("kind"), str)
        and ("spec" in value or "metadata" in value)
    )
