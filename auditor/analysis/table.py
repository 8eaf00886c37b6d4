"""The table of analyses: a new one is a module of its own, with a maker, and one line here.

Modules are named, not imported: most runs call few of them (:mod:`auditor.analysis.unloaded`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.analysis.analyses import Table
from auditor.analysis.texts import ReadText, read_json
from auditor.analysis.unloaded import Place

if TYPE_CHECKING:
    from auditor.analysis.network.questions import Question


def _at(where: str, **given: object) -> Place:
    return Place(f"auditor.analysis.{where}", given)


def analyses(read: ReadText, asked: tuple[Question, ...] = ()) -> Table:
    """Make the table; ``read`` reads a text as YAML, and is a function of a module.

    ``asked`` are questions about what can reach what.
    """
    return Table(
        of_objects=(
            _at("workloads:PodTemplates", read=read),
            _at("docker.containers:Containers"),
            _at("docker.services:Services"),
            _at("docker.compose:ComposeServices"),
            _at("docker.builds:Builds"),
            _at("docker.releases:Releases"),
            _at("docker.engine_defaults:EngineDefaults"),
        ),
        joining=(
            _at("namespaces:make"),
            _at("accounts:make"),
            _at("grants:make"),
            _at("gpu.tenancy:make", read=read),
            _at("selections:make"),
            _at("secondary_networks:make"),
            _at("backends:make"),
            _at("listeners:make"),
            _at("gpu.sharing:make", read=read),
            _at("docker.gpus:DockerGpus"),
            _at("docker.host:HostFacts"),
            _at("vsphere.gpus:VsphereGpus"),
            _at("vsphere.access:VsphereAccess"),
            _at("estate.gpus:JoinedGpus"),
            _at("isolation.chains:make"),
            _at("controlplane.components:make", read=read),
            _at("network.checking:make"),
            _at("network.reach:make", asked=asked),
            _at("rights.listing:make"),
            _at("rights.effective:make"),
            _at("rights.powers:make"),
            _at("advisories.stack:make"),
            _at("advisories.age:make"),
            _at("images.joining:of_scanned"),
            _at("images.joining:of_uses"),
            _at("images.contents:Contents"),
            _at("images.setups:Setups"),
            _at("images.steps:Steps"),
            _at("auditing.facts:make", read=read),
            _at("auditing.logging:make", read=read),
            _at("nodes.seen:make", read=read),
            _at("admission.guards:make"),
            _at("admission.webhooks:make"),
        ),
        completing=(_at("completions:make"), _at("docker.joined:make")),
        given=f"{read.__module__}.{read.__qualname__} {asked!r}",
    )


ANALYSES: Final = analyses(read_json)
"""All that there are, with a reader of JSON alone; which of them a run has is an argument."""
