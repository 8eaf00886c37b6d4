"""Objects as they are kept: no managed fields, no applied copies, no secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from auditor.model.evidence import Redaction
from auditor.secrets.bodies import Cleaner
from auditor.secrets.hints import holding
from auditor.secrets.keys import LAST_APPLIED
from auditor.secrets.objects import has_secrets
from auditor.secrets.redactions import Commit
from collectors.kubernetes.live.pods import Pod
from collectors.kubernetes.live.specs import Kept, Specs

UNREADABLE: Final = b'{"metadata":"unreadable"}'
"""What nobody can read nobody can judge: its place is kept, for the reader to report."""
BAD: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_WORTH_IT: Final = 512
_HEAD: Final[tuple[str, ...]] = ("kind", "apiVersion")
POD: Final = "Pod"

_decode_pod = msgspec.json.Decoder(Pod).decode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.encode


class Sanitizer:
    """Takes out of objects of one kind what no evidence may hold.

    ``commit`` is how to commit to what is left out. List items carry no kind and no apiVersion;
    stored objects get both.
    """

    def __init__(self, commit: Commit | None = None) -> None:
        self._cleaner = Cleaner(commit)
        self._specs = Specs(commit)

    def sanitized(
        self, items: Sequence[msgspec.Raw] | Sequence[Pod], kind: str, api_version: str
    ) -> Iterator[Kept]:
        """Return each object as it is stored, and what was left out of it.

        What nobody can read keeps its place, and so does what says that it is of another kind than
        the list it came in.
        """
        head = _Head(kind, api_version)
        if kind == POD:
            return self._pods([_pod_of(item) for item in items], head)
        return (self._any(_whole(item), head) for item in items)

    def _pods(self, items: Sequence[msgspec.Raw | Pod], head: _Head) -> Iterator[Kept]:
        """Pods likely share their spec with others: what is their own is looked at together."""
        owns = [item.own() for item in items if isinstance(item, Pod)]
        parts = zip(owns, holding(owns), strict=True)
        for item in items:
            if isinstance(item, Pod):
                own, doubtful = next(parts)
                found = self._pod(own, bytes(item.spec), head, doubtful=doubtful)
                yield found or self._any(_whole(item), head)
            else:
                yield self._any(item, head)

    def _pod(self, own: bytes, spec: bytes, head: _Head, *, doubtful: bool) -> Kept | None:
        """A pod of its two parts; None when one of them can't be read."""
        left_out: tuple[Redaction, ...] = ()
        try:
            if doubtful:
                own, left_out = self._slim(_decode_object(own))
            pieces, inside = self._specs.kept(spec)
        except BAD:
            return None
        if inside:
            left_out = (*left_out, *below("/spec", inside))
        return (head.opened, b',"spec":', *pieces, b",", own[1:]), left_out

    def _any(self, item: msgspec.Raw, head: _Head) -> Kept:
        try:
            value = _decode_object(text_of(item))
            said = {name: value.pop(name) for name in _HEAD if name in value}
            if said and not head.is_said_by(said):
                return (head.of(UNREADABLE),), ()
            if head.has_secrets:
                found, left_out = self._slim({**head.fields, **value})
                return (found,), left_out
            found, left_out = self._slim(value)
            return (head.of(found),), left_out
        except BAD:
            return (head.of(UNREADABLE),), ()

    def _slim(self, value: dict[str, msgspec.Raw]) -> tuple[bytes, tuple[Redaction, ...]]:
        """The JSON of an object without what is never kept, and what else was left out of it."""
        try:
            meta = _decode_object(value["metadata"]) if "metadata" in value else {}
        except (msgspec.ValidationError, RecursionError):
            return self._cleaner.always(_encode(value))
        if _forget(meta):
            value["metadata"] = msgspec.Raw(_encode(meta))
        return self._cleaner.cleaned(_encode(value))


class _Head:
    """What objects of a list are."""

    def __init__(self, kind: str, api_version: str) -> None:
        self.opened = _encode({"kind": kind, "apiVersion": api_version})[:-1]
        self._said = {"kind": kind, "apiVersion": api_version}
        self.has_secrets = has_secrets(kind)
        self.fields = {name: msgspec.Raw(_encode(said)) for name, said in self._said.items()}

    def of(self, raw: bytes) -> bytes:
        """An object that says what it is."""
        return self.opened + (b"," if len(raw) > len(b"{}") else b"") + raw[1:]

    def is_said_by(self, said: dict[str, msgspec.Raw]) -> bool:
        """Whether an object says that it is what its list is of."""
        return all(msgspec.json.decode(said[name]) == self._said[name] for name in said)


def _pod_of(item: msgspec.Raw | Pod) -> msgspec.Raw | Pod:
    """A pod in its parts; as it came when it is small, or not as pods are."""
    if isinstance(item, Pod):
        return item if len(item.spec) >= _WORTH_IT else _whole(item)
    try:
        pod = _decode_pod(text_of(item))
    except BAD:
        return item
    return pod if len(pod.spec) >= _WORTH_IT else item


def _whole(item: msgspec.Raw | Pod) -> msgspec.Raw:
    return item.whole() if isinstance(item, Pod) else item


def text_of(item: msgspec.Raw | bytes) -> bytes:
    """The JSON of something: whoever decodes a part of it does not look at the text of the rest.

    Raises:
        UnicodeDecodeError: it is not text.
    """
    raw = bytes(item)
    if not raw.isascii():
        raw.decode()
    return raw


def _forget(meta: dict[str, msgspec.Raw]) -> bool:
    """Take out of metadata what is never kept; whether it may be another now.

    Raises:
        msgspec.ValidationError: annotations that are none.
    """
    managed = meta.pop("managedFields", None) is not None
    if "annotations" not in meta:
        return managed
    if b"last-applied-configuration" in bytes(meta["annotations"]):
        annotations = _decode_object(meta["annotations"])
        annotations.pop(LAST_APPLIED, None)
        meta["annotations"] = msgspec.Raw(_encode(annotations))
    return True


def below(place: str, left_out: Iterable[Redaction]) -> Iterator[Redaction]:
    """What was left out of a part, by its place in the whole."""
    for each in left_out:
        yield msgspec.structs.replace(each, path=place + each.path)
