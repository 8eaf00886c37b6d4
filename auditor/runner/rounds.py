"""Objects are judged some at a time, kind by kind: what many are judged by stays at hand.

Hundreds of rules are more code than a processor keeps near, and so are the reading of files and the
writing of lines. One object after the other has each of them fetched anew; a round does not::

    read     a.yaml: Deployment, Service    b.yaml: Deployment, Service
    derived  the pods of a, the pods of b
    judged   Deployment a, Deployment b,    pods of a, pods of b,    Service a, Service b
    told     Deployment a, pods of a, Service a, Deployment b, pods of b, Service b

What comes of an object is counted and told in the order in which it was read, and so is what went
wrong with it; nobody sees from outside that there are rounds. They are bounded by what they hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import msgspec

from auditor.analysis.protocol import Site
from auditor.analysis.written import as_written
from auditor.engine.outcome import Judgement
from auditor.model.resource import Gap, Resource, Subject
from auditor.ports import Reading
from auditor.runner.cache import ResultCache
from auditor.runner.job import Context
from auditor.runner.parts import Tallies
from auditor.runner.waiting import Found
from auditor.secrets.redact import is_clean

if TYPE_CHECKING:
    from auditor.evidence.stored_files import Draft

MOST: Final = 256
"""Objects, and ends of files, of one round."""
MOST_BYTES: Final = 1024 * 1024
"""Bytes of bodies and files, beside those of the last object and file, that a round holds."""


class File(msgspec.Struct):
    """A file that is worked through; ``error`` ended its reading, and nobody foresaw it."""

    reading: Reading
    cache: ResultCache | None
    site: Site
    part: Tallies
    draft: Draft | None
    grouped: bool = False
    mishap: bool = False
    error: Exception | None = None


class Said(msgspec.Struct):
    """What rules say of an object or a fact; no judgements where no rule looks at it.

    ``read`` is what analyses take rows of; ``subject`` is the same, for which somebody vouches.
    """

    read: Resource
    subject: Resource
    controller: Subject | None = None
    waits: Found | None = None
    judgements: tuple[Judgement, ...] | None = None
    error: Exception | None = None


class Object(msgspec.Struct):
    """An object of a file, what was derived of it, and what rules say; none for the file's end.

    ``error`` ended the deriving.
    """

    file: File
    resource: Resource | None
    derived: list[Resource | Gap] = []
    said: list[Said] = []
    error: Exception | None = None


class Round:
    """The objects that were read, and wait to be judged together."""

    def __init__(self) -> None:
        self._objects: list[Object] = []
        self._size = 0

    def add(self, file: File, resource: Resource | None) -> None:
        """Add an object of a file, or its end."""
        self._objects.append(Object(file, resource))
        self._size += file.reading.evidence.size if resource is None else len(resource.body)

    def __len__(self) -> int:
        """Count the objects, and the ends of files."""
        return len(self._objects)

    @property
    def full(self) -> bool:
        """Whether it is time to judge them."""
        return len(self._objects) >= MOST or self._size >= MOST_BYTES

    def take(self) -> list[Object]:
        """Take all out, in the order in which they were read."""
        objects, self._objects, self._size = self._objects, [], 0
        return objects


def derive(each: Object, context: Context) -> None:
    """Derive the facts of one object, as far as nothing fails; what is judged are it and these.

    Of a patch it is what is written in it.
    """
    resource = each.resource
    try:
        if resource is not None and resource.partial:
            resource = as_written(resource)
        if resource is None:
            return
        each.said.append(Said(resource, resource))
        for analysis in context.analyses.of_objects:
            for fact in analysis.derive(resource):
                each.derived.append(fact)
                if isinstance(fact, Resource):
                    each.said.append(Said(fact, fact))
    except Exception as error:  # noqa: BLE001 - it is raised again when the object's turn comes
        each.error = error


def judge(subjects: Iterable[Said], context: Context) -> None:
    """Judge objects and facts, those of one kind one after the other, as far as nothing fails."""
    for each in sorted(subjects, key=attrgetter("subject.kind")):
        try:
            _judge(each, context)
        except Exception as error:  # noqa: BLE001 - it is raised again when the object's turn comes
            each.error = error


def _judge(each: Said, context: Context) -> None:
    subject = each.subject
    plan = context.plans.get(subject.kind, kept=subject.is_kept)
    if plan is None:
        return
    each.controller = context.counted_with(subject)
    if subject.partial:
        each.judgements = plan.judge_partial(subject.body, clean=subject.clean)
        return
    each.waits = context.waits.of(subject)
    if each.waits is not None and not subject.clean and is_clean(subject.body):
        # judged, and cut for its row: one look for secrets is enough
        subject = each.subject = msgspec.structs.replace(subject, clean=True)
    repeated = each.controller is not None
    each.judgements = plan.judge(subject.body, clean=subject.clean, repeated=repeated)
