"""Which pods have what of the GPUs that HAMi or Volcano divide on a node.

The mechanism is that of the node's register (``hami-core``, ``mig``, ``mps``), which tenants do not
write; what a pod says of its mode can only weaken it. A container that no limit of the library
holds takes turns with the others, and no more (:mod:`hami_limits`).

HAMi's plugin names a device to the kubelet ``<uuid>-<n>``, and mounts the device of the annotation
whatever the kubelet chose. So what the kubelet says is no more than declared here, and is exact
where the annotation says the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from auditor.analysis.gpu.accelerators import Sort, offered_as
from auditor.analysis.gpu.declared import Declared, HeldPod, anywhere
from auditor.analysis.gpu.hami import ALLOCATED, MODES, Registered, registered
from auditor.analysis.gpu.hami_marks import may_use, may_use_model
from auditor.analysis.gpu.hami_story import Claim, Story, story_of
from auditor.analysis.gpu.isolation import Mechanism, weakest_of
from auditor.analysis.gpu.nodes import NodeRow
from auditor.analysis.gpu.pods import PodUse
from auditor.analysis.gpu.shares import Certainty, Grant, Step

ANY: Final = "any GPU that HAMi or Volcano divides"
_MECHANISMS: Final = {
    "": Mechanism.SOFT_SLICE,
    "hami-core": Mechanism.SOFT_SLICE,
    "mig": Mechanism.MIG,
    "mps": Mechanism.MPS,
}


class Register(msgspec.Struct, frozen=True):
    """What a node registers: its devices by id; ``problem`` where that can't be read.

    ``known``: the node was read, so what it does not register it does not have.
    """

    devices: Mapping[str, Registered]
    problem: str
    known: bool

    @property
    def divides(self) -> bool:
        """Whether the node gives out parts of devices."""
        return bool(self.devices or self.problem)

    def given(self, text: str) -> str:
        """Find the device of which a kubelet gave a part, by the plugin's id; "" for others."""
        whole = text.partition("::")[0]
        return next(
            (each for each in (whole, whole.rpartition("-")[0]) if each in self.devices), ""
        )


def register_of(row: NodeRow | None) -> Register:
    """Read the register of a node."""
    if row is None:
        return Register({}, "", known=False)
    try:
        found = registered(row.annotations)
    except ValueError as error:
        return Register({}, f"the register of the node is not valid: {error}", known=True)
    return Register({each.id: each for each in found}, "", known=True)


def hami_grants(node: str, register: Register, pods: Sequence[HeldPod]) -> Iterator[Declared]:
    """Yield what pods of a node were given of its GPUs, and what they may have."""
    concerned = [
        (pod, story_of(node, pod.use))
        for pod in pods
        if any(name in pod.use.written for name in ALLOCATED)
        or (register.divides and any(map(_may_divide, pod.use.asked)))
    ]
    if not concerned:
        return
    parts = Counter((claim.gpu, claim.part) for _, story in concerned for claim in story.claims)
    modes = {_mechanism(each.mode) for each in register.devices.values()}
    usual = weakest_of(modes or {Mechanism.SOFT_SLICE})
    loose: list[tuple[HeldPod, Mechanism, str]] = []
    for pod, story in concerned:
        kubelets = {gpu for _, text in pod.use.given if (gpu := register.given(text))}
        believed = set()
        for claim in story.claims:
            twice = bool(claim.part) and parts[claim.gpu, claim.part] > 1
            said = _claimed(pod, story, claim, register, kubelets, twice=twice)
            if said.grant.certainty is not Certainty.POSSIBLE:
                believed.add(claim.gpu)
            yield said
        for gpu in sorted(kubelets - believed):
            device = register.devices[gpu]
            mechanism = _held_to(pod.use, _mechanism(device.mode))
            grant = Grant(pod.tenant, pod.pod, Certainty.DECLARED, mechanism)
            yield Declared(gpu, grant, pod.origin, _why_off(pod), device.type)
        if story.broken or not _told(pod.use, register):
            problem = story.problem or register.problem
            loose.append((pod, _held_to(pod.use, usual), problem))
    yield from anywhere(ANY, loose)


def _claimed(
    pod: HeldPod,
    story: Story,
    claim: Claim,
    register: Register,
    kubelets: Collection[str],
    *,
    twice: bool,
) -> Declared:
    """Weigh a device that annotations name against everything else that is known."""
    device = register.devices.get(claim.gpu)
    mechanism = _mechanism(device.mode) if device is not None else Mechanism.SOFT_SLICE
    wanted = {_mechanism(pod.use.written[name]) for name in MODES if pod.use.written.get(name)}
    problems = [story.problem] if story.problem else []
    problems += _against(pod.use, claim, register, kubelets)
    if not wanted <= {mechanism}:
        problems.append("the node divides the device by another mode than the pod says")
        mechanism = weakest_of((mechanism, *wanted))
    if twice:
        problems.append(f"another pod names the instance {claim.part} as well")
        mechanism = Mechanism.UNKNOWN
    certainty = Certainty.DECLARED
    if problems or not claim.lasting:
        certainty = Certainty.POSSIBLE
    elif claim.gpu in kubelets:
        certainty = Certainty.EXACT
    path = (Step(Mechanism.MIG, claim.part),) if mechanism is Mechanism.MIG else ()
    grant = Grant(pod.tenant, pod.pod, certainty, _held_to(pod.use, mechanism), path)
    note = f"pod {pod.pod}: {'; '.join(problems)}" if problems else _why_off(pod)
    return Declared(claim.gpu, grant, pod.origin, note, device.type if device is not None else "")


def _against(
    use: PodUse, claim: Claim, register: Register, kubelets: Collection[str]
) -> Iterator[str]:
    """Yield what speaks against a pod having a device."""
    device = register.devices.get(claim.gpu)
    if device is None and register.known:
        yield register.problem or "the register of the node does not have the device"
    if kubelets and claim.gpu not in kubelets:
        yield f"the kubelet gave {', '.join(sorted(kubelets))}"
    if not may_use(use.written, claim.gpu):
        yield "the pod's own annotations exclude the device"
    if device is not None and not may_use_model(use.written, device.type):
        yield "the pod's own annotations exclude the model"


def _may_divide(resource: str) -> bool:
    """Whether HAMi may divide GPUs of NVIDIA's under a name: under those of other makers, none."""
    return offered_as(resource).sort in (Sort.NONE, Sort.UNKNOWN)


def _mechanism(mode: str) -> Mechanism:
    return _MECHANISMS.get(mode, Mechanism.UNKNOWN)


def _held_to(use: PodUse, mechanism: Mechanism) -> Mechanism:
    """Weaken a slice of which no limit holds the pod to it."""
    off = use.limits is not None and use.limits.off
    return Mechanism.TIME_SLICING if off and mechanism is Mechanism.SOFT_SLICE else mechanism


def _why_off(pod: HeldPod) -> str:
    off = pod.use.limits.off if pod.use.limits is not None else []
    return f"no limit holds pod {pod.pod}: {'; '.join(off)}" if off else ""


def _told(use: PodUse, register: Register) -> bool:
    """Say whether the kubelet tells every device that a pod asks for."""
    given = Counter(resource for resource, text in use.given if register.given(text))
    return bool(use.asked) and all(given[name] >= count for name, count in use.asked.items())
