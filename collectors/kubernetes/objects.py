"""From decoded documents to resources: what a document is, whose it is, what it is called."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

import msgspec

from auditor.late import late
from auditor.model.enums import GapCause
from auditor.model.resource import Owner, Resource
from auditor.platforms import kubernetes as kinds
from auditor.secrets.marks import marker
from auditor.secrets.names import is_secret
from auditor.secrets.redact import redact_text
from collectors.documents.guards import Unreadable
from collectors.documents.recognise import Identities
from collectors.kubernetes.patches import is_patch


def kind_name(api_version: str, kind: str) -> str:
    """``k8s/Deployment`` for kinds of Kubernetes, ``k8s/RayCluster.ray.io`` for others."""
    return kinds.kind_name(api_version.rpartition("/")[0], kind)


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Whether a document claims to be a Kubernetes object."""
    return isinstance(value, dict) and "apiVersion" in value and "kind" in value


class _Reference(msgspec.Struct, gc=False):
    """One of ``metadata.ownerReferences``."""

    apiVersion: str = ""  # noqa: N815 - the field's name in the API
    kind: str = ""
    name: str = ""
    uid: str | None = None
    controller: bool | None = None


class Meta(msgspec.Struct, gc=False):
    """The part of ``metadata`` that names an object, of the right types."""

    name: str | None = None
    generateName: str | None = None  # noqa: N815 - the field's name in the API
    namespace: str | None = None
    uid: str | None = None
    labels: dict[str, str] | None = None
    ownerReferences: list[_Reference] | None = None  # noqa: N815 - the field's name in the API


_NO_META = Meta()
_OF_KUSTOMIZE: Final = ("Kustomization", "Component")

_UUID: Final = late("[0-9a-f-]{36}|")
MIRROR: Final = "kubernetes.io/config.mirror"
"""The annotation of a pod by which a kubelet shows one of its static pods: it removes others."""


class _Annotated(msgspec.Struct, gc=False):
    annotations: dict[str, object] | None = None


class _Placed(msgspec.Struct, gc=False):
    nodeName: str | None = None  # noqa: N815 - the field's name in the API


class _Pod(msgspec.Struct, gc=False):
    metadata: _Annotated | None = None
    spec: _Placed | None = None


_decode_pod = msgspec.json.Decoder(_Pod).decode


class Maker:
    """Makes the resources of one file; remembers identities, to tell twins apart.

    Attributes:
        patches: the lines of the objects that are partial for a directive in them.
    """

    def __init__(self, source: str, *, partial: bool | None = None) -> None:
        """``partial``: whether objects only change others; None: each says it by a directive."""
        self.patches: list[int] = []
        self._partial = partial
        self._source = source
        self._identities = Identities(source)
        self._kinds: dict[tuple[str, str], str] = {}

    def make(
        self,
        head: Mapping[str, Any],
        body: bytes,
        document: int,
        line: int,
        *,
        clean: bool,
    ) -> Resource:
        """Make a resource of ``{apiVersion, kind, metadata}`` and its JSON.

        Raises:
            Unreadable: a field that every object needs has another type.
        """
        api_version = _text(head, "", "apiVersion", line)
        kind = _text(head, "", "kind", line)
        full_kind = self._full_kind((api_version, kind), line)
        metadata = head.get("metadata")
        if metadata is None:
            metadata = {}
        if not isinstance(metadata, Mapping):
            raise _wrong("metadata", "an object", line)
        name = _text(metadata, "metadata", "name", line)
        if not name:
            generate = _text(metadata, "metadata", "generateName", line)
            name = f"{generate}*" if generate else ""
        namespace = _text(metadata, "metadata", "namespace", line)
        return Resource(
            kind=full_kind,
            api_version=api_version,
            name=name,
            namespace=namespace,
            uid=_plain(_text(metadata, "metadata", "uid", line))
            or self._identities.of(full_kind, namespace, name),
            source=self._source,
            document=document,
            line=line,
            body=body,
            labels=_labels(metadata, line),
            controller=_believed(_controller(metadata, namespace), body),
            clean=clean,
            partial=self._is_partial(body, line),
        )

    def named(
        self, head: tuple[str, str], meta: Meta | None, raw: bytes, document: int, line: int
    ) -> Resource:
        """As :meth:`make`, of ``(apiVersion, kind)`` and metadata that are right, not yet clean.

        Raises:
            Unreadable: it is not an object of a cluster.
        """
        api_version = head[0]
        meta = meta or _NO_META
        name = meta.name or (f"{meta.generateName}*" if meta.generateName else "")
        namespace = meta.namespace or ""
        full_kind = self._full_kind(head, line)
        controller = None
        for owner in meta.ownerReferences or ():
            if owner.controller and owner.apiVersion and owner.kind and owner.name:
                version = owner.apiVersion
                uid = _plain(owner.uid or "")
                controller = Owner(version, owner.kind, namespace, owner.name, uid)
                break
        return Resource(
            kind=full_kind,
            api_version=api_version,
            name=name,
            namespace=namespace,
            uid=_plain(meta.uid or "") or self._identities.of(full_kind, namespace, name),
            source=self._source,
            document=document,
            line=line,
            body=raw,
            labels=tuple(map(_label, meta.labels, meta.labels.values())) if meta.labels else (),
            controller=_believed(controller, raw),
            clean=False,
            partial=self._is_partial(raw, line),
        )

    def _full_kind(self, head: tuple[str, str], line: int) -> str:
        """What rules call a kind, of ``(apiVersion, kind)``; a file has few of them."""
        known = self._kinds.get(head)
        if known is None:
            _refuse_kustomization(*head, line)
            known = self._kinds[head] = _known_kind_name(*head)
        return known

    def _is_partial(self, body: bytes, line: int) -> bool:
        if self._partial is not None:
            return self._partial
        found = is_patch(body)
        if found:
            self.patches.append(line)
        return found


_known_kind_name = functools.lru_cache(1024)(kind_name)


def _refuse_kustomization(api_version: str, kind: str, line: int) -> None:
    """Refuse what tells kustomize how to make objects, and is none."""
    if kind in _OF_KUSTOMIZE and api_version.startswith("kustomize.config.k8s.io/"):
        raise Unreadable(
            GapCause.UNSUPPORTED,
            "a kustomization that was not rendered",
            "kubectl kustomize DIR | auditor scan -",
            line,
        )


def _text(fields: Mapping[str, Any], above: str, name: str, line: int) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _no_string(f"{above}.{name}".removeprefix("."), value, line)
    return value


def _no_string(field: str, value: object, line: int) -> Unreadable:
    """Say what a value is that has to be a string, and how it is written as one."""
    hint = "quote it"
    match value:
        case True:
            found, hint = "true, a boolean", "quote it: y, yes, on and true are true in YAML"
        case False:
            found, hint = "false, a boolean", "quote it: n, no, off and false are false in YAML"
        case int() | float():
            found = f"{value}, a number"
        case list():
            found, hint = "a list", "the API server takes a string alone"
        case _:
            found, hint = "a map", "the API server takes a string alone"
    pointer = f"/{field.replace('.', '/')}"
    detail = f"{field} is {found}, not a string"
    return Unreadable(GapCause.MALFORMED, detail, hint, line, pointer=pointer)


def _wrong(field: str, wanted: str, line: int) -> Unreadable:
    return Unreadable(GapCause.MALFORMED, f"{field} is not {wanted}", line=line)


def _labels(metadata: Mapping[str, Any], line: int) -> tuple[tuple[str, str], ...]:
    labels = metadata.get("labels")
    if labels is None:
        return ()
    if not isinstance(labels, Mapping):
        raise _wrong("metadata.labels", "an object", line)
    return tuple(_label(key, value) for key, value in labels.items() if isinstance(value, str))


@functools.lru_cache(4096)
def _label(key: str, value: str) -> tuple[str, str]:
    """A label without a secret: it is taken from an object that is not yet clean."""
    return (key, marker("by-name") if is_secret(key, value) else redact_text(value))


def _plain(uid: str) -> str:
    """As :func:`_label`, of an identity; one that a server gave needs no look."""
    return uid if _UUID.fullmatch(uid) else redact_text(uid)


def _believed(claimed: Owner | None, body: bytes) -> Owner | None:
    """The controller of a pod; a node is one only of the mirrors of its own static pods.

    Anybody may write a node into a pod. Only of a mirror the kubelet takes care, and its annotation
    alone does not say whose it is.
    """
    if claimed is None or (claimed.api_version, claimed.kind) != ("v1", "Node"):
        return claimed
    try:
        pod = _decode_pod(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    annotations = (pod.metadata.annotations if pod.metadata is not None else None) or {}
    node = pod.spec.nodeName if pod.spec is not None else None
    return claimed if MIRROR in annotations and node == claimed.name else None


def _controller(metadata: Mapping[str, Any], namespace: str) -> Owner | None:
    owners = metadata.get("ownerReferences")
    if not isinstance(owners, list):
        return None
    for owner in owners:
        if isinstance(owner, Mapping) and owner.get("controller") is True:
            fields = [owner.get(key) for key in ("apiVersion", "kind", "name", "uid")]
            if all(isinstance(field, str) and field for field in fields[:3]):
                version, kind, name, uid = (str(field or "") for field in fields)
                return Owner(version, kind, namespace, name, uid)
    return None
