"""Whatever a collector hands over is without secrets from here on, whatever it forgets (ADR 0020).

A run reads every collector through :class:`CleanCollector`. What passes is judged, counted, put
into caches, spools, bundles and reports, and none of those has to think of secrets again::

    Gap, Target, Plan         each text is looked at: there are few
    Resource, its texts       looked at together, as most are plain names
    Resource, its body        left alone while ``clean`` is false: who decodes it cleans it
                              otherwise looked through once more: nobody's word is taken for it

A path that holds a secret is shown, and asked for again, by its clean form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final, TypeVar

import msgspec

from auditor.errors import AuditorError
from auditor.late import late
from auditor.model.resource import Evidence, Gap, Owner, Resource, Target
from auditor.ports import Collector, Plan, Reading, Shard
from auditor.secrets.hints import may_hold_secret
from auditor.secrets.messages import redact_message, redact_texts
from auditor.secrets.redact import redact, redact_field
from auditor.secrets.shapes import HINTS

_PLAIN: Final = late(r"[A-Za-z0-9._/#\0-]*")
_SIGNS: Final = tuple(hint for hint in HINTS if _PLAIN.fullmatch(hint))
"""In a text of such characters one of these is the beginning of all that has a shape."""
_encode, _decode = msgspec.json.encode, msgspec.json.decode
_DIGEST: Final = late("[0-9a-f]*")
_TEXTS: Final = ("kind", "api_version", "name", "namespace", "uid", "source")
Labels = tuple[tuple[str, str], ...]
Failed = TypeVar("Failed", bound=AuditorError)


class CleanCollector(msgspec.Struct, frozen=True):
    """Any collector, without secrets in what it hands over."""

    collector: Collector

    @property
    def target(self) -> Target:
        """See :class:`auditor.ports.Collector`."""
        return redact_texts(self.collector.target)

    @property
    def independent(self) -> bool:
        """See :class:`auditor.ports.Collector`."""
        return self.collector.independent

    @property
    def asked(self) -> frozenset[str] | None:
        """See :class:`auditor.ports.Collector`."""
        return self.collector.asked

    def plan(self, shards: Callable[[int], int]) -> Plan:
        """See :class:`auditor.ports.Collector`; the items of shards are the collector's own.

        Raises:
            CollectionError: the whole target can't be read.
        """
        try:
            found = self.collector.plan(shards)
        except AuditorError as error:
            raise without_secrets(error) from None
        passed = redact_texts(found.passed)
        return msgspec.structs.replace(found, gaps=redact_texts(found.gaps), passed=passed)

    def scope(self, item: str) -> str:
        """See :class:`auditor.ports.Collector`."""
        return redact_message(self.collector.scope(item))

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        """See :class:`auditor.ports.Collector`."""
        for found in self.collector.read(shard):
            yield redact_texts(found) if isinstance(found, Gap) else CleanReading(found)


class CleanReading:
    """Any reading, without secrets in what it hands over."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._evidence: Evidence | None = None

    @property
    def source(self) -> str:
        """See :class:`auditor.ports.Reading`."""
        return _clean_text(self._reading.source)

    @property
    def scope(self) -> str:
        """See :class:`auditor.ports.Reading`."""
        return _clean_text(self._reading.scope)

    @property
    def evidence(self) -> Evidence:
        """See :class:`auditor.ports.Reading`."""
        if self._evidence is None:
            self._evidence = _clean_evidence(self._reading.evidence)
        return self._evidence

    def resources(self) -> Iterator[Resource]:
        """See :class:`auditor.ports.Reading`."""
        for found in self._reading.resources():
            yield clean_resource(found)

    def gaps(self) -> Sequence[Gap]:
        """See :class:`auditor.ports.Reading`."""
        gaps = self._reading.gaps()
        return redact_texts(tuple(gaps)) if gaps else ()

    def skipped(self) -> int:
        """See :class:`auditor.ports.Reading`."""
        return self._reading.skipped()

    def skipped_lines(self) -> Sequence[int]:
        """See :class:`auditor.ports.Reading`."""
        return self._reading.skipped_lines()

    def original(self, document: int) -> object:
        """See :class:`auditor.ports.Reading`: with its secrets, and never kept."""
        return self._reading.original(document)

    def line(self, document: int, pointer: str) -> int:
        """See :class:`auditor.ports.Reading`."""
        return self._reading.line(document, pointer)

    def on_one_line(self, document: int) -> bool:
        """See :class:`auditor.ports.Reading`."""
        return self._reading.on_one_line(document)

    def lines(self, document: int, pointer: str, value: object) -> list[int]:
        """See :class:`auditor.ports.Reading`."""
        return self._reading.lines(document, pointer, value)

    def all_lines(self, document: int) -> list[int] | None:
        """See :class:`auditor.ports.Reading`."""
        return self._reading.all_lines(document)


@lru_cache(16)
def _clean_text(text: str) -> str:
    """As :func:`redact_message`, of what a file is called: it is asked several times for each."""
    return text if _is_plain(text) else redact_message(text)


def _clean_evidence(found: Evidence) -> Evidence:
    """What :func:`redact_texts` makes of it; of nearly all files that is itself."""
    plain = (
        _are_plain(found.target, found.taken_as, found.how)
        and _DIGEST.fullmatch(found.sha256) is not None
        and _clean_text(found.request) == found.request
    )
    return found if plain else redact_texts(found)


def clean_resource(found: Resource) -> Resource:
    """A resource without secrets in its texts, and in its body where it says that it has none."""
    texts = found.uid
    if not (texts.startswith(found.source) and texts.endswith(found.name)):  # as it is in files
        texts = f"{found.name}\0{found.uid}\0{found.source}"
    if not (_is_plain(texts) and _are_plain(found.kind, found.api_version, found.namespace)):
        found = _with(found, {name: redact_message(getattr(found, name)) for name in _TEXTS})
    labels, controller = _labels(found.labels), _owner(found.controller)
    if labels != found.labels or controller != found.controller:
        found = msgspec.structs.replace(found, labels=labels, controller=controller)
    if found.clean and may_hold_secret(found.body):
        value = _decode(found.body)
        made = redact(value)
        return found if made is value else _with(found, {"body": _encode(made)})
    return found


def _with(found: Resource, fields: dict[str, object]) -> Resource:
    """A resource with other fields; itself when they are no others."""
    same = all(getattr(found, name) == value for name, value in fields.items())
    return found if same else msgspec.structs.replace(found, **fields)


def _is_plain(text: str) -> bool:
    """Whether nothing in a text can be a secret, by its characters alone."""
    if _PLAIN.fullmatch(text) is None:
        return False
    for sign in _SIGNS:  # noqa: SIM110 - once for each of a hundred thousand pods
        if sign in text:
            return False
    return True


@lru_cache(1024)
def _are_plain(*texts: str) -> bool:
    """Whether texts that many resources share are as they would be cleaned."""
    return all(redact_message(text) == text for text in texts)


@lru_cache(4096)
def _labels(labels: Labels) -> Labels:
    """Labels without secrets; themselves when there are none."""
    made = tuple((key, str(redact_field(key, value))) for key, value in labels)
    return labels if made == labels else made


@lru_cache(4096)
def _owner(owner: Owner | None) -> Owner | None:
    return redact_texts(owner)


def without_secrets(error: Failed) -> Failed:
    """An error of a collector as it may be shown and kept."""
    error.message, error.hint = redact_message(error.message), redact_message(error.hint)
    error.args = (error.message,)
    return error
