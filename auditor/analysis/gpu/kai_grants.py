"""Which pods have what of the GPUs that KAI or Run:ai shares on a node.

The pods of a group have the GPU of which its reservation pod says the UUID. KAI holds nobody to a
fraction, so whatever a pod writes, what separates it from others of its group is the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from auditor.analysis.gpu.declared import Declared, HeldPod, anywhere
from auditor.analysis.gpu.devices import parse_device
from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.kai import RESERVED, groups_of, is_fraction, refused, reserves
from auditor.analysis.gpu.shares import Certainty, Grant, Step
from auditor.late import late

ANY: Final = "any GPU that KAI or Run:ai shares"
_NAME: Final = late(r"[!-~]{1,120}")
_INDEX: Final = late(r"[0-9]{1,4}")


class _Reserved(msgspec.Struct, frozen=True):
    """The GPU of a group, the part of it, and what is wrong with that."""

    gpu: str
    path: tuple[Step, ...] = ()
    problem: str = ""


def kai_grants(pods: Sequence[HeldPod]) -> Iterator[Declared]:
    """Yield what pods of a node were given of its GPUs, and what they may have."""
    groups: defaultdict[str, set[_Reserved]] = defaultdict(set)
    sharing: list[tuple[HeldPod, Mechanism, str]] = []
    for pod in pods:
        if reserves(pod.origin.namespace, pod.use.written):
            for group in groups_of(pod.use.written):
                groups[group].add(_reserved(group, pod))
    for pod in pods:
        if reserves(pod.origin.namespace, pod.use.written) or not is_fraction(pod.use.written):
            continue
        named = groups_of(pod.use.written)
        for group in named:
            yield from _of_group(pod, group, groups)
        problem = "" if any(named) else "nothing says of which group it is"
        sharing.append((pod, Mechanism.FRACTION, problem))
    yield from anywhere(ANY, sharing)


def _reserved(group: str, pod: HeldPod) -> _Reserved:
    """Read which GPU a reservation pod has."""
    text = pod.use.written.get(RESERVED, "")
    if _NAME.fullmatch(text) is None:
        return _Reserved(_unknown(group), (), f"pod {pod.pod} does not say which GPU it has")
    if _INDEX.fullmatch(text):
        return _Reserved(f"index {int(text)}", (), "")
    device = parse_device(text)
    found = device.gpu or device.path[0].id
    kubelets = {parse_device(given) for _, given in pod.use.given}
    problem = ""
    if kubelets and device not in kubelets:
        problem = f"pod {pod.pod} says {text}, and the kubelet gave it another GPU"
    return _Reserved(found, device.path, problem)


def _unknown(group: str) -> str:
    return f"the GPU of group {group[:63]}"


def _of_group(pod: HeldPod, group: str, groups: Mapping[str, set[_Reserved]]) -> Iterator[Declared]:
    """Yield what a pod has by one of its groups."""
    if not group:
        return
    found = groups.get(group) or {
        _Reserved(_unknown(group), (), "no pod on the node reserves a GPU for the group")
    }
    wrong = refused(pod.use.written, (pod.use.asked,))
    several = "several pods reserve a GPU for the group" if len(found) > 1 else ""
    for each in sorted(found, key=lambda reserved: reserved.gpu):
        problems = [text for text in (each.problem, several, wrong) if text]
        certainty = Certainty.POSSIBLE if problems else Certainty.DECLARED
        grant = Grant(pod.tenant, pod.pod, certainty, Mechanism.FRACTION, each.path)
        note = f"pod {pod.pod}, group {group[:63]}: {'; '.join(problems)}" if problems else ""
        yield Declared(each.gpu, grant, pod.origin, note)
