"""Pods of a list, in the parts that are kept apart: their own, and the spec that others share."""

from __future__ import annotations

from typing import Final

import msgspec

_ABSENT: Final = msgspec.Raw(b"")


class PodMeta(
    msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, rename="camel", gc=False
):
    """``metadata`` (ObjectMeta, meta/v1), each field as it came, in the order that Go writes."""

    name: msgspec.Raw = _ABSENT
    generate_name: msgspec.Raw = _ABSENT
    namespace: msgspec.Raw = _ABSENT
    self_link: msgspec.Raw = _ABSENT
    uid: msgspec.Raw = _ABSENT
    resource_version: msgspec.Raw = _ABSENT
    generation: msgspec.Raw = _ABSENT
    creation_timestamp: msgspec.Raw = _ABSENT
    deletion_timestamp: msgspec.Raw = _ABSENT
    deletion_grace_period_seconds: msgspec.Raw = _ABSENT
    labels: msgspec.Raw = _ABSENT
    annotations: msgspec.Raw = _ABSENT
    owner_references: msgspec.Raw = _ABSENT
    finalizers: msgspec.Raw = _ABSENT
    managed_fields: msgspec.Raw = _ABSENT


class Pod(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A pod as a list has it: it does not say what it is."""

    metadata: PodMeta
    spec: msgspec.Raw
    status: msgspec.Raw = _ABSENT

    def whole(self) -> msgspec.Raw:
        """The JSON of all of it."""
        return msgspec.Raw(_encode(self))

    def own(self) -> bytes:
        """The JSON of what is its own, without the fields that nobody keeps."""
        meta = self.metadata
        managed, meta.managed_fields = meta.managed_fields, _ABSENT
        try:
            return _encode(_Own(meta, self.status))
        finally:
            meta.managed_fields = managed


class _Own(msgspec.Struct, omit_defaults=True, gc=False):
    metadata: PodMeta
    status: msgspec.Raw = _ABSENT


_encode = msgspec.json.encode
