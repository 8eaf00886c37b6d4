"""The table of analyses: a new one is a module of its own, with a maker, and one line here."""

from __future__ import annotations

from functools import partial
from typing import Final

from auditor.analysis import (
    accounts,
    backends,
    completions,
    grants,
    listeners,
    namespaces,
    secondary_networks,
    selections,
)
from auditor.analysis.advisories import age, stack
from auditor.analysis.analyses import Table
from auditor.analysis.auditing import facts as audit_policies
from auditor.analysis.auditing import logging as audit_logging
from auditor.analysis.controlplane import components
from auditor.analysis.docker import joined
from auditor.analysis.docker.builds import Builds
from auditor.analysis.docker.compose import ComposeServices
from auditor.analysis.docker.containers import Containers
from auditor.analysis.docker.engine_defaults import EngineDefaults
from auditor.analysis.docker.gpus import DockerGpus
from auditor.analysis.docker.host import HostFacts
from auditor.analysis.docker.releases import Releases
from auditor.analysis.docker.services import Services
from auditor.analysis.estate.gpus import JoinedGpus
from auditor.analysis.gpu import sharing, tenancy
from auditor.analysis.images import joining
from auditor.analysis.images.contents import Contents
from auditor.analysis.images.setups import Setups
from auditor.analysis.images.steps import Steps
from auditor.analysis.isolation import chains
from auditor.analysis.network import checking, reach
from auditor.analysis.network.questions import Question
from auditor.analysis.nodes import seen
from auditor.analysis.rights import effective, listing, powers
from auditor.analysis.texts import ReadText, read_json
from auditor.analysis.vsphere.access import VsphereAccess
from auditor.analysis.vsphere.gpus import VsphereGpus
from auditor.analysis.workloads import PodTemplates


def analyses(read: ReadText, asked: tuple[Question, ...] = ()) -> Table:
    """Make the table; ``read`` reads a text as YAML, and is a function of a module.

    ``asked`` are questions about what can reach what.
    """
    return Table(
        of_objects=(
            partial(PodTemplates, read=read),
            *(Containers, Services, ComposeServices, Builds, Releases, EngineDefaults),
        ),
        joining=(
            *(namespaces.make, accounts.make, grants.make),
            partial(tenancy.make, read=read),
            *(selections.make, secondary_networks.make, backends.make, listeners.make),
            *(partial(sharing.make, read=read), DockerGpus, HostFacts),
            *(VsphereGpus, VsphereAccess, JoinedGpus),
            *(chains.make, partial(components.make, read=read)),
            *(checking.make, partial(reach.make, asked=asked)),
            *(listing.make, effective.make, powers.make, stack.make, age.make),
            *(joining.of_scanned, joining.of_uses, Contents, Setups, Steps),
            partial(audit_policies.make, read=read),
            partial(audit_logging.make, read=read),
            partial(seen.make, read=read),
        ),
        completing=(completions.make, joined.make),
        given=f"{read.__module__}.{read.__qualname__} {asked!r}",
    )


ANALYSES: Final = analyses(read_json)
"""All that there are, with a reader of JSON alone; which of them a run has is an argument."""
