"""What was asked of a platform and what came back: one record a query, one entry a target."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from auditor.errors import BrokenError, CollectionError
from auditor.model.enums import Answered, GapCause
from auditor.model.resource import Excluded, Gap, PassedOver, Target


class Record(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One answered, or unanswered, query.

    ``kind`` and ``namespace`` say what was asked for, "" where that is not a kind of resource.
    ``request`` is the method and the path with its parameters; of a file its path. ``started`` and
    ``ended`` are RFC 3339 in UTC. ``code`` is the status of HTTP, 0 when there was none. ``count``
    are the resources in the body, of which ``sha256`` and ``size`` tell: "" and 0 when nothing was
    kept. The body stands at ``at`` of ``block``. ``original`` is the sha256 of a file as it was
    read, of which the body is what was understood, without secrets.
    """

    number: int
    kind: str
    namespace: str
    request: str
    started: str
    ended: str
    answered: Answered
    code: int = 0
    detail: str = ""
    count: int = 0
    complete: bool = True
    resource_version: str = ""
    sha256: str = ""
    size: int = 0
    block: str = ""
    at: int = 0
    original: str = ""
    original_size: int = 0


def by_block(records: Iterable[Record]) -> list[list[Record]]:
    """Those of one block together, whatever their order: then each block is opened once.

    The blocks are in the order of their first records, and so is what is in one.
    """
    blocks: dict[str, list[Record]] = {}
    for record in records:
        blocks.setdefault(record.block, []).append(record)
    return list(blocks.values())


class Redaction(msgspec.Struct, frozen=True, gc=False):
    """A place where a secret was left out.

    ``path`` is its JSON pointer in the body of a record, ``shapes`` are what kinds of secret stood
    there. ``commitment`` is a keyed digest of the value as it was read, "" where there is none.
    """

    path: str
    shapes: tuple[str, ...]
    commitment: str = ""


class Principal(msgspec.Struct, frozen=True):
    """Who asked, as the platform sees it; ``via`` says how it was found out."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    via: str = ""


class TargetEntry(msgspec.Struct, frozen=True):
    """One target as it was when it was read.

    ``authority`` is the sha256 of the CA that was trusted, ``kinds`` are those that were asked for.
    ``failure`` says why nothing could be read, with a ``hint``; "" when something was. Its
    ``cause`` is then that of the gap. ``notes`` is what whoever reads the verdicts should know of
    how it was read, and is not a gap; ``passed`` is what was not read for what it is called.
    ``place`` is the folder that it was recorded in before and read from now, "" otherwise.
    ``labels`` are what a person calls it besides, by their names.
    """

    uri: str
    uid: str
    version: str
    authority: str
    principal: Principal
    started: str
    ended: str
    kinds: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    failure: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    passed: PassedOver = PassedOver()
    cause: GapCause | None = None
    place: str = ""
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def target(self) -> Target:
        """The target as it was then."""
        return Target(
            self.uri,
            self.uid,
            self.version,
            self.principal.name,
            self.excluded,
            self.notes,
            self.place,
            self.labels,
        )

    def refuse_failed(self) -> None:
        """Stop where nothing could be read.

        Raises:
            CollectionError: with why, and as it was then: a bug of ours is one for ever.
        """
        if self.failure:
            broken = self.cause is GapCause.INTERNAL
            raise (BrokenError if broken else CollectionError)(self.failure, hint=self.hint)
