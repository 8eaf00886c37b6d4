"""What the annotations of a pod tell of HAMi or Volcano, put together, and what contradicts itself.

There may be several: what the scheduler planned, what the device plugin gave, and the MIG instances
that were made. They have to name the same devices, and the node that the pod is on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from auditor.analysis.gpu.hami import ALLOCATED, NODES, Slice, containers_of, held, template_slot
from auditor.analysis.gpu.hami_marks import INSTANCES, instances_of
from auditor.analysis.gpu.pods import LONGEST, PodUse
from auditor.late import late

_NAME: Final = late(r"[!-~]{1,120}")
"""What may be the id of a device."""


class Claim(msgspec.Struct, frozen=True):
    """A device that annotations name, and whether for longer than init containers run."""

    gpu: str
    part: str
    lasting: bool


class Story(msgspec.Struct, frozen=True):
    """What a pod's annotations tell, and what speaks against them as a whole."""

    claims: Sequence[Claim]
    problem: str
    broken: bool


def story_of(node: str, use: PodUse) -> Story:
    """Read what the annotations of a pod tell."""
    found: list[dict[str, bool]] = []
    problems: list[str] = []
    broken = False
    for name in (each for each in ALLOCATED if each in use.written):
        try:
            containers = _containers(use.written[name])
        except ValueError as error:
            broken = True
            problems.append(f"annotation {name} is not valid: {error}")
            continue
        if use.limits is not None and len(containers) > use.limits.containers:
            problems.append(f"annotation {name} is of more containers than the pod has")
        if containers:
            found.append(held(containers, use.limits.starting if use.limits is not None else ()))
    if any(each.keys() != found[0].keys() for each in found[1:]):
        problems.append("its annotations name different devices")
    elsewhere = [name for name in NODES if use.written.get(name, node) != node]
    problems += [f"annotation {name} says another node" for name in elsewhere]
    lasting: dict[str, bool] = {}
    for each in found:
        for uuid, stays in each.items():
            lasting[uuid] = lasting.get(uuid, False) or stays
    parts = _instances(use)
    claims = [Claim(*where, lasting[uuid]) for uuid in lasting for where in _parts(uuid, parts)]
    return Story(claims, "; ".join(problems), broken)


def _containers(text: str) -> list[list[Slice]]:
    """Read an annotation of a pod, without containers that have nothing at its end.

    Raises:
        ValueError: it is not valid, or names a device by what can't be an id.
    """
    if len(text) >= LONGEST:
        raise ValueError("it is too long")
    found = containers_of(text)
    while found and not found[-1]:
        found.pop()
    if any(_NAME.fullmatch(each.uuid) is None for container in found for each in container):
        raise ValueError("a device has no id")
    return found


def _instances(use: PodUse) -> dict[str, list[str]]:
    """Read the MIG instances that a pod says it has, of each GPU; what is not readable is none."""
    found: dict[str, list[str]] = {}
    text = use.written.get(INSTANCES, "")
    with suppress(ValueError):
        for each in instances_of(text) if len(text) < LONGEST else ():
            if each.gpu_instance is not None:
                found.setdefault(each.gpu, []).append(str(each.gpu_instance))
    return found


def _parts(uuid: str, instances: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield the GPU that an id is of, and the parts of it that a pod has; "" is not known."""
    gpu, slot = uuid, ""
    with suppress(ValueError):
        template, number = template_slot(uuid)
        gpu, slot = uuid.partition("[")[0], f"{template}-{number}"
    for part in sorted(set(instances.get(gpu, ()))) or [slot]:
        yield gpu, part
