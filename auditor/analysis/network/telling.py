"""What decides a connection, as results tell it: policies and rules by their names and places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from auditor.analysis.network.explaining import Says, Step, explained
from auditor.analysis.network.gathering import Kind
from auditor.analysis.network.network import Network
from auditor.analysis.network.policies import Direction
from auditor.analysis.network.summaries import ELSEWHERE, Reached, Summaries, Zone
from auditor.late import late
from auditor.model.reach import (
    TENANTS,
    DirectionReach,
    Neighbours,
    PlaceReached,
    PolicyStep,
)

SHOWN: Final = 20
"""How many names and ranges of ports are listed."""
SHOWN_STEPS: Final = 12
_INDEX: Final = late(r"\.([0-9]+)")


def path_of(pointer: str) -> str:
    """Write a JSON pointer as people do: ``spec.ingress[0]``."""
    return _INDEX.sub(r"[\1]", pointer.lstrip("/").replace("/", "."))


def step_of(step: Step) -> PolicyStep:
    """Tell one step."""
    return PolicyStep(
        direction=step.direction.value,
        says=step.says.value,
        policy="" if step.policy is None else str(step.policy),
        rule=path_of(step.rule),
        sure=step.sure,
        why=step.why,
    )


def steps_of(network: Network, source: int, target: int, ports: int) -> tuple[PolicyStep, ...]:
    """Tell what decides whether an end can open a connection to another."""
    found = explained(network, source, target, ports)
    return tuple(map(step_of, _worth(found)[:SHOWN_STEPS]))


def _worth(steps: Sequence[Step]) -> list[Step]:
    """Leave out that policies isolate an end where a rule accepts for sure: it says as much."""
    accepting = {step.direction for step in steps if step.says is Says.ACCEPTS and step.sure}
    return [
        step for step in steps if step.says is not Says.ISOLATES or step.direction not in accepting
    ]


class Telling:
    """Tells summaries of pods."""

    def __init__(self, summaries: Summaries, kinds: Iterable[Kind]) -> None:
        self._summaries = summaries
        self._network = summaries.network
        self._kinds = {each.number: each for each in kinds}

    def direction(self, pod: int, direction: Direction) -> DirectionReach:
        """Tell one direction of the pods of an end."""
        summary = self._summaries.of(pod, self._kinds[pod].namespace)
        side = summary.ingress if direction is Direction.INGRESS else summary.egress
        about = [
            str(each.policy)
            for each in self._network.selecting(pod)
            if each.policy.doubt or each.policy.rules(direction) is not None
        ]
        return DirectionReach(
            default=side.default.value,
            policies=tuple(about[:SHOWN]),
            peers=tuple(self._zone(pod, direction, zone) for zone in side.zones),
            places=tuple(self._place(pod, each) for each in side.places),
        )

    def ports(self, mask: int) -> tuple[str, ...]:
        """Write a set of ports."""
        return tuple(map(str, self._network.ports.ranges(mask)[:SHOWN]))

    def name(self, end: int) -> str:
        """Name an end: a workload of a pod, a node, addresses."""
        ends = self._network.ends
        if end < ends.pods_count:
            kind = self._kinds[end]
            named = next(iter(kind.workloads), "")
            return f"{kind.namespace}/{named}" if named else ELSEWHERE
        if end < ends.first_outside:
            names = self._summaries.node_names[end - ends.pods_count]
            return f"node {names[0]}" if len(names) == 1 else f"{len(names)} nodes"
        return str(self._network.addresses.pieces[end - ends.first_outside])

    def _zone(self, pod: int, direction: Direction, zone: Zone) -> Neighbours:
        found = self._summaries.example(pod, direction, zone.ends)
        example, steps = "", tuple[PolicyStep, ...]()
        if found is not None:
            ports, other = found
            example = self.name(other)
            pair = (other, pod) if direction is Direction.INGRESS else (pod, other)
            steps = steps_of(self._network, *pair, ports)
        names = self._summaries.tenants_in(zone.ends) if zone.name == TENANTS else []
        return Neighbours(
            zone=zone.name,
            ports=self.ports(zone.sure),
            perhaps=self.ports(zone.possible & ~zone.sure),
            names=tuple(names[:SHOWN]),
            more_names=max(len(names) - SHOWN, 0),
            anyone=self.ports(zone.anyone & zone.sure),
            example=example,
            steps=steps,
        )

    def _place(self, pod: int, reached: Reached) -> PlaceReached:
        return PlaceReached(
            place=reached.place.name,
            of=reached.place.of,
            ports=self.ports(reached.sure),
            perhaps=self.ports(reached.possible & ~reached.sure),
            steps=steps_of(self._network, pod, reached.end, reached.sure or reached.possible),
        )
