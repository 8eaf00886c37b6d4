"""What a namespace or a pod says of its tenant, and the kinds of objects that tenants are seen by.

What keeps tenants apart, be it GPUs, networks or kernels, asks first whose a namespace is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from auditor.analysis.gpu.tenants import ADMIN_ACCESS, NamespaceMarks, TenantKey, names_in

NAMESPACE: Final = "k8s/Namespace"
NODE: Final = "k8s/Node"
POD: Final = "k8s/Pod"
RUNTIME: Final = "k8s/RuntimeClass"


class _Metadata(msgspec.Struct, gc=False):
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class _Marked(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None


_decode = msgspec.json.Decoder(_Marked).decode


def marks_of(body: bytes, keys: Sequence[TenantKey]) -> NamespaceMarks:
    """Take what a namespace says of its tenant.

    Raises:
        msgspec.DecodeError: its labels or annotations are not texts.
    """
    metadata = _decode(body).metadata or _Metadata()
    return NamespaceMarks(
        _named(metadata.labels, {*names_in(keys, "label"), *ADMIN_ACCESS}),
        _named(metadata.annotations, names_in(keys, "annotation")),
    )


def labels_of(body: bytes, names: Collection[str]) -> dict[str, str]:
    """Take the labels of an object that have some names, in order.

    Raises:
        msgspec.DecodeError: its labels or annotations are not texts.
    """
    return _named((_decode(body).metadata or _Metadata()).labels, names)


def _named(found: dict[str, str] | None, names: Collection[str]) -> dict[str, str]:
    return {name: value for name, value in sorted((found or {}).items()) if name in names}
