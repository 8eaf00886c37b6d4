"""Findings as lines: encoded once, where they are made, sorted and joined without decoding.

A line is ``identity TAB place TAB covers TAB object LF``:

* ``identity`` orders findings as they are reported: verdict (fail first), severity (critical
  first), rule, target, namespace, kind, name, what tells the element from others, fingerprint.
  Lines that share it are one finding.
* ``place`` says which of those is shown: what nothing controls first, then by source and document.
* ``covers`` is how many resources the line stands for; lines of one finding add them up.
* ``object`` is the JSON object of the results contract, laid out as
  :mod:`auditor.model.results_layout` says; it has ``covers`` too.

Two pods of one Deployment, and the Deployment itself, as two workers leave them (US is the byte
1F, fingerprints are cut short)::

    00 US k8s-host-network US "prod" US "ml" US "k8s/Deployment" US "web" US "" US 9c1e
        TAB 0"web.yaml" US 00000000 TAB 1 TAB {"fingerprint":"9c1e…", …, "covers":1, …}
    00 US k8s-host-network US "prod" US "ml" US "k8s/Deployment" US "web" US "" US 9c1e
        TAB 1"GET /api/v1/pods" US 00000041 TAB 2 TAB {"fingerprint":"9c1e…", …, "covers":2, …}

The identities are equal, so this is one finding; the first line is shown, since nothing controls
the Deployment, with ``"covers":3``. Workers sort their lines; the run merges sorted files in a
fixed amount of memory (:mod:`auditor.engine.merge`), and bytes of one finding are never decoded.
JSON text has no raw control characters, so the separators are safe whatever a name contains.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from auditor.analysis.paths import pointer_of
from auditor.engine.causes import together
from auditor.engine.outcome import BodyPath, Outcome
from auditor.model.elements import shown
from auditor.model.enums import Confidence, Verdict
from auditor.model.fact import Fact, Origin, path_of
from auditor.model.resource import Resource, Subject, Target
from auditor.model.results_layout import causes_of, head, recounted, with_causes
from auditor.policy.compiled import ActiveRule

VERDICT_ORDER = {
    Verdict.FAIL: "0",
    Verdict.UNKNOWN: "1",
    Verdict.MANUAL: "2",
    Verdict.PASS: "3",
    Verdict.NOT_APPLICABLE: "4",
}
FIELD = "\x1f"
FORMAT = "28"
"""Changes when lines do: those that an older version left are not read."""

CONTROLLED, TEMPLATED = "1", "2"
"""How the place of a controlled resource begins: the latter's owner is judged by a line as well."""

_STANDINGS_KEPT = 256
_encode = msgspec.json.encode


def text(value: str) -> str:
    """A JSON string literal; lone surrogates (from odd file names) become escapes."""
    try:
        return _encode(value).decode()
    except UnicodeEncodeError:
        return _encode(value.encode("utf-8", "backslashreplace").decode()).decode()


Pointer = tuple[str | None, str]
"""Where a path of a body stands in its source, None if nowhere, and the JSON that says so."""


class LineWriter:
    """Turns outcomes about resources and facts of a run into lines."""

    def __init__(
        self,
        rules: Sequence[ActiveRule],
        counted_with: Callable[[Resource], Subject | None],
    ) -> None:
        """``counted_with`` says which controller the findings about a resource belong to."""
        self._counted_with = counted_with
        self._rules = [_RuleText(rule) for rule in rules]
        self._pointers: dict[tuple[object, ...], dict[BodyPath, Pointer]] = {}

    def where(self, resource: Resource, target: Target) -> Where:
        """The parts of lines that only depend on the resource."""
        return _of_resource(resource, target, self._counted_with(resource.parent or resource))

    def pointers(self, resource: Resource) -> dict[BodyPath, Pointer]:
        """The pointers of resources that stand like this one in their sources, as far as known."""
        standing = (resource.kind, resource.pointer, resource.anchor, resource.elsewhere)
        known = self._pointers.get(standing)
        if known is None:
            if len(self._pointers) >= _STANDINGS_KEPT:
                self._pointers.clear()
            known = self._pointers[standing] = {}
        return known

    def fact_lines(
        self, fact: Fact, outcomes: Sequence[Outcome], *, of_run: bool = False
    ) -> list[bytes]:
        """Encode the outcomes of a fact that was derived of many objects.

        A fact of a run is known by its key alone, whatever the targets are: a finding about it has
        the same fingerprint when a target more is read.
        """
        where = _of_fact(fact, _identity(fact, of_run=of_run))

        def locate(path: BodyPath) -> Located:
            pointer = body_pointer(path)
            spot = fact.spot(pointer)
            if spot is None:
                return Located(f'{text(pointer)},"fact":{text(fact.kind)}', 0)
            of = f',"of":{spot.of - 1}' if spot.of else ""
            line = fact.origins[spot.of].line_of(spot.pointer)
            return Located(f"{text(spot.pointer)}{of}", line)

        digests = tuple(sorted({origin.digest for origin in fact.origins}))
        covers = fact.covers
        return [self.line(where, outcome, locate, digests, covers) for outcome in outcomes]

    def line(
        self,
        where: Where,
        outcome: Outcome,
        locate: Callable[[BodyPath], Located],
        evidence: tuple[str, ...],
        covers: int,
    ) -> bytes:
        """Encode one outcome."""
        rule = self._rules[outcome.rule]
        element = outcome.element
        if where.part:
            element = f"{where.shown}: {element}" if element else where.shown
        key = f"{where.part}:{outcome.key}" if where.part else outcome.key
        fingerprint = hashlib.sha256(
            f"{rule.id}\0{where.identity}\0{key}".encode("utf-8", "surrogatepass")
        ).hexdigest()
        observed = []
        at = _NOWHERE
        for seen in outcome.observed:
            found = locate(seen.path)
            at = at if at.line else found
            value = f',"value":{seen.value}' if seen.value else ""
            observed.append(f'{{"path":{found.shown}{value}{found.place}}}')
        at = at if at.line else locate(outcome.at)
        element_text = text(element)
        confidence = Confidence.LOW.value if where.heuristic else rule.confidence
        heuristic = ',"heuristic":true' if where.heuristic else ""
        verdict = outcome.verdict
        order = VERDICT_ORDER[verdict] + rule.order
        identity = FIELD.join((order, rule.id, where.order, text(key), fingerprint))
        shown = (
            f"{head(fingerprint, evidence, covers, outcome.causes)}"
            f'{rule.head}"verdict":"{verdict.value}",'
            f'{rule.middle}"confidence":"{confidence}"{heuristic},"resource":{where.at(at)},'
            f'"element":{element_text},"message":{text(outcome.message)},{where.related}'
            f'"observed":[{",".join(observed)}],"controls":{rule.controls},"waiver":null}}'
        )
        return f"{identity}\t{where.place}\t{covers}\t{shown}\n".encode()


def covering(line: bytes, covers: int) -> bytes:
    """Make a line stand for so many resources."""
    identity, place, _, shown = line.split(b"\t", 3)
    return b"%b\t%b\t%d\t%b" % (identity, place, covers, recounted(shown, covers))


def united(shown: bytes, other: bytes, covers: int) -> bytes:
    """Give a finding the causes of another one that is the same finding, and what both cover."""
    mine, theirs = causes_of(shown), causes_of(other)
    if mine != theirs:
        shown = with_causes(shown, together((*mine, *theirs)))
    return recounted(shown, covers)


class _RuleText:
    """The parts of a line that only depend on the rule."""

    __slots__ = ("confidence", "controls", "head", "id", "middle", "order")

    def __init__(self, active: ActiveRule) -> None:
        rule = active.rule
        self.id = rule.id
        self.order = str(4 - active.severity.rank)
        self.head = f',"rule":{text(rule.id)},'
        self.middle = f'"severity":"{active.severity.value}",'
        self.confidence = rule.confidence.value
        self.controls = _encode(rule.controls).decode()


class Located(NamedTuple):
    """A value as it is shown, and its line; ``file`` is another one than that of its resource."""

    shown: str
    line: int
    file: str = ""

    @property
    def place(self) -> str:
        """Where it stands, as fields of its JSON."""
        file = f',"file":{text(self.file)}' if self.file else ""
        return f'{file},"line":{self.line}' if self.line else file


_NOWHERE = Located("", 0)


class Where(msgspec.Struct, frozen=True, gc=False):
    """The parts of a line that only depend on the resource or the fact.

    ``identity`` goes into fingerprints, ``order`` sorts, ``place`` says which of several lines of
    one finding is shown. ``head`` is the JSON of the resource up to its file, which is ``file``
    where a finding is of no other, and ``tail`` what follows that up to its line.
    """

    identity: str
    part: str
    shown: str
    heuristic: bool
    place: str
    order: str
    head: str
    file: str
    tail: str
    related: str = ""

    def at(self, found: Located) -> str:
        """The JSON of the resource, for a finding about what stands there."""
        file = text(found.file) if found.file else self.file
        return f'{self.head},"file":{file}{self.tail}{_at(found.line)}'


def rank_of(owner: Subject | None) -> str:
    """How the place of a line begins, by the controller that its finding is counted with."""
    if owner is None:
        return "0"
    return TEMPLATED if owner.templated else CONTROLLED


def _of_resource(resource: Resource, target: Target, owner: Subject | None) -> Where:
    subject = resource.parent or resource
    if owner is not None:
        kind, namespace, name, uid = owner.kind, owner.namespace, owner.name, owner.uid
        path = f"{kind}/{namespace}/{name}"
    else:
        kind, namespace, name, uid = subject.kind, subject.namespace, subject.name, subject.uid
        path = path_of(kind, namespace, name, uid, subject.rendered or subject.source)
    rank = rank_of(owner)
    order, head = _reference(target.uri, kind, namespace, name, uid)
    return Where(
        identity=f"{target.uid}\0{path}",
        part=resource.part,
        shown=shown(resource.part),
        heuristic=resource.heuristic,
        place=f"{rank}{text(subject.source)}{FIELD}{resource.document:08d}",
        order=order,
        head=head,
        file=text(subject.source),
        tail=_rendered(subject.rendered),
    )


def _identity(fact: Fact, *, of_run: bool) -> str:
    if of_run or fact.by_key:
        target = "" if of_run else fact.subject.target_uid
        return f"{target}\0{fact.kind}/{'/'.join(fact.key)}"
    return fact.subject.identity


def _of_fact(fact: Fact, identity: str) -> Where:
    subject = fact.subject
    order, head, file, tail = _origin_reference(subject)
    related = ",".join(map(_related, fact.related))
    return Where(
        identity=identity,
        part=fact.part,
        shown=shown(fact.part),
        heuristic=fact.heuristic,
        place=f"{fact.rank}{text(subject.source)}{FIELD}{subject.document:08d}",
        order=order,
        head=head,
        file=file,
        tail=tail,
        related=f'"related":[{related}],' if related else "",
    )


def _related(origin: Origin) -> str:
    _, head, file, tail = _origin_reference(origin)
    return f'{head},"file":{file}{tail}{_at(origin.line_of(origin.pointer))}'


def _origin_reference(origin: Origin) -> tuple[str, str, str, str]:
    order, head = _reference(origin.target, origin.kind, origin.namespace, origin.name, origin.uid)
    return order, head, text(origin.source), _rendered(origin.rendered)


def _rendered(folder: str) -> str:
    """The folder that a resource was rendered from, as a field of its JSON."""
    return f',"rendered":{text(folder)}' if folder else ""


def _reference(target: str, kind: str, namespace: str, name: str, uid: str) -> tuple[str, str]:
    """By what a resource is sorted, and its JSON, to which its file and line have to be added."""
    target_text, kind_text, namespace_text = text(target), text(kind), text(namespace)
    name_text = text(name)
    order = FIELD.join((target_text, namespace_text, kind_text, name_text))
    head = (
        f'{{"target":{target_text},"kind":{kind_text},"namespace":{namespace_text},'
        f'"name":{name_text},"uid":{text(uid)}'
    )
    return order, head


def _at(line: int) -> str:
    """The end of the JSON of a resource: the line, where there is one."""
    return f',"line":{line}}}' if line else "}"


def source_pointer(resource: Resource, path: BodyPath) -> str | None:
    """Where a path in a body stands in its source: see :meth:`Resource.in_source`."""
    return resource.in_source(body_pointer(path))


def body_pointer(path: BodyPath) -> str:
    """A path in a body as a JSON pointer."""
    return pointer_of(tuple(str(part) for part in path))
