"""What names the ConfigMap that the API server of OpenShift is configured by.

The ``APIServer`` named ``cluster`` does not say it, but every OpenShift has one, and what the
operator makes of it is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.controlplane.openshift import MAP
from auditor.analysis.loose import mapping
from auditor.platforms.kubernetes import API_SERVER_CONFIGURATION
from auditor.ports import Reference, References

_CONFIG_MAP: Final = "k8s/ConfigMap"
_RESOURCE: Final = "k8s/APIServer.config.openshift.io"
_NAME: Final = "cluster"


def _named_by_resource(body: bytes) -> Iterator[Reference]:
    try:
        metadata = mapping(mapping(msgspec.json.decode(body)).get("metadata"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if metadata.get("name") == _NAME:
        yield Reference(_CONFIG_MAP, *MAP, f"APIServer {_NAME}", API_SERVER_CONFIGURATION)


REFERENCES: Final[References] = MappingProxyType({_RESOURCE: _named_by_resource})
"""Which objects of a cluster name what OpenShift's operator keeps."""
