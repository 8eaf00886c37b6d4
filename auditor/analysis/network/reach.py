"""The analysis: what can reach what in a cluster, as far as its network policies have a say.

Three kinds of facts. ``network/Reach`` are workloads of a namespace that reach the same and are
reached by the same: a row of what ``auditor reach`` shows. ``network/Zone`` is a namespace with
all of these, and what becomes of a pod that comes there next: what rules judge.
``network/Answer`` is of a question that was asked.

Of a cluster its running pods are told; templates only say whom a selector could mean. Of files
every template is, and others may stand elsewhere: what is found of files is heuristic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.gpu.components import components_from_table
from auditor.analysis.gpu.marks import NAMESPACE, NODE, POD
from auditor.analysis.gpu.tenants import TenantKey, Tenants, keys_from_table, map_from_table
from auditor.analysis.network import rows, zones
from auditor.analysis.network.checking import enforcement_of
from auditor.analysis.network.ends import Nodes
from auditor.analysis.network.enforcement import TABLE as PLUGINS
from auditor.analysis.network.enforcement import Found, Plugin, plugins_from_table
from auditor.analysis.network.exposing import READS as EXPOSED
from auditor.analysis.network.exposing import RouteRow, ServiceRow
from auditor.analysis.network.gathering import Gathered
from auditor.analysis.network.places import TABLE as PLACES
from auditor.analysis.network.places import Place, places_from_table
from auditor.analysis.network.questions import Answers, Question, blocks_of, ports_of
from auditor.analysis.network.rows import NamespaceRow, PodRow, PolicyRow
from auditor.analysis.network.servers import TABLE as SERVERS
from auditor.analysis.network.servers import Server, Servers, servers_from_table
from auditor.analysis.network.summaries import Summaries
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.model.enums import GapCause
from auditor.model.fact import Fact
from auditor.model.reach import AnswerFact
from auditor.model.resource import OF_FILES, Gap, Resource
from auditor.platforms.network import ANSWER, REACH, ZONE

_ALL: Final = rows.POLICIES | rows.TEMPLATES | {NAMESPACE, NODE, POD}
_JOINED: Final = (
    *("workloads", "ingress", "egress", "reachedBy", "perhapsReachedBy", "places", "tenant"),
)
"""What of a zone rests on all that was read."""
_encode = msgspec.json.encode
_namespace = msgspec.json.Decoder(NamespaceRow).decode
_policy = msgspec.json.Decoder(PolicyRow).decode
_node = msgspec.json.Decoder(Nodes).decode
_pod = msgspec.json.Decoder(PodRow).decode
_found = msgspec.json.Decoder(Found).decode
_service = msgspec.json.Decoder(ServiceRow).decode
_route = msgspec.json.Decoder(RouteRow).decode


class NetworkReach(Uncombined):
    """Joins pods, namespaces and nodes with the policies about them."""

    id = "network-reach"
    stage = Stage.TARGET
    reads = rows.READS
    feeds: Feeds = MappingProxyType(
        {
            REACH: MappingProxyType({"": _ALL, "exposed": EXPOSED}),
            ZONE: MappingProxyType(
                {
                    "": frozenset({NAMESPACE, POD}) | rows.TEMPLATES,
                    **dict.fromkeys(_JOINED, _ALL),
                    "servers": _ALL | EXPOSED,
                    "enforcement": frozenset({rows.DAEMON_SET}),
                }
            ),
            ANSWER: MappingProxyType({"": _ALL}),
        }
    )

    def __init__(
        self,
        keys: Sequence[TenantKey],
        mapped: Mapping[str, str],
        platform: frozenset[str],
        plugins: Sequence[Plugin],
        places: Sequence[Place],
        asked: Sequence[Question] = (),
        servers: Sequence[Server] = (),
    ) -> None:
        """``keys`` and ``mapped`` name tenants, ``platform`` are namespaces of none.

        ``asked`` are questions, to be answered beside; ``servers`` are those worth a word.
        """
        self._keys = keys
        self._mapped = mapped
        self._platform = platform
        self._plugins = plugins
        self._places = places
        self._asked = asked
        self._servers = Servers(servers)

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take what a resource says of networks, and of its tenant."""
        return rows.extracted(resource, site, self._keys, self._plugins, self._servers)

    def derive(self, groups: Groups) -> Iterator[Fact | Gap]:
        """Yield the facts of a target, and a gap for each object that is not as its API has it."""
        gathered = Gathered(
            Tenants(self._keys, self._mapped),
            self._platform,
            self._places,
            blocks_of(self._asked),
            frozenset(
                each.rpartition("/")[2]
                for question in self._asked
                for each in (question.source, question.target)
            ),
        )
        live = part = False
        for _, each in groups:
            for row in each:
                if row.tag == rows.BAD:
                    yield _gap(row)
                live = _learn(gathered, row) or live
                part = part or rows.is_part(row.read_at)
        if part:
            gathered.elsewhere()
        if not gathered.kinds and not gathered.policies and not gathered.namespaces:
            return
        state = enforcement_of(gathered, live=live)
        summaries = Summaries(gathered, ports_of(self._asked))
        yield from zones.facts_of(gathered, summaries, self._servers.known, state.state, live=live)
        answers = Answers(summaries, gathered.kinds)
        for number, question in enumerate(self._asked):
            for at, answer in enumerate(answers.of(question)):
                yield _answer(gathered, answer, f"{number:04d}", f"{at:06d}")


def make(tables: Tables, asked: Sequence[Question] = ()) -> NetworkReach:
    """Make the analysis for the tables of a policy, and some questions."""
    components = components_from_table(tables.get("gpu-components", ()))
    return NetworkReach(
        keys_from_table(tables.get("tenancy-keys", ())),
        map_from_table(tables.get("tenant-map", ())),
        frozenset(("kube-system", *(name for each in components for name in each.namespaces))),
        plugins_from_table(tables.get(PLUGINS, ())),
        places_from_table(tables.get(PLACES, ())),
        asked,
        servers_from_table(tables.get(SERVERS, ())),
    )


def _learn(gathered: Gathered, row: Row) -> bool:
    """Learn a row; say whether it is of a cluster, as far as that is known."""
    place = row.read_at
    live = place.target_uid != OF_FILES
    match row.key[0], row.tag:
        case rows.NAMESPACES, rows.BAD:
            gathered.namespaces[place.name] = place
        case rows.NODES, rows.BAD:
            gathered.unknown_node(place)
        case rows.PODS, rows.BAD:
            gathered.of_anything(place, live=live)
        case rows.NAMESPACES, _:
            gathered.namespace(place.name, _namespace(row.body), place)
        case rows.RULES, _:
            gathered.policy(_policy(row.body), place)
        case rows.EXPOSING, "service":
            gathered.service(_service(row.body), place.namespace)
        case rows.EXPOSING, _:
            gathered.route(_route(row.body))
        case rows.PLUGINS, _:
            gathered.plugins.append((_found(row.body), place))
        case rows.NODES, _:
            gathered.node(_node(row.body), place)
        case _:
            gathered.pod(_pod(row.body), place.namespace, place)
    return live


def _gap(row: Row) -> Gap:
    at = row.read_at
    detail = f"{at.kind} {at.namespace}/{at.name}: {msgspec.json.decode(row.body)}"
    hint = "what it can reach, and what reaches it, may be anything"
    return Gap(at.target, at.kind, GapCause.MALFORMED, detail, hint, at.line, at.namespace)


def _answer(gathered: Gathered, body: AnswerFact, *key: str) -> Fact:
    places = [*gathered.namespaces.values(), *(each.origin for each in gathered.policies)]
    subject = next(iter((*places, *gathered.kinds[0].workloads.values())))
    return Fact(
        kind=ANSWER,
        key=key,
        body=_encode(body),
        subject=subject,
        elsewhere=tuple((f"/{name}", None) for name in body.__struct_encode_fields__),
        draws_on=((subject.target, ""),),
    )
