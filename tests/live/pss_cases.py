"""Pods that explore every field that the Pod Security Standards look at, singly and mixed.

A case is a base pod with edits. All of it is data, so that a disagreement names the edits that
cause it.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.live.pss_edits import Edit, Json, Where, context_edits, edits, null_edits


@dataclass(frozen=True, slots=True)
class Case:
    """One pod: a base by name, and the edits."""

    base: str
    edits: tuple[Edit, ...]

    def __str__(self) -> str:
        return f"{self.base} + [{', '.join(map(str, self.edits))}]"

    @property
    def ephemeral(self) -> bool:
        """Whether it is asked by the subresource that adds ephemeral containers to a pod."""
        return any(edit.where is Where.EPHEMERAL for edit in self.edits)

    def pod(self) -> Json:
        """The pod as a manifest."""
        pod = copy.deepcopy(dict(BASES[self.base]))
        for edit in self.edits:
            _apply(pod, edit)
        return pod


def _hardened_context() -> Json:
    return {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def _pod(spec: Json, *, container: Json | None = None) -> Json:
    image: Json = {"image": "registry.invalid/a:1"}
    sections: Json = {} if container is None else {"securityContext": container}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "asked"},
        "spec": {
            **spec,
            "initContainers": [{"name": "setup", **image, **copy.deepcopy(sections)}],
            "containers": [{"name": "main", **image, **copy.deepcopy(sections)}],
        },
    }


_HARDENED: Json = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
_WINDOWS: Json = {"os": {"name": "windows"}}

BASES: Mapping[str, Json] = {
    "plain": _pod({}),
    "hardened": _pod({"securityContext": _HARDENED}, container=_hardened_context()),
    "user-namespace": _pod({"hostUsers": False}),
    "hardened-user-namespace": _pod(
        {"hostUsers": False, "securityContext": _HARDENED}, container=_hardened_context()
    ),
    "windows": _pod(_WINDOWS),
    "hardened-windows": _pod({**_WINDOWS, "securityContext": {"runAsNonRoot": True}}),
}

PERMANENT = ("hardened", "hardened-user-namespace")
"""Bases that every level and version admits; ephemeral containers are added to these."""

_UNTOUCHED_BY_WINDOWS = frozenset(
    {"hostNetwork", "volumes", "runAsNonRoot", "hostProcess", "ports", "restartPolicy"}
    | {"livenessProbe", "readinessProbe", "startupProbe", "postStart", "preStop"}
)
_SIDECAR_ONLY = frozenset({"livenessProbe", "readinessProbe", "startupProbe", "lifecycle"})
_HOST_NAMESPACES = frozenset({"hostNetwork", "hostPID", "hostIPC"})
_USER_NAMESPACE_MATTERS = frozenset({"procMount", "runAsNonRoot", "runAsUser"})


def single_cases() -> Iterator[Case]:
    """Every edit alone, on a pod that violates little and on one that violates much."""
    for base in BASES:
        yield Case(base, ())
    for edit in (*edits(), *null_edits()):
        for base in BASES:
            plain = base in {"plain", "hardened"}
            user = "user" in base and edit.path[-1] in _USER_NAMESPACE_MATTERS
            windows = "windows" in base and edit.path[-1] in _UNTOUCHED_BY_WINDOWS
            if plain or user or windows:
                yield _valid(base, (edit,))
    for edit in context_edits(Where.EPHEMERAL):
        for base in PERMANENT:
            yield Case(base, (edit,))


def mixed_cases(seed: int, count: int) -> Iterator[Case]:
    """Random mixtures of two to five edits on any base."""
    chance = random.Random(seed)
    ordinary = (*edits(), *null_edits())
    of_windows = tuple(edit for edit in ordinary if edit.path[-1] in _UNTOUCHED_BY_WINDOWS)
    ephemeral = tuple(context_edits(Where.EPHEMERAL))
    for _ in range(count):
        size = chance.randint(2, 5)
        base = chance.choice(tuple(BASES))
        if base in PERMANENT and chance.random() < 0.3:  # one case in ten
            yield Case(base, tuple(chance.sample(ephemeral, size)))
        else:
            table = of_windows if "windows" in base else ordinary
            yield _valid(base, chance.sample(table, size))


def _valid(base: str, chosen: Sequence[Edit]) -> Case:
    """Change what would make the server refuse the pod before it looks at the standards."""
    found = list(chosen)
    for edit in chosen:
        found += _needs(edit)
    if any(edit == Edit(Where.SPEC, ("hostUsers",), value=False) for edit in found):
        found = [edit for edit in found if edit.path[-1] not in _HOST_NAMESPACES]
    if "user" in base:
        found = [edit for edit in found if edit.path[-1] not in _HOST_NAMESPACES]
    return Case(base, tuple(found))


def _needs(edit: Edit) -> Iterator[Edit]:
    """What the server requires of a pod that has this edit."""
    match edit.path[-1], edit.value:
        case "procMount", "Unmasked":
            yield Edit(Where.SPEC, ("hostUsers",), value=False)
        case "hostProcess", True:
            yield Edit(Where.SPEC, ("hostNetwork",), value=True)
            if edit.where is not Where.SPEC:
                for where in (Where.CONTAINER, Where.INIT):
                    yield Edit(where, edit.path, value=True)
        case ("privileged", True) | ("add", ["SYS_ADMIN" | "CAP_SYS_ADMIN"]):
            yield Edit(edit.where, ("securityContext", "allowPrivilegeEscalation"), value=True)
        case _:
            pass
    if edit.where is Where.INIT and edit.path[0] in _SIDECAR_ONLY:
        yield Edit(Where.INIT, ("restartPolicy",), "Always")


def _apply(pod: Json, edit: Edit) -> None:
    target = _target(pod, edit.where)
    for name in edit.path[:-1]:
        target = _child(target, name)
    last = edit.path[-1]
    there = target.get(last)
    value = copy.deepcopy(edit.value)
    target[last] = there + value if isinstance(there, list) and isinstance(value, list) else value


def _target(pod: Json, where: Where) -> Json:
    match where:
        case Where.METADATA:
            return _child(pod, "metadata")
        case Where.SPEC:
            return _child(pod, "spec")
        case Where.CONTAINER:
            return _first(pod, "containers")
        case Where.INIT:
            return _first(pod, "initContainers")
        case Where.EPHEMERAL:
            debug = {"name": "debug", "image": "registry.invalid/a:1"}
            added = [{**debug, "securityContext": _hardened_context()}]
            _child(pod, "spec").setdefault("ephemeralContainers", added)
            return _first(pod, "ephemeralContainers")


def _first(pod: Json, kind: str) -> Json:
    listed = _child(pod, "spec")[kind]
    assert isinstance(listed, list)
    first: Json = listed[0]
    return first


def _child(parent: Json, name: str) -> Json:
    """The object under a name, made where there is none or null."""
    child = parent.get(name)
    if child is None:
        child = parent[name] = {}
    assert isinstance(child, dict)
    return child
