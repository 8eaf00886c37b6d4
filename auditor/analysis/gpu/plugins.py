"""Plugins that are told how often to give out a device: what starts them, and on which nodes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.makers import INTEL
from auditor.analysis.loose import elements, mapping, strings


class Sharing(msgspec.Struct, frozen=True):
    """How often a plugin gives out each GPU, on nodes that have all labels of ``selector``.

    ``gpus`` is how the resources of its maker begin, ``mechanism`` what keeps users apart.
    """

    times: int
    selector: dict[str, str] = {}
    gpus: str = INTEL
    mechanism: str = Mechanism.TIME_SLICING.value

    def runs_on(self, labels: Mapping[str, str]) -> bool:
        """Say whether a node with such labels has the plugin."""
        return all(labels.get(name) == value for name, value in self.selector.items())


def selector_of(spec: Mapping[str, object]) -> dict[str, str]:
    """Take the labels that a node needs for a plugin to run there."""
    pairs = mapping(spec.get("nodeSelector")).items()
    return {name: value for name, value in pairs if isinstance(value, str)}


def containers_in(spec: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the containers of a pod's spec that are no init containers."""
    return [mapping(each) for each in elements(spec.get("containers"))]


def arguments_of(container: Mapping[str, object]) -> tuple[str, ...]:
    """Return what a container is started with."""
    return (*strings(container.get("command")), *strings(container.get("args")))
