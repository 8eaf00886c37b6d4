"""Which pods have more networks than one, and which of these a policy reaches: a fact for each.

A NetworkPolicy is about the network that every pod has. What Multus adds is about none, but where a
MultiNetworkPolicy says so of both the pod and the network::

    Pod train           k8s.v1.cni.cncf.io/networks: rdma, storage/nfs@n  row  key (ml, pod)
                        labels {app: train}
    MultiNetworkPolicy  k8s.v1.cni.cncf.io/policy-for: rdma               row  key (ml, a-policy)
                        podSelector {app: train}

makes one ``k8s/SecondaryNetworks`` of ``train``: its ``networks`` are ml/rdma and storage/nfs, and
``unpoliced`` is storage/nfs. ``unsure`` are networks of which nobody can say: the selector asks for
a label that others add, the policy does not say its namespace, or the annotation is not valid.

A pod that a controller of Kubernetes made is left out: its template says the same. Of files more
policies may stand elsewhere, so facts of files are heuristic.

Sources: the NetworkAttachmentDefinition specification 1.3 (4.1), multi-networkpolicy's scheme v1.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    of_selector,
)
from auditor.analysis.loose import mapping
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.model.fact import Fact
from auditor.model.resource import OF_FILES, Resource
from auditor.platforms.kubernetes import PREFIX, is_built_in

KIND: Final = "k8s/SecondaryNetworks"
POLICY: Final = "k8s/MultiNetworkPolicy.k8s.cni.cncf.io"
NETWORKS: Final = "k8s.v1.cni.cncf.io/networks"
POLICY_FOR: Final = "k8s.v1.cni.cncf.io/policy-for"
NOT_VALID: Final = "(not valid)"
"""Stands for the networks of an annotation that Multus refuses."""

_TEMPLATES: Final = frozenset({facts.KIND, facts.PATCH})
_POD: Final = "pod"
_POLICY: Final = "a-policy"
"""The tag of the rows of policies, which come before those of pods."""
_encode = msgspec.json.encode


class _Metadata(msgspec.Struct, gc=False):
    labels: dict[str, object] | None = None
    annotations: dict[str, object] | None = None


class _Template(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None


class _Chosen(msgspec.Struct, gc=False):
    """A network of an annotation that is a list in JSON."""

    name: str
    namespace: str = ""


class _Pod(msgspec.Struct, gc=False):
    """A pod template, ``part`` of its object."""

    live: bool
    labels: PodClass
    networks: list[str]
    part: str = ""


class _Policy(msgspec.Struct, gc=False):
    """What a policy selects, None where that is not valid, and the networks that it is for."""

    networks: list[str]
    requirements: Requirements | None = None


_decode_template = msgspec.json.Decoder(_Template).decode
_decode_chosen = msgspec.json.Decoder(list[_Chosen]).decode
_decode_pod = msgspec.json.Decoder(_Pod).decode
_decode_policy = msgspec.json.Decoder(_Policy).decode


class SecondaryNetworks(Uncombined):
    """Joins pods that have several networks with the policies about these."""

    id = "secondary-networks"
    stage = Stage.TARGET
    reads = frozenset({*_TEMPLATES, POLICY})
    feeds: Feeds = MappingProxyType(
        {
            KIND: MappingProxyType(
                {
                    "": _TEMPLATES,
                    **dict.fromkeys(("unpoliced", "unsure"), frozenset({POLICY})),
                }
            )
        }
    )

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take the networks of a pod, and what a policy is for."""
        if resource.kind == POLICY:
            yield _policy(resource, site)
        elif NETWORKS.encode() in resource.body and not _is_made(resource):
            yield from _pod(resource, site)

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each pod with more networks than one, those of no namespace last."""
        policies: dict[str, list[_Policy]] = {}
        unplaced: list[Row] = []
        for key, rows in groups:
            if key[1] == _POLICY:
                policies[key[0]] = [_decode_policy(row.body) for row in rows]
            elif key[0]:
                here, anywhere = policies.get(key[0], []), policies.get("", [])
                yield from (_fact(row, here, anywhere) for row in rows)
            else:
                unplaced = list(rows)
        every = [policy for found in policies.values() for policy in found]
        yield from (_fact(row, [], every) for row in unplaced)


def make(tables: Tables) -> SecondaryNetworks:
    """Make the analysis; it needs no table."""
    del tables
    return SecondaryNetworks()


def named_in(text: str, namespace: str) -> list[str]:
    """Name the networks of an annotation, as namespace/name, in order and once each.

    ``rdma, storage/nfs@net2``, or a list in JSON; :data:`NOT_VALID` stands for what is neither.
    """
    stripped = text.strip()
    if not stripped:
        return []
    found = _of_list(stripped) if stripped.startswith("[") else _of_words(stripped)
    if found is None:
        return [NOT_VALID]
    return list(dict.fromkeys(f"{space or namespace}/{name}" for space, name in found))


def _of_list(text: str) -> list[tuple[str, str]] | None:
    try:
        return [(each.namespace, each.name) for each in _decode_chosen(text)]
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def _of_words(text: str) -> list[tuple[str, str]] | None:
    found = []
    for word in text.split(","):
        space, _, name = word.strip().partition("@")[0].rpartition("/")
        if not name or "/" in space:
            return None
        found.append((space, name))
    return found


def _is_made(resource: Resource) -> bool:
    """Say whether a controller made a pod of a template that we have."""
    owner = resource.controller
    return owner is not None and is_built_in(owner.api_version, owner.kind)


def _pod(template: Resource, site: Site) -> Iterator[Row]:
    try:
        metadata = _decode_template(template.body).metadata or _Metadata()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # a field of the wrong type: rules about the template say so
    text = (metadata.annotations or {}).get(NETWORKS)
    networks = named_in(text, template.namespace) if isinstance(text, str) else []
    if not networks:
        return
    owner = template.parent or template
    bare = owner.kind == f"{PREFIX}Pod"
    labels = PodClass(metadata.labels or {}, More.NONE if bare else More.OF_CONTROLLERS)
    if template.kind == facts.PATCH or not (bare or _is_of_kubernetes(owner)):
        labels = msgspec.structs.replace(labels, more=More.ANY)
    origin = site.origin(owner, f"{template.pointer}/metadata/annotations")
    body = _Pod(site.target.uid != OF_FILES, labels, networks, template.part)
    yield Row((template.namespace, _POD), _POD, origin, _encode(body))


def _is_of_kubernetes(owner: Resource) -> bool:
    return is_built_in(owner.api_version, facts.plain_kind(owner))


def _policy(resource: Resource, site: Site) -> Row:
    body = mapping(decoded(resource))
    text = mapping(mapping(body.get("metadata")).get("annotations")).get(POLICY_FOR)
    networks = named_in(text, resource.namespace) if isinstance(text, str) else []
    found = _Policy(networks, of_selector(mapping(body.get("spec")).get("podSelector")))
    return Row((resource.namespace, _POLICY), _POLICY, site.origin(resource), _encode(found))


def _fact(row: Row, here: Sequence[_Policy], anywhere: Sequence[_Policy]) -> Fact:
    """Say of a pod which of its networks no policy reaches."""
    place, pod = row.read_at, _decode_pod(row.body)
    classes = PodClasses([pod.labels])
    found = {name: _reached(name, classes, here, anywhere) for name in pod.networks}
    body = {
        "kind": place.kind.removeprefix(PREFIX),
        "name": place.name,
        "namespace": place.namespace,
        "networks": pod.networks,
        "unpoliced": [name for name, each in found.items() if each is Selected.NONE],
        "unsure": [name for name, each in found.items() if each is Selected.UNKNOWN],
        "live": pod.live,
    }
    return Fact(
        kind=KIND,
        key=(place.kind, place.namespace, place.name, place.source, place.pointer),
        body=_encode(body),
        subject=place,
        elsewhere=tuple((f"/{name}", None) for name in body),
        draws_on=((place.target, place.namespace),),
        heuristic=not pod.live,
        part=pod.part,
    )


def _reached(
    network: str, classes: PodClasses, here: Iterable[_Policy], anywhere: Iterable[_Policy]
) -> Selected:
    """Say whether some policy is about a pod on a network."""
    if network == NOT_VALID:
        return Selected.UNKNOWN
    sure = {_about(each, network, classes) for each in here}
    perhaps = {_about(each, network, classes) for each in anywhere}
    if Selected.SOME in sure:
        return Selected.SOME
    unknown = Selected.UNKNOWN in sure or perhaps - {Selected.NONE}
    return Selected.UNKNOWN if unknown else Selected.NONE


def _about(policy: _Policy, network: str, classes: PodClasses) -> Selected:
    """Say whether one policy is; of one that is not valid nobody can tell."""
    if NOT_VALID in policy.networks:
        return Selected.UNKNOWN
    if not any(_may_be(network, each) for each in policy.networks):
        return Selected.NONE
    if policy.requirements is None:
        return Selected.UNKNOWN
    return classes.select(policy.requirements)


def _may_be(one: str, other: str) -> bool:
    """Say whether two names may be of one network; one without a namespace may be anywhere."""
    (space, _, name), (there, _, called) = one.partition("/"), other.partition("/")
    return name == called and (space == there or not (space and there))
