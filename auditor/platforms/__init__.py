"""The platforms: one file each, pure data, and one table."""

from __future__ import annotations

from typing import Final

from auditor.platforms.accelerators import ACCELERATORS
from auditor.platforms.docker import DOCKER
from auditor.platforms.files import FILES
from auditor.platforms.images import IMAGES
from auditor.platforms.isolation import ISOLATION
from auditor.platforms.kubernetes import KUBERNETES
from auditor.platforms.network import NETWORK
from auditor.platforms.platform import Platform, Platforms
from auditor.platforms.stack import STACK
from auditor.platforms.vsphere import VSPHERE

__all__ = ("PLATFORMS", "Platform", "Platforms")

PLATFORMS: Final = Platforms(
    (KUBERNETES, DOCKER, VSPHERE, ACCELERATORS, ISOLATION, NETWORK, STACK, IMAGES, FILES)
)
"""All that there are; which of them a run knows is an argument."""
