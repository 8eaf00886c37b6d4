"""What each machine of a host has of which of its GPUs.

::

    h1     3b:00.0   sharedDirect, used by vm-1        vm-1   vGPU           on 3b:00.0, exact
           5e:00.0   sharedDirect, used by nobody      vm-2   vGPU           on 5e:00.0, possible
           af:00.0   direct                            vm-3   DirectPath     af:00.0, exact
                                                       vm-4   DirectPath,    a GPU of its own that
                                                              no address     nobody tells, possible

Which GPU a vGPU is on only the host says. Where it names a machine on no GPU, each that is given
out in parts may be it, which is possible and not exact.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

import msgspec

from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.shares import Certainty, Step
from auditor.analysis.vsphere.devices import UNKNOWN, Gpu, Host, Machine

GONE: Final = "machine that was not read"
"""By what one is a tenant that only its host names."""


class Seat(msgspec.Struct, frozen=True):
    """What a machine has of a GPU: all of it, or the part that a path leads to.

    ``by_host``: the host tells of it, and not the machine's own configuration.
    """

    gpu: str
    machine: Machine
    certainty: Certainty
    path: tuple[Step, ...]
    by_host: bool = False


def seats_on(host: Host, machines: Iterable[Machine]) -> Iterator[Seat]:
    """Yield what machines have of the GPUs of their host, machine by machine."""
    known = {gpu.pci for gpu in host.gpus}
    for machine in machines:
        hidden = 0
        for each in machine.whole:
            if each.pci in known or (each.pci and each.of_a_maker):
                known.add(each.pci)
                yield Seat(each.pci, machine, Certainty.EXACT, ())
            elif not each.pci and each.of_a_maker:
                hidden += 1
                name = f"{UNKNOWN} ({hidden} of {machine.moid})"
                yield Seat(name, machine, Certainty.POSSIBLE, ())
        if machine.profiles:
            yield from _parts(host, machine)
        elif not machine.has_devices:
            yield from _only_named(host, machine)


def _parts(host: Host, machine: Machine) -> Iterator[Seat]:
    """Yield the GPUs that the vGPUs of a machine are on, or may be on."""
    named = [gpu for gpu in host.gpus if machine.moid in gpu.machines]
    certainty = Certainty.EXACT if named else Certainty.POSSIBLE
    gpus = named or [gpu for gpu in host.gpus if gpu.shared]
    for gpu in gpus:
        path = (Step(_mechanism(machine, gpu), machine.moid),)
        yield Seat(gpu.pci, machine, certainty, path, by_host=True)
    if not gpus:
        mechanism = Mechanism.VGPU_MIG if machine.mig else Mechanism.VGPU_TIME_SLICED
        yield Seat(UNKNOWN, machine, Certainty.POSSIBLE, (Step(mechanism, machine.moid),))


def _only_named(host: Host, machine: Machine) -> Iterator[Seat]:
    """Yield the GPUs that a machine is on by its host alone.

    Whose a machine is that nobody could read is not known, so that it shares is possible.
    """
    certainty = Certainty.POSSIBLE if machine.key == GONE else Certainty.EXACT
    for gpu in host.gpus:
        if machine.moid in gpu.machines:
            whole = not (gpu.shared or gpu.drawn)
            path = () if whole else (Step(_mechanism(machine, gpu), machine.moid),)
            yield Seat(gpu.pci, machine, certainty, path, by_host=True)


def _mechanism(machine: Machine, gpu: Gpu) -> Mechanism:
    """By what a GPU is shared; one that the host draws with runs on its one driver."""
    if gpu.drawn:
        return Mechanism.TIME_SLICING
    apart = gpu.mig if machine.mig is None else machine.mig
    return Mechanism.VGPU_MIG if apart else Mechanism.VGPU_TIME_SLICED


def unread(host: Host, left: Collection[str]) -> Iterator[Machine]:
    """Yield a stand-in for each machine that a host names on a GPU and that is ``left``."""
    for moid in sorted({moid for gpu in host.gpus for moid in gpu.machines}.intersection(left)):
        yield Machine(
            moid=moid,
            host=host.moid,
            tenant=f"{moid} (not read)",
            key=GONE,
            pod=moid,
            profiles=(),
            whole=(),
        )
