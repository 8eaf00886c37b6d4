"""Who says which files are read and whose a document is: a function and a line of the table each.

A recogniser is made when files are read, so that nothing is imported before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collectors.documents.recognise import Recogniser


def _manifests() -> Recogniser:
    from collectors.kubernetes.manifests.recogniser import MANIFESTS

    return MANIFESTS


def _node_probes() -> Recogniser:
    from collectors.kubernetes.node.recogniser import NODE_PROBES

    return NODE_PROBES


def _metrics() -> Recogniser:
    from collectors.kubernetes.metrics.recogniser import ApiServerMetrics

    return ApiServerMetrics()


def _flagz() -> Recogniser:
    from collectors.kubernetes.flagz.recogniser import Flagz

    return Flagz()


def _compose() -> Recogniser:
    from collectors.docker.compose.recogniser import COMPOSE

    return COMPOSE


def _dockerfiles() -> Recogniser:
    from collectors.docker.dockerfile.recogniser import DOCKERFILES

    return DOCKERFILES


def _inventories() -> Recogniser:
    from collectors.vsphere.saved.recogniser import INVENTORIES

    return INVENTORIES


def _managed() -> Recogniser:
    from collectors.kubernetes.managed.recogniser import ManagedClusters

    return ManagedClusters()


def _image_documents() -> Recogniser:
    from collectors.images.recogniser import IMAGE_DOCUMENTS

    return IMAGE_DOCUMENTS


RECOGNISERS: Final[tuple[Callable[[], Recogniser], ...]] = (
    _manifests,
    _node_probes,
    _metrics,
    _flagz,
    _compose,
    _dockerfiles,
    _inventories,
    _managed,
    _image_documents,
)
"""The first that takes a document has it."""
