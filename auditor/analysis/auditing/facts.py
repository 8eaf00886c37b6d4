"""The analysis: one ``k8s/AuditPolicy`` for each audit policy, with what it does not log.

A policy is a file, a text in a ConfigMap, or what OpenShift makes of a profile::

    Policy           rules: [{level: None, verbs: [get, list]}, {level: Metadata}]
    ConfigMap audit  data: {policy.yaml: "apiVersion: audit.k8s.io/v1 …"}
    APIServer        spec: {audit: {profile: Default}}

Whether an API server uses it is not said here (:mod:`logging`). What it leaves out is told by
texts, each with the rule that decides; of a policy that the server refuses nothing is told but why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.auditing import openshift
from auditor.analysis.auditing.coverage import Coverage, Left, coverage
from auditor.analysis.auditing.matching import Matcher
from auditor.analysis.auditing.reachable import Unreached, reached
from auditor.analysis.auditing.reading import Problem, Read, read_policy
from auditor.analysis.bodies import decoded
from auditor.analysis.loose import mapping
from auditor.analysis.paths import pointer_of
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.analysis.texts import ReadFailure, ReadText, read_json
from auditor.model.fact import Fact, Origin, Spot
from auditor.model.resource import Resource

KIND: Final = "k8s/AuditPolicy"
POLICY: Final = "k8s/Policy.audit.k8s.io"
CONFIG_MAP: Final = "k8s/ConfigMap"
GROUP: Final = "audit.k8s.io/"

_LONGEST: Final = 1 << 20
_FINDS: Final = (
    *("unlogged", "entered", "devices", "exempt", "taken", "shallow", "bodies"),
    *("settings", "strangers", "outcomes"),
)
_encode = msgspec.json.encode


class Found(msgspec.Struct, frozen=True):
    """A policy in an object: what kind of source it is of, and under which key of a ConfigMap."""

    source: str
    key: str
    read: Read

    @property
    def base(self) -> str:
        """Where all of it stands: a policy that is a text in an object has no lines of its own."""
        return pointer_of(("data", self.key)) if self.key else ""

    def pointer(self, rule: int) -> str:
        """Where a rule stands, by its number from 0."""
        rules = self.read.policy.rules if self.read.policy is not None else ()
        return self.base or rules[rule].pointer


class Said(msgspec.Struct, frozen=True):
    """A policy in an object: under which key, and what becomes of it; ``texts`` with their spots.

    ``made`` is false where it could not be read: then there are no texts.
    """

    source: str
    key: str
    made: bool
    rules: int
    refused: tuple[tuple[str, str], ...]
    ignored: tuple[tuple[str, str], ...]
    texts: dict[str, tuple[tuple[str, str], ...]] = {}
    caught: bool = False
    refused_logins: bool = False
    undecided: int = 0
    left_out: int = 0


_decode = msgspec.json.Decoder(list[Said]).decode


class AuditPolicies(Uncombined):
    """Finds audit policies, and what they leave out."""

    id = "audit-policies"
    stage = Stage.TARGET
    reads = frozenset({POLICY, CONFIG_MAP, openshift.KIND})
    by_name = frozenset({CONFIG_MAP})
    feeds: Feeds = MappingProxyType({KIND: MappingProxyType({"": reads})})

    def __init__(self, read: ReadText) -> None:
        """``read`` reads a text as YAML."""
        self._read = read

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take the policies of an object, evaluated where it is at hand."""
        found = [_said(each) for each in found_in(resource, self._read)]
        if found:
            pointers = [spot for each in found for spot in _pointers(each)]
            origin = site.origin(resource, "", sorted(set(pointers)))
            yield Row((resource.namespace, resource.name), "policies", origin, _encode(found))

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each policy."""
        for _, rows in groups:
            for row in rows:
                for each in _decode(row.body):
                    yield _fact(row.read_at, each)


def make(tables: Tables, read: ReadText = read_json) -> AuditPolicies:
    """Make the analysis; it needs no table."""
    del tables
    return AuditPolicies(read)


def found_in(resource: Resource, read: ReadText) -> Iterator[Found]:
    """Find the policies in an object of a kind that may have one."""
    if resource.kind == CONFIG_MAP:
        if GROUP.encode() in resource.body:
            yield from _of_texts(mapping(mapping(decoded(resource)).get("data")), read)
    elif resource.kind == openshift.KIND:
        yield Found("openshift", "", openshift.read_profile(mapping(decoded(resource))))
    elif resource.kind == POLICY:
        yield Found("file", "", read_policy(decoded(resource)))


def _of_texts(data: dict[str, object], read: ReadText) -> Iterator[Found]:
    for key, text in sorted(data.items()):
        if not isinstance(text, str) or GROUP not in text or len(text) > _LONGEST:
            continue
        found = read(text)
        if isinstance(found, ReadFailure):
            refused = (Problem("", f"is not valid YAML: {found.reason}"),)
            yield Found("config-map", key, Read(None, refused))
        elif mapping(found).get("kind") == "Policy":
            yield Found("config-map", key, read_policy(found))


def _said(found: Found) -> Said:
    """Evaluate a policy that was read."""
    source, key, read, base = found.source, found.key, found.read, found.base
    refused, ignored = (_problems(each, base) for each in (read.refused, read.ignored))
    if read.policy is None:
        return Said(source, key, False, 0, refused, ignored)
    matcher = Matcher(read.policy)
    spots = [base or rule.pointer for rule in read.policy.rules]
    covered, decides = coverage(matcher), reached(matcher)
    texts = {name: _texts(covered, name, spots) for name in _FINDS}
    texts["unreached"] = tuple(
        (unreached_text(each), spots[each.rule]) for each in decides.unreached
    )
    return Said(
        source,
        key,
        True,
        len(spots),
        refused,
        ignored,
        texts,
        covered.caught,
        covered.refused_logins,
        decides.undecided,
        covered.left_out,
    )


def _texts(covered: Coverage, name: str, spots: Sequence[str]) -> tuple[tuple[str, str], ...]:
    found: tuple[Left, ...] = getattr(covered, name)
    return tuple((each.text, spots[each.rule - 1] if each.rule else "") for each in found)


def _problems(found: Iterable[Problem], base: str) -> tuple[tuple[str, str], ...]:
    return tuple((problem_text(each), base or each.pointer) for each in found)


def problem_text(each: Problem) -> str:
    """Say a problem with its place: ``rules[3].level: metadata is no level``."""
    place = "".join(
        f"[{part}]" if part.isdigit() else f".{part}" for part in each.pointer.split("/")[1:]
    )
    return f"{place.removeprefix('.')}: {each.reason}" if place else f"it {each.reason}"


def unreached_text(each: Unreached) -> str:
    """Say of a rule why it decides nothing."""
    number = each.rule + 1
    if not each.behind:
        return f"rule {number} matches no request"
    first = [str(behind + 1) for behind in each.behind[:3]]
    more = ", ".join(first) + (" and others" if len(each.behind) > len(first) else "")
    return f"rule {number} is behind rule{'s' if len(each.behind) > 1 else ''} {more}"


def _pointers(each: Said) -> Iterator[str]:
    yield from (pointer for _, pointer in (*each.refused, *each.ignored) if pointer)
    yield from (pointer for found in each.texts.values() for _, pointer in found if pointer)


def _fact(origin: Origin, each: Said) -> Fact:
    lists = {"refused": each.refused, "ignored": each.ignored, **each.texts}
    body: dict[str, object] = {
        "name": origin.name,
        "namespace": origin.namespace,
        "source": each.source,
        "key": each.key,
        "rules": each.rules,
        "made": each.made,
        **{name: [text for text, _ in found] for name, found in lists.items()},
    }
    if each.made:
        body["caught"] = each.caught
        body["refusedLogins"] = each.refused_logins
        body["undecided"] = each.undecided
        body["leftOut"] = each.left_out
    spots = [
        (f"/{name}", Spot(0, pointer))
        for name, found in lists.items()
        for pointer in [next((pointer for _, pointer in found if pointer), "")]
        if pointer
    ]
    return Fact(
        kind=KIND,
        key=(origin.namespace, origin.name, origin.source, str(origin.document), each.key),
        body=_encode(body),
        subject=origin,
        elsewhere=(*spots, *((f"/{name}", None) for name in body)),
        draws_on=((origin.target, origin.namespace),),
        part=each.key,
    )
