"""What network policies and services select: one fact for each that has a selector.

A selector that no pod satisfies is mostly a slip of the pen, and nothing says so: the policy
protects nobody, the service has no endpoints::

    Deployment vllm    template labels {app: vllm}       row  key (ml, digest of the labels)
    Deployment chat    template labels {app: vllm}       the same row: one class of pods
    Service front      selector {app: vlm}               row  key (ml,)

makes one ``k8s/ServiceSelection`` of ``front``: what it requires, ``selects`` "none", and
``workloads`` 1, the classes of pods that there are. A network policy has a ``k8s/PolicySelection``.
Rows of pods come before those of selectors, since a longer key sorts first.

``selects`` is "unknown", with the reason in ``why``, where only labels that others add would
satisfy it (:mod:`auditor.analysis.label_selectors`), where a custom resource may bring pods of its
own (:mod:`auditor.analysis.makers`), or where one of two does not say its namespace. Of a cluster
its pods are there, and ``live`` is true. Among files other pods may stand elsewhere, so facts of
files are heuristic: rules are less sure of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis import facts
from auditor.analysis.bodies import decoded
from auditor.analysis.label_selectors import (
    More,
    PodClass,
    PodClasses,
    Requirements,
    Selected,
    of_labels,
    of_selector,
)
from auditor.analysis.loose import mapping
from auditor.analysis.makers import may_bring_pods
from auditor.analysis.operator_labels import labels_of
from auditor.analysis.protocol import OTHERS, Feeds, Groups, Row, Site, Stage, Tables
from auditor.model.fact import Fact
from auditor.model.resource import OF_FILES, Resource
from auditor.platforms.kubernetes import PREFIX, is_built_in

POLICIES: Final = "k8s/PolicySelection"
SERVICES: Final = "k8s/ServiceSelection"

_FACTS: Final[Mapping[str, str]] = MappingProxyType(
    {"k8s/NetworkPolicy": POLICIES, "k8s/Service": SERVICES}
)
_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {"k8s/NetworkPolicy": "podSelector", "k8s/Service": "selector"}
)
_PODS: Final = "pods"
_MAKER: Final = "a-maker"
_SELECTOR: Final = "selector"
_JOINED: Final = frozenset({facts.KIND, facts.PATCH})
_encode = msgspec.json.encode


class _Metadata(msgspec.Struct, gc=False):
    labels: dict[str, object] | None = None


class _Owner(msgspec.Struct, gc=False):
    apiVersion: str = ""  # noqa: N815 - the field's name in the API
    kind: str = ""


class _Template(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None
    owner: _Owner | None = None


class _Selector(msgspec.Struct, gc=False):
    """What selects: its requirements, None where they are not valid."""

    live: bool
    requirements: Requirements | None = None


_decode_template = msgspec.json.Decoder(_Template).decode
_decode_class = msgspec.json.Decoder(PodClass).decode
_decode_name = msgspec.json.Decoder(str).decode
_decode_selector = msgspec.json.Decoder(_Selector).decode


class Selections:
    """Joins selectors with the pods of their namespaces."""

    id = "selection"
    stage = Stage.TARGET
    reads = frozenset({*_FACTS, *_JOINED, OTHERS})
    feeds: Feeds = MappingProxyType(
        {
            made: MappingProxyType(
                {"": frozenset({read}), "selects": _JOINED, "workloads": _JOINED}
            )
            for read, made in _FACTS.items()
        }
    )
    combined = frozenset({_MAKER, _PODS})

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take the labels of a pod template, what is selected, and who may bring pods."""
        live = site.target.uid != OF_FILES
        if resource.kind in _JOINED:
            yield _pods(resource)
        elif resource.kind in _FACTS:
            yield from _selector(resource, site, live=live)
        elif not live and may_bring_pods(resource.kind):
            name = f"{facts.plain_kind(resource)} {resource.name}"
            yield Row((resource.namespace, ""), _MAKER, None, _encode(name))

    def combine(self, one: Row, other: Row) -> Row:
        """Add up equal pods; keep the least of two names."""
        if one.tag == _MAKER:
            return min(one, other, key=lambda row: row.body)
        two = _decode_class(other.body)
        found = _decode_class(one.body)
        body = _encode(msgspec.structs.replace(found, count=found.count + two.count))
        return msgspec.structs.replace(one, body=body)

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each selector, those of no namespace last."""
        anywhere, unplaced = _Pods(), list[Row]()
        for name, members in groupby(groups, lambda group: group[0][0]):
            here, selectors = _gathered(members)
            if not name:
                anywhere, unplaced = here, selectors
                continue
            yield from (_fact(row, here, anywhere) for row in selectors)
            for row in unplaced:
                anywhere.look_also(row, here)
        yield from (_fact(row, anywhere, _Pods()) for row in unplaced)


def make(tables: Tables) -> Selections:
    """Make the analysis; it needs no table."""
    del tables
    return Selections()


class _Pods:
    """The pods of a namespace, and a custom resource that may bring more, "" for none.

    Of no namespace, as files have it: what is applied may go anywhere.
    """

    def __init__(self, classes: Sequence[PodClass] = (), maker: str = "") -> None:
        self.maker = maker
        self.count = sum(each.count for each in classes)
        self._classes = PodClasses(classes)
        self.elsewhere: set[Requirements] = set()

    def select(self, requirements: Requirements) -> Selected:
        return self._classes.select(requirements)

    def look_also(self, row: Row, other: _Pods) -> None:
        """Note whether a selector of no namespace may select pods of another one."""
        found = _decode_selector(row.body).requirements
        if found and found not in self.elsewhere and other.select(found) is not Selected.NONE:
            self.elsewhere.add(found)


def _gathered(members: Groups) -> tuple[_Pods, list[Row]]:
    """Take the rows of one namespace apart: its pods, and what selects."""
    classes: list[PodClass] = []
    selectors: list[Row] = []
    maker = ""
    for _, rows in members:
        for row in rows:
            if row.tag == _PODS:
                classes.append(_decode_class(row.body))
            elif row.tag == _MAKER:
                maker = _decode_name(row.body)
            else:
                selectors.append(row)
    return _Pods(classes, maker), selectors


def _pods(template: Resource) -> Row:
    """Make the row of a pod template."""
    try:
        found = _decode_template(template.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = _Template()  # a field of the wrong type: rules about the template say so
    owner = found.owner or _Owner()
    more = More.OF_CONTROLLERS if is_built_in(owner.apiVersion, owner.kind) else More.ANY
    if owner.kind == "Pod" and more is More.OF_CONTROLLERS:
        more = More.NONE
    labels = (found.metadata.labels if found.metadata is not None else None) or {}
    if more is not More.NONE:
        group = owner.apiVersion.rpartition("/")[0]
        labels = {**labels, **labels_of(group, owner.kind, template.name, template.pointer)}
    body = _encode(PodClass(labels, More.ANY if template.kind == facts.PATCH else more))
    digest = hashlib.blake2b(body, digest_size=16).hexdigest()
    return Row((template.namespace, digest), _PODS, None, body)


def _selector(resource: Resource, site: Site, *, live: bool) -> Iterator[Row]:
    """Make the row of what selects; none of a service without a selector, or without pods."""
    spec = mapping(mapping(decoded(resource)).get("spec"))
    field = _FIELDS[resource.kind]
    if resource.kind == "k8s/Service":
        if not spec.get(field) or spec.get("type") == "ExternalName":
            return
        requirements = of_labels(spec[field])
    else:
        requirements = of_selector(spec.get(field))
    place = f"/spec/{field}" if field in spec else ""
    origin = site.origin(resource, place, (place,) if place else ())
    yield Row((resource.namespace,), _SELECTOR, origin, _encode(_Selector(live, requirements)))


def _fact(row: Row, here: _Pods, anywhere: _Pods) -> Fact:
    """Say of a selector what it selects in its namespace."""
    place, found = row.read_at, _decode_selector(row.body)
    selects, why = _selected(found.requirements, here, anywhere)
    body = {
        "kind": place.kind.removeprefix(PREFIX),
        "name": place.name,
        "namespace": place.namespace,
        "requires": _written(found.requirements),
        "selects": selects.value,
        "why": why,
        "workloads": here.count,
        "live": found.live,
    }
    return Fact(
        kind=_FACTS[place.kind],
        key=(place.kind, place.namespace, place.name, place.source, str(place.document)),
        body=_encode(body),
        subject=place,
        elsewhere=tuple((f"/{name}", None) for name in body),
        draws_on=((place.target, place.namespace),),
        heuristic=not found.live,
    )


def _written(requirements: Requirements | None) -> list[str]:
    """Write each requirement; what is not valid requires something, as far as anybody can tell."""
    return ["(not valid)"] if requirements is None else [str(each) for each in requirements]


def _selected(
    requirements: Requirements | None, here: _Pods, anywhere: _Pods
) -> tuple[Selected, str]:
    """Say what is selected, and why that is not known where it is not."""
    if requirements is None:
        return Selected.UNKNOWN, "no API server takes such a selector"
    selects = here.select(requirements)
    if selects is Selected.UNKNOWN:
        return selects, "pods may get such labels from what makes them"
    if selects is Selected.SOME:
        return selects, ""
    maker = here.maker or anywhere.maker
    if maker:
        return Selected.UNKNOWN, f"{maker} may bring pods that are not written here"
    if requirements in here.elsewhere or anywhere.select(requirements) is not Selected.NONE:
        return Selected.UNKNOWN, "it would select pods that are written with another namespace"
    return selects, ""
