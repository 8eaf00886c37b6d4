"""Variables that a container takes over from ConfigMaps and Secrets, of which some lead to GPUs.

::

    Pod        envFrom: [{configMapRef: {name: c}}, {secretRef: {name: s}}]
    ConfigMap  c   data: {NVIDIA_VISIBLE_DEVICES: all}

The kubelet takes all that a source has, with its ``prefix`` before each name; a later source goes
before an earlier one, and a variable of ``env`` before all of them (``makeEnvironment``). So what
ConfigMaps say that were read decides, as far as no source after them is unread. Secrets are never
read. A source that is unread may have any name: where the NVIDIA runtime runs the pod, which heeds
the variable, that is a way that may be there; of other pods the matrix says how many there are.

Who writes ConfigMaps and Secrets: whoever may in the namespace, which a tenant may in its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

import msgspec

from auditor.analysis.gpu.bypass import VARIABLES, Way, is_admin, names_devices
from auditor.analysis.gpu.makers import NVIDIA
from auditor.analysis.gpu.podspec import Container, Spec
from auditor.analysis.gpu.shares import Certainty

_LONGEST: Final = 512


class Source(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An element of ``envFrom``; ``config_map`` is "" for a Secret, which is not read."""

    prefix: str
    config_map: str


class Taken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a container takes over: ``own`` are variables of ours that it sets itself.

    ``sure``: it has SYS_ADMIN and names a class of the NVIDIA runtime, which then heeds them.
    """

    at: str
    own: list[str]
    sources: list[Source]
    sure: bool


Known = Mapping[str, str]
"""What a ConfigMap says of GPUs: some of its keys, with their values."""


def taken_by(spec: Spec) -> Iterator[Taken]:
    """Find what the containers of a pod take over."""
    runtime = (spec.runtimeClassName or "").startswith("nvidia")
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for index, container in enumerate(getattr(spec, field) or ()):
            if container.envFrom:
                yield _of_container(container, f"/spec/{field}/{index}/envFrom", runtime=runtime)


def _of_container(container: Container, at: str, *, runtime: bool) -> Taken:
    own = sorted({each.name for each in container.env or ()} & VARIABLES.keys())
    sources = [
        Source(each.prefix or "", each.configMapRef.name if each.configMapRef else "")
        for each in container.envFrom or ()
    ]
    return Taken(at, own, sources, runtime and is_admin(container))


def variables_in(data: Mapping[str, object]) -> dict[str, str]:
    """Take of a ConfigMap what may be a variable that leads to GPUs, whatever the prefix."""
    return {
        key: value[:_LONGEST]
        for key, value in sorted(data.items())
        if isinstance(value, str) and key and any(name.endswith(key) for name in VARIABLES)
    }


class Answer(msgspec.Struct, frozen=True):
    """The ways that are sure to be opened, and where one may be that was not read."""

    ways: tuple[Way, ...]
    unread: tuple[str, ...]


def ways_from(
    taken: Collection[Taken], namespace: str, read: Mapping[tuple[str, str], Known]
) -> Answer:
    """Say which ways the sources of a pod open, by the ConfigMaps that were read."""
    ways: list[Way] = []
    unread: list[str] = []
    for each in taken:
        sources = [
            read.get((namespace, source.config_map)) if source.config_map else None
            for source in each.sources
        ]
        for name, gpus in VARIABLES.items():
            if name in each.own:
                continue
            found = _last(each, sources, name)
            if isinstance(found, int):
                unread.append(f"{each.at}/{found}")
            elif found is not None and names_devices(found[1]):
                certainty = Certainty.EXACT if each.sure else Certainty.POSSIBLE
                ways.append(Way("environment", certainty, f"{each.at}/{found[0]}", gpus))
    return Answer(tuple(ways), tuple(dict.fromkeys(unread)))


def _last(taken: Taken, sources: list[Known | None], name: str) -> tuple[int, str] | int | None:
    """Find the source that decides on a variable, and its value; its number alone if unread."""
    for index in reversed(range(len(sources))):
        known = sources[index]
        if known is None:
            return index
        prefix = taken.sources[index].prefix
        value = known.get(name.removeprefix(prefix)) if name.startswith(prefix) else None
        if value is not None:
            return index, value
    return None


def opened(found: Answer, *, heeded: bool) -> list[Way]:
    """List the ways that a pod has by what it takes over; ``heeded``: the NVIDIA runtime runs it.

    Then what was not read is a way that may be there.
    """
    unread = found.unread if heeded else ()
    return [*found.ways, *(Way("environment", Certainty.POSSIBLE, at, NVIDIA) for at in unread)]
