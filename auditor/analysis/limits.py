"""What LimitRanges fill in: requests and limits that a container of a new pod does not have.

As the API server does it (defaults of ``LimitRangeItem`` and of ``Pod``, admission plugin
LimitRanger, Kubernetes 1.37)::

    an item of type Container     default          what it says, else its max
                                  defaultRequest   what it says, else default, else its min
    a container                   requests         what it says, else its own limits
                                  then limits      what it has, else default
                                  and requests     what it has, else defaultRequest

Zero is something that is said. Init containers are filled in too, ephemeral ones never. The server
takes one item of each type; in a file the last wins. Of several LimitRanges the first that has
something wins, in an order that nobody defines: here that of their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from auditor.analysis.completing import Spots
from auditor.analysis.loose import mapping
from auditor.analysis.paths import pointer_of
from auditor.model.fact import Spot

CONTAINERS: Final = ("initContainers", "containers")
_CONTAINER: Final = "Container"
_UNREAD: Final = {"cpu": "1", "memory": "1"}
"""What a LimitRange that was not read may fill in, for one."""

Resources = dict[str, tuple[object, str]]
"""By the name of a resource what is filled in, and where in the LimitRange it stands."""


class Defaults(msgspec.Struct, frozen=True):
    """What one LimitRange fills in: a quantity and its pointer, by the name of the resource."""

    limits: Resources
    requests: Resources

    @property
    def pointers(self) -> Sequence[str]:
        """Where it stands."""
        found = (*self.limits.values(), *self.requests.values())
        return sorted({pointer for _, pointer in found})


def defaults_of(body: object) -> Defaults:
    """Read a LimitRange; what is not of a type that the API server takes fills nothing in."""
    limits: Resources = {}
    requests: Resources = {}
    items = mapping(mapping(body).get("spec")).get("limits")
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if mapping(item).get("type") != _CONTAINER:
            continue
        said = {
            name: {
                resource: (value, pointer_of(("spec", "limits", str(index), name, resource)))
                for resource, value in mapping(item.get(name)).items()
            }
            for name in ("default", "defaultRequest", "max", "min")
        }
        of_item = {**said["max"], **said["default"]}
        limits |= of_item
        requests |= {**said["min"], **of_item, **said["defaultRequest"]}
    return Defaults(limits, requests)


def filled(
    spec: Mapping[str, object], ranges: Iterable[Defaults], first: int = 1
) -> tuple[dict[str, object], Spots]:
    """Fill in a pod's spec what LimitRanges do, in their order, and say where that was read.

    ``first`` is the number of the first of them among what the pod is related to.
    """
    spots: list[tuple[str, Spot | None]] = []
    made = dict(spec)
    known = list(ranges)
    for field in CONTAINERS:
        containers = spec.get(field)
        if isinstance(containers, list):
            made[field] = [
                _container(each, f"/spec/{field}/{index}", known, first, spots)
                for index, each in enumerate(containers)
            ]
    return made, tuple(spots)


def unread(spec: Mapping[str, object]) -> dict[str, object]:
    """The same with what a LimitRange that nobody read may fill in."""
    anything: Resources = {name: (value, "") for name, value in _UNREAD.items()}
    return filled(spec, [Defaults(anything, anything)])[0]


def _container(
    container: object,
    pointer: str,
    ranges: Sequence[Defaults],
    first: int,
    spots: list[tuple[str, Spot | None]],
) -> object:
    """A container with what is filled in; one that the API server would refuse stays as it is."""
    if not isinstance(container, dict):
        return container
    resources = container.get("resources")
    if resources is None:
        resources = {}
    if not isinstance(resources, dict):
        return container
    found = {name: resources.get(name) or {} for name in ("limits", "requests")}
    if not all(isinstance(each, dict) for each in found.values()):
        return container
    made = {name: dict(own) for name, own in found.items()}
    said = {"limits": set(found["limits"]), "requests": {*found["limits"], *found["requests"]}}
    for number, each in enumerate(ranges, first):
        for name, defaults in (("limits", each.limits), ("requests", each.requests)):
            for resource, (value, at) in defaults.items():
                if resource not in said[name]:
                    said[name].add(resource)
                    made[name][resource] = value
                    place = pointer + pointer_of(("resources", name, resource))
                    spots.append((place, Spot(number, at)))
    filled_in = {name: own for name, own in made.items() if own or name in resources}
    return {**container, "resources": {**resources, **filled_in}} if filled_in else container
