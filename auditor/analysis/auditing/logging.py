"""The analysis: one ``k8s/AuditLogging`` for each API server, by its flags.

::

    kube-apiserver 1.35  --audit-policy-file=/etc/kubernetes/audit.yaml --audit-log-path=/var/log/a
                         --audit-log-maxage=30

has a policy and a backend, keeps 30 days, and does not say how many files, of which 1.35 keeps all;
1.36 keeps 100 of them. What a flag comes to is in ``age``, ``backups`` and ``size`` (days, files,
megabytes; 0 is without end), where it is known: not of a server whose version nobody says, nor of a
value that is no number, which the server refuses. ``saysAge`` and its like tell what was written.
``retention`` says why that is not to be known here: the log is no file of the API server.

Without a policy no backend writes anything; without a backend no policy does. An API server that is
not shown makes a fact that says so, with the provider that runs it, if one does: nothing is known
of it. Where the settings of one cluster of that provider were read in the same run, and one cluster
alone is in need of them, they are taken for its own (:mod:`exports`). Metrics of a server that were
saved, and flags that one printed itself, are of the cluster that they are named after, or of the
only one that is in need of them (:mod:`auditor.analysis.controlplane.pairing`). Of what a cluster
printed when it was asked that is known. Its counters are told of the API server that it
shows; of several it is not known which one answered, and they are told of the cluster.

Where audit policies were read, a server of which none of them is known to be the policy is a gap of
these (:mod:`whose`).

Source: k8s.io/apiserver v0.37.2 and v0.35.0, pkg/server/options/audit.go (NewAuditOptions: 366, 100
and 100 since v0.36.0, 0 before).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.auditing import exports, facts, logged, openshift, whose
from auditor.analysis.auditing.exports import Export, Measured
from auditor.analysis.auditing.whose import Written
from auditor.analysis.bodies import decoded
from auditor.analysis.controlplane import components, pairing
from auditor.analysis.controlplane.components import ControlPlanes
from auditor.analysis.controlplane.flags import API_SERVER
from auditor.analysis.controlplane.pairing import Saved
from auditor.analysis.loose import mapping
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.analysis.texts import ReadText, read_json
from auditor.model.fact import Fact, Origin
from auditor.model.resource import OF_FILES, Gap, Resource

_VERSIONED: Final = "version"
_EXPORTED: Final = "exported"
_MEASURED: Final = "measured"
_WRITTEN: Final = "written"
_POLICIES: Final = frozenset({facts.POLICY, facts.CONFIG_MAP, openshift.KIND})
_COUNTED: Final = ("events", "lost")

_encode = msgspec.json.encode


class AuditLogging(Uncombined):
    """Says of each API server what becomes of its events."""

    id = "audit-logging"
    stage = Stage.RUN
    reads = ControlPlanes.reads | exports.KINDS | _POLICIES
    preferred = ControlPlanes.preferred | (_POLICIES - {facts.CONFIG_MAP})
    by_name = ControlPlanes.by_name
    feeds: Feeds = MappingProxyType(
        {
            logged.KIND: MappingProxyType(
                {
                    "": ControlPlanes.feeds[components.KIND][""] | exports.SETTINGS,
                    **dict.fromkeys(_COUNTED, frozenset({exports.METRICS})),
                }
            )
        }
    )

    def __init__(self, read: ReadText) -> None:
        """``read`` reads a text as YAML."""
        self._read = read
        self._inner = ControlPlanes(read)

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take the components of an object, of the cluster itself its version, and settings."""
        if resource.kind == exports.METRICS:
            counters = exports.read_metrics(resource.body)
            if counters is not None:
                origin = site.origin(resource, "", ("/event_total", "/error_total"))
                live = site.target.uid != OF_FILES
                key = (site.target.uri, "1") if live else ("",)
                yield Row(key, _MEASURED, origin, _encode(counters))
            return
        if resource.kind in exports.KINDS:
            found = exports.read_export(resource.kind, mapping(decoded(resource)))
            origin = site.origin(resource, "", (found.pointer,))
            yield Row(("",), _EXPORTED, origin, _encode(found))
            return
        if resource.kind in _POLICIES:
            yield from self._written(resource, site)
        for row in (
            self._inner.extract(resource, site) if resource.kind in self._inner.reads else ()
        ):
            yield row
            if row.tag == components.CLUSTER:
                key = (site.target.uri, "0")
                yield Row(key, _VERSIONED, None, _encode(site.target.version))

    def _written(self, resource: Resource, site: Site) -> Iterator[Row]:
        live = site.target.uid != OF_FILES
        for each in facts.found_in(resource, self._read):
            origin = site.origin(resource)
            found = whose.of_origin(origin, each.key, live=live)
            yield Row(("",), _WRITTEN, origin, _encode(found))

    def derive(self, groups: Groups) -> Iterator[Fact | Gap]:
        """Yield a fact for each API server, and for a cluster that does not show one."""
        run = _Run()
        found = list(run.facts(groups))
        yield from found
        places = [each.as_place for each in run.clusters.values() if each.place is not None]
        servers = list(whose.servers_in(found))
        yield from whose.gaps(servers, run.written, places, facts.KIND)


class _Run(msgspec.Struct):
    """What is known of all targets: the clusters, and the policies that were read."""

    clusters: dict[str, _Cluster] = msgspec.field(default_factory=dict)
    written: list[Written] = msgspec.field(default_factory=list)

    def facts(self, groups: Groups) -> Iterator[Fact]:
        """Yield the facts of API servers."""
        clusters = self.clusters
        exported: list[tuple[Export, Origin]] = []
        measured: list[tuple[Measured, Origin]] = []
        saved: list[Saved] = []
        for key, rows in groups:
            cluster = clusters.setdefault(key[0], _Cluster(key[0]))
            for row in rows:
                if row.tag == _EXPORTED:
                    exported.append((msgspec.json.decode(row.body, type=Export), row.read_at))
                elif row.tag == _WRITTEN:
                    self.written.append(msgspec.json.decode(row.body, type=Written))
                elif row.tag == _MEASURED:
                    counted = (msgspec.json.decode(row.body, type=Measured), row.read_at)
                    if key[0]:
                        cluster.counted = counted
                    else:
                        measured.append(counted)
                elif row.tag == components.COMPONENT:
                    saved += cluster.show(row, printed=components.is_printed(key))
                else:
                    cluster.note(row)
        told = [each for each in clusters.values() if each.place is not None]
        measured = _paired(told, measured)
        for cluster in clusters.values():
            yield from cluster.told()
        missing = _missing(told, saved)
        if len(missing) == len(measured) == 1 and not exported and missing[0].counted is None:
            yield logged.of_counters(*measured[0], missing[0].place)
            return
        yield from _counted_alone(missing, exported)
        yield from (logged.of_counters(*each, None) for each in measured)
        yield from _not_shown(missing, exported)


class _Cluster(components.Cluster):
    """What is known of a target; ``servers`` are the facts of its API servers."""

    version: str = ""
    counted: tuple[Measured, Origin] | None = None
    servers: list[Fact] = msgspec.field(default_factory=list)

    def show(self, row: Row, *, printed: bool) -> Iterator[Saved]:
        """Take the API servers of a row; yield those that were saved of one that runs."""
        for at, each in enumerate(components.components_in(row.body)):
            counts = self.seen.counts(each, printed=printed)
            if counts and each.component == API_SERVER and not each.doubt:
                self.servers.append(
                    logged.of_flags(row.read_at, each, at, each.version or self.version)
                )
                yield from components.saved_in(row.read_at, each)

    def told(self) -> Iterator[Fact]:
        """Yield the facts of the API servers that are shown, with what they count."""
        match self.servers, self.counted:
            case [server], (found, origin):
                yield logged.with_counts(server, found, origin)
            case [_, *_], (found, origin):
                yield from self.servers
                yield logged.of_several(found, origin, self.place)
            case _:
                yield from self.servers

    def note(self, row: Row) -> None:
        """Take what a row says of the cluster itself."""
        if row.tag == _VERSIONED:
            self.version = msgspec.json.decode(row.body, type=str)
        else:
            self.learn(row)


def _paired(
    told: Sequence[_Cluster], measured: Sequence[tuple[Measured, Origin]]
) -> list[tuple[Measured, Origin]]:
    """Give clusters what is named after them; what is left is of nobody in particular."""
    places = [each.as_place for each in told]
    whose = [pairing.owner(Saved(API_SERVER, each.name), places) for _, each in measured]
    left = []
    for counted, at in zip(measured, whose, strict=True):
        if at is None or whose.count(at) > 1 or told[at].counted is not None:
            left.append(counted)
        else:
            told[at].counted = counted
    return left


def _missing(told: Sequence[_Cluster], saved: Sequence[Saved]) -> list[_Cluster]:
    """Find the clusters of which nobody shows an API server, or not that of each node."""
    places = [each.as_place for each in told]
    lacking = [not each.servers for each in told]
    whose = pairing.owners(saved, places, lacking)
    found = []
    for at, cluster in enumerate(told):
        own = [each for each, by in zip(saved, whose, strict=True) if by == at]
        nodes = pairing.unshown(places[at], own)
        if lacking[at] and (nodes is None or nodes):
            found.append(cluster)
    return found


def _not_shown(
    missing: Sequence[_Cluster], exported: Sequence[tuple[Export, Origin]]
) -> Iterator[Fact]:
    """Yield facts of clusters that show no API server, and of settings that are of none of them."""
    taken: set[int] = set()
    for cluster in missing:
        alike = [each for each in missing if each.provider == cluster.provider]
        own = [at for at, (each, _) in enumerate(exported) if each.provider == cluster.provider]
        if len(alike) == 1 and len({exported[at][1].name.partition("/")[0] for at in own}) == 1:
            taken.update(own)
            best = max(own, key=lambda at: exported[at][0].log)
            fact = logged.of_settings(*exported[best], cluster.place)
            yield (
                logged.with_counts(fact, *cluster.counted) if cluster.counted is not None else fact
            )
        elif cluster.counted is not None:
            yield logged.of_counters(*cluster.counted, cluster.place)
        elif cluster.place is not None:
            yield logged.of_nothing(cluster.place, cluster.version, cluster.provider)
    for at, each in enumerate(exported):
        if at not in taken:
            yield logged.of_settings(*each, None)


def make(tables: Tables, read: ReadText = read_json) -> AuditLogging:
    """Make the analysis; it needs no table."""
    del tables
    return AuditLogging(read)


def _counted_alone(
    missing: list[_Cluster], exported: Sequence[tuple[Export, Origin]]
) -> Iterator[Fact]:
    """Yield facts of clusters of which only what their server counted is known.

    They are ``missing`` no more. Where settings of their provider were read, these tell more.
    """
    providers = {each.provider for each, _ in exported}
    for cluster in [each for each in missing if each.counted is not None]:
        if cluster.counted is not None and cluster.provider not in providers:
            missing.remove(cluster)
            yield logged.of_counters(*cluster.counted, cluster.place)
