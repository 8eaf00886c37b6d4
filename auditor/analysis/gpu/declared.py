"""What schedulers write down of who has which GPU, and how far that is believed.

An annotation of a pod is the word of a scheduler, who does not hand out devices, and whoever may
patch the pod may replace it. So it is *declared*; it is *possible* where anything contradicts it,
with a note that says what, and *exact* only where the kubelet names the same device.

It also must never help its writer: a tenant who names a device that nobody else has would vanish
from the one that it shares. So what a pod may have is told beside it, whatever its annotations say:
a row of its own for the GPUs that a scheduler divides on a node, in which every pod that it gave
something to is *possible*. A grant only ever adds to what tenants share (:func:`shares.shares`
takes the weakest), so with an annotation a tenant never stands better than without.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.makers import NVIDIA
from auditor.analysis.gpu.pods import PodUse
from auditor.analysis.gpu.shares import Certainty, Grant
from auditor.model.fact import Origin


class HeldPod(msgspec.Struct, frozen=True):
    """A pod of a node: whose it is, ``namespace/name``, and what it has."""

    tenant: str
    pod: str
    origin: Origin
    use: PodUse


class Declared(msgspec.Struct, frozen=True):
    """A pod has something of a GPU, as was written down; ``note`` says what is wrong with that.

    ``resource`` is how the resources of its maker begin.
    """

    gpu: str
    grant: Grant
    origin: Origin
    note: str = ""
    product: str = ""
    resource: str = NVIDIA


def anywhere(gpu: str, pods: Iterable[tuple[HeldPod, Mechanism, str]]) -> Iterator[Declared]:
    """Say of pods that they may have any of the GPUs that a scheduler divides on their node.

    Each comes with the mechanism, and with what is wrong with what was written of it, "" for
    nothing. Nothing is said of pods of one tenant, unless something is wrong with one.
    """
    every = list(pods)
    if len({pod.tenant for pod, _, _ in every}) < 2 and not any(note for _, _, note in every):
        return
    for pod, mechanism, note in every:
        grant = Grant(pod.tenant, pod.pod, Certainty.POSSIBLE, mechanism)
        yield Declared(gpu, grant, pod.origin, f"pod {pod.pod}: {note}" if note else "")
