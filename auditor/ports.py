"""What a plug-in author needs besides the model: the shape of collectors and report formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec

from auditor.model.enums import GapCause
from auditor.model.evidence import Principal, Record, TargetEntry, by_block
from auditor.model.finding import Report
from auditor.model.resource import Evidence, Excluded, Gap, PassedOver, Resource, Target
from auditor.secrets.bodies import CleanBody


class Shard(msgspec.Struct, frozen=True):
    """A part of a target that a worker reads by itself: references, never objects.

    ``items`` are strings that only the collector understands (paths relative to the target).
    ``weight`` is a relative cost, used to balance workers.
    """

    number: int
    items: tuple[str, ...]
    weight: int


def shards_of(groups: Iterable[tuple[Sequence[str], int]], goal: float) -> tuple[Shard, ...]:
    """Cut what there is to read into shards of about the weight ``goal``, in its order.

    Each group of items has its weight and is in one shard as a whole.
    """
    shards: list[Shard] = []
    items: list[str] = []
    weight = 0
    for group, more in groups:
        items += group
        weight += more
        if weight >= goal:
            shards.append(Shard(len(shards), tuple(items), weight))
            items, weight = [], 0
    if items:
        shards.append(Shard(len(shards), tuple(items), weight))
    return tuple(shards)


class Plan(msgspec.Struct, frozen=True):
    """What a collector will read, in a fixed order, and what it already knows it can't.

    ``passed`` is what it leaves out for what it is called.
    """

    shards: tuple[Shard, ...]
    gaps: tuple[Gap, ...]
    passed: PassedOver = PassedOver()


def plan_of_answers(
    records: Iterable[Record], gaps: tuple[Gap, ...], shards: Callable[[int], int]
) -> Plan:
    """Plan to read kept answers again: one item an answer, its number; each block in one shard."""
    blocks = by_block(records)
    weight = sum(item.size for block in blocks for item in block) + 1
    groups = (
        ([str(item.number) for item in each], sum(item.size for item in each)) for each in blocks
    )
    return Plan(shards_of(groups, weight / max(1, shards(weight))), gaps)


class Reading(Protocol):
    """One file or one answered request: its digest is cheap, its contents are parsed on demand."""

    @property
    def source(self) -> str:
        """Path relative to the target, or the request."""
        ...

    @property
    def scope(self) -> str:
        """What a gap is of that is all of it: the kind that was asked for, or the path."""
        ...

    @property
    def evidence(self) -> Evidence:
        """The answered query with the sha256 of its bytes."""
        ...

    def resources(self) -> Iterator[Resource]:
        """The objects in it, in document order; also fills ``gaps`` and ``skipped``."""
        ...

    def gaps(self) -> Sequence[Gap]:
        """What in it could not be read; complete once ``resources()`` is exhausted."""
        ...

    def skipped(self) -> int:
        """How many documents were not resources; complete once ``resources()`` is exhausted."""
        ...

    def skipped_lines(self) -> Sequence[int]:
        """Where the first of those begin, from 1; none where nobody could look them up."""
        ...

    def original(self, document: int) -> object:
        """The object of a document with its secrets, to commit to them; None when it is not known.

        It is never kept, and nothing is judged by it. For resources that are not ``clean`` their
        body is that already.
        """
        ...

    def line(self, document: int, pointer: str) -> int:
        """1-based line of the field at a JSON pointer of a document's object.

        The nearest existing ancestor's when it is absent; 0 when the source has no lines.
        """
        ...

    def on_one_line(self, document: int) -> bool:
        """Whether all fields of a document's object have one line, as far as that is known at once.

        Of a page of a list they mostly have, so that nobody has to ask for each of them.
        """
        ...

    def lines(self, document: int, pointer: str, value: object) -> list[int]:
        """The lines of all nodes of ``value``, which stands at a pointer: itself, then each below.

        As :meth:`line` for each in the order of its JSON; a single line is that of all.
        """
        ...

    def all_lines(self, document: int) -> list[int] | None:
        """What :meth:`lines` says of the object of a document as it was read, in less time.

        None where :meth:`lines` has to be asked. The object's resource has to be ``clean``.
        """
        ...


class WithoutLines:
    """The part of a :class:`Reading` that an answer has in common with every other.

    An answer has no lines that a person could look up, and secrets were left out when it came.
    """

    def skipped_lines(self) -> Sequence[int]:
        """Return no lines."""
        return ()

    def original(self, document: int) -> object:
        """Return None: it is not known."""
        del document
        return None

    def line(self, document: int, pointer: str) -> int:
        """Return 0: there is none."""
        del document, pointer
        return 0

    def on_one_line(self, document: int) -> bool:
        """Return true: none has another line."""
        del document
        return True

    def lines(self, document: int, pointer: str, value: object) -> list[int]:
        """Return 0 as that of all nodes."""
        del document, pointer, value
        return [0]

    def all_lines(self, document: int) -> list[int] | None:
        """Return None: :meth:`lines` takes no longer."""
        del document
        return None


class Collector(Protocol):
    """Reads one target; looks, never judges. Picklable, so that a worker can hold its own copy."""

    @property
    def target(self) -> Target:
        """What this collector reads."""
        ...

    @property
    def independent(self) -> bool:
        """Whether a reading's resources depend on its bytes and its place alone.

        Only then may what was found in it be remembered for the next run.
        """
        ...

    @property
    def asked(self) -> frozenset[str] | None:
        """The kinds that a live target was asked for or that it never gives; None for files.

        What a profile wants of a live target and is not among them is a gap, which the runner
        makes.
        """
        ...

    def plan(self, shards: Callable[[int], int]) -> Plan:
        """List what there is to read, cheaply, cut into parts of about equal weight.

        ``shards`` says how many for a total weight (bytes).

        Raises CollectionError when the whole target can't be read.
        """
        ...

    def scope(self, item: str) -> str:
        """What a gap in place of an item of a shard is of, as :attr:`Reading.scope`."""
        ...

    def read(self, shard: Shard) -> Iterator[Reading | Gap]:
        """Read one shard in order; an item that can't be read is a Gap in its place."""
        ...


class Sink(Protocol):
    """Where a live collector leaves what it was answered.

    Secrets stop here, whatever a collector forgets (ADR 0020).
    """

    @property
    def scratch(self) -> Path:
        """A folder of this run, that only its owner can read and that goes with the run."""
        ...

    def add(self, record: Record, body: bytes | CleanBody | None) -> None:
        """Keep one query, and its body when there is one, of which it fills in what it knows.

        Bytes are cleaned here, JSON and texts alike, and so are the texts of the record. Who has
        cleaned a body part by part says so: :func:`auditor.secrets.bodies.vouched`.
        """
        ...

    @property
    def commit(self) -> Callable[[str], str] | None:
        """How to commit to a secret that is left out; None when nobody asks where that was."""
        ...

    def keep_out(self, secret: str) -> None:
        """Name a credential of ours, which must not be in anything that is kept."""
        ...


class Bodies(Protocol):
    """What was kept, by the record that tells of it. Picklable, so that a worker can read."""

    def body(self, record: Record, /) -> bytes | None:
        """The body of a record; None when it is not there, or not what was recorded."""
        ...


@runtime_checkable
class Live(Protocol):
    """A target that has to be asked: it is read into a sink first, and judged from there."""

    @property
    def uri(self) -> str:
        """The target as typed, in its canonical form."""
        ...

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        """Read resources of ``kinds``; ``progress`` gets the kinds done and all.

        Raises CollectionError when the whole target can't be read.
        """
        ...


class Reference(msgspec.Struct, frozen=True, order=True):
    """An object that another one names, in words: ``by`` is ``ClusterPolicy cluster-policy``.

    ``namespace`` is "" where the other one does not say in which it is. ``holds`` is a kind that is
    in it: it is read only where that is wanted; "" is for what is always read.
    """

    kind: str
    namespace: str
    name: str
    by: str
    holds: str = ""


References = Mapping[str, Callable[[bytes], Iterable[Reference]]]
"""What an object names, by its kind and of its JSON; of what is not valid JSON, nothing."""


def together(*references: References) -> References:
    """Put references together: an object names what any of them says."""
    found: dict[str, tuple[Callable[[bytes], Iterable[Reference]], ...]] = {}
    for each in references:
        for kind, names in each.items():
            found[kind] = (*found.get(kind, ()), names)
    return {kind: partial(_all_of, names) for kind, names in found.items()}


def _all_of(
    names: Iterable[Callable[[bytes], Iterable[Reference]]], body: bytes
) -> Iterator[Reference]:
    for each in names:
        yield from each(body)


class Read(msgspec.Struct, frozen=True):
    """Whether a kind may be read; ``served`` is false where the target has no such kind.

    Where it is not ``allowed``, ``cause`` is that of the gap that a scan would have.
    """

    kind: str
    served: bool
    allowed: bool
    detail: str = ""
    cause: GapCause = GapCause.DENIED
    hint: str = ""


class Examination(msgspec.Struct, frozen=True):
    """What a target says before it is read.

    ``skew`` is how many seconds its clock is ahead of ours, None when it did not say.
    ``unidentified`` is why ``uid`` is not known, where it is not. ``told`` is of what is no server:
    words, "" for one that goes on, with what is said of each.
    """

    uri: str
    server: str
    uid: str
    version: str
    principal: Principal
    skew: float | None
    reads: tuple[Read, ...]
    excluded: tuple[Excluded, ...]
    unidentified: Read | None = None
    told: tuple[tuple[str, str], ...] = ()


@runtime_checkable
class Examined(Live, Protocol):
    """A live target that can say what may be read of it."""

    def examine(self, kinds: frozenset[str], scratch: Path) -> Examination:
        """Ask what may be read, without reading it.

        Raises CollectionError when the target can't be reached.
        """
        ...


class RolePlan(msgspec.Struct, frozen=True):
    """What a role is for: ``reasons`` are the rules that rest on each kind.

    ``namespaces`` are those it is limited to, none for all; ``account`` is the namespace and the
    name of the service account that is bound to it; ``of_the_cluster`` are the custom kinds that
    no namespace holds. ``config_maps`` are single ones, each by its namespace and its name;
    ``kubelets`` is whether kubelets may be asked for their configuration.
    """

    profile: str
    reasons: Mapping[str, tuple[str, ...]]
    namespaces: tuple[str, ...]
    account: tuple[str, str]
    of_the_cluster: frozenset[str] = frozenset()
    config_maps: tuple[tuple[str, str], ...] = ()
    kubelets: bool = False


class ReportFormat(Protocol):
    """Report in, bytes out; pure, and streaming so that a large report needs little memory."""

    def __call__(self, report: Report, /) -> Iterator[bytes]:
        """Yield the document in chunks; an empty one lets others go on who read the same."""
        ...
