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
alone is in need of them, they are taken for its own (:mod:`exports`); and so are the metrics of a
server, and the flags that one printed itself, of which nobody says whose they are.

Source: k8s.io/apiserver v0.37.2 and v0.35.0, pkg/server/options/audit.go (NewAuditOptions: 366, 100
and 100 since v0.36.0, 0 before).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.auditing import exports
from auditor.analysis.auditing.exports import Export, Measured
from auditor.analysis.bodies import decoded
from auditor.analysis.controlplane import components
from auditor.analysis.controlplane.components import ControlPlanes
from auditor.analysis.controlplane.flags import API_SERVER, by_name
from auditor.analysis.controlplane.found import FLAGZ, KUBEADM, Component
from auditor.analysis.limits import mapping
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables, Uncombined
from auditor.analysis.texts import ReadText, read_json
from auditor.model.fact import Fact, Origin, Spot
from auditor.model.resource import Resource

KIND: Final = "k8s/AuditLogging"

_VERSIONED: Final = "version"
_EXPORTED: Final = "exported"
_MEASURED: Final = "measured"
_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)")
_NEW: Final = (1, 36)
"""The version since which retention has defaults."""
_NUMBER: Final = re.compile(r"[+-]?\d{1,9}")
_RETENTION: Final = (
    ("age", "audit-log-maxage", 366),
    ("backups", "audit-log-maxbackup", 100),
    ("size", "audit-log-maxsize", 100),
)
_STDOUT: Final = "it goes to standard output: what collects it decides"
_HINTS: Final = MappingProxyType(
    {
        "Amazon EKS": "scan what aws eks describe-cluster prints as well",
        "Google GKE": "scan what gcloud container clusters describe prints as well",
        "Azure AKS": "scan what az monitor diagnostic-settings list prints as well",
    }
)
_HINT: Final = "scan its static pod manifest as well, or what it prints at /flagz"
_UNMEASURED: Final = "no metric tells how long it is kept"
_ALWAYS: Final = ("policy", "log", "webhook", "mode", "webhookMode", "truncates")
_FLAGS: Final = MappingProxyType(
    {
        "policy": "audit-policy-file",
        "log": "audit-log-path",
        "webhook": "audit-webhook-config-file",
        "mode": "audit-log-mode",
        "webhookMode": "audit-webhook-mode",
        **{name: flag for name, flag, _ in _RETENTION},
    }
)
_DEFAULTS: Final = MappingProxyType({"mode": "blocking", "webhookMode": "batch"})
_encode = msgspec.json.encode


class AuditLogging(Uncombined):
    """Says of each API server what becomes of its events."""

    id = "audit-logging"
    stage = Stage.RUN
    reads = ControlPlanes.reads | exports.KINDS
    preferred = ControlPlanes.preferred
    by_name = ControlPlanes.by_name
    feeds: Feeds = MappingProxyType(
        {KIND: MappingProxyType({"": ControlPlanes.feeds[components.KIND][""] | exports.KINDS})}
    )

    def __init__(self, read: ReadText) -> None:
        """``read`` reads a text as YAML."""
        self._inner = ControlPlanes(read)

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take the components of an object, of the cluster itself its version, and settings."""
        if resource.kind == exports.METRICS:
            counters = exports.read_metrics(resource.body)
            if counters is not None:
                origin = site.origin(resource, "", ("/event_total", "/error_total"))
                yield Row(("",), _MEASURED, origin, _encode(counters))
            return
        if resource.kind in exports.KINDS:
            found = exports.read_export(resource.kind, mapping(decoded(resource)))
            origin = site.origin(resource, "", (found.pointer,))
            yield Row(("",), _EXPORTED, origin, _encode(found))
            return
        for row in self._inner.extract(resource, site):
            yield msgspec.structs.replace(row, key=(site.target.uri, *row.key))
            if row.tag == components.CLUSTER:
                key = (site.target.uri, "0")
                yield Row(key, _VERSIONED, None, _encode(site.target.version))

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each API server, and for a cluster that does not show one."""
        exported: list[tuple[Export, Origin]] = []
        measured: list[tuple[Measured, Origin]] = []
        clusters: dict[str, _Cluster] = {}
        printed = 0
        for key, rows in groups:
            cluster = clusters.setdefault(key[0], _Cluster())
            for row in rows:
                if row.tag == _EXPORTED:
                    exported.append((msgspec.json.decode(row.body, type=Export), row.read_at))
                elif row.tag == _MEASURED:
                    measured.append((msgspec.json.decode(row.body, type=Measured), row.read_at))
                elif row.tag == components.COMPONENT:
                    found = list(_shown(row, cluster.version))
                    cluster.shown = cluster.shown or bool(found)
                    printed += sum(_is_printed(each) for each in components.components_in(row.body))
                    yield from found
                else:
                    cluster.learn(row)
        missing = [each for each in clusters.values() if each.place and not each.shown]
        if len(missing) == printed == 1:
            missing = []  # what one server printed is told already
        if len(missing) == len(measured) == 1 and not exported:
            yield _measured(*measured[0], missing[0].place)
            return
        yield from (_measured(*each, None) for each in measured)
        yield from _not_shown(missing, exported)


class _Cluster(msgspec.Struct):
    """What is known of a target."""

    version: str = ""
    provider: str = ""
    shown: bool = False
    place: Origin | None = None

    def learn(self, row: Row) -> None:
        """Take what a row says of the cluster itself."""
        said = msgspec.json.decode(row.body, type=str)
        if row.tag == _VERSIONED:
            self.version = said
            return
        self.provider = self.provider or said
        if row.tag == components.CLUSTER:
            self.place = row.read_at


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
            yield _managed(*exported[best], cluster.place)
        elif cluster.place is not None:
            yield _missing(cluster.place, cluster.version, cluster.provider)
    for at, each in enumerate(exported):
        if at not in taken:
            yield _managed(*each, None)


def make(tables: Tables, read: ReadText = read_json) -> AuditLogging:
    """Make the analysis; it needs no table."""
    del tables
    return AuditLogging(read)


def _is_printed(each: Component) -> bool:
    return each.component == API_SERVER and each.source == FLAGZ


def _shown(row: Row, version: str) -> Iterator[Fact]:
    for at, each in enumerate(components.components_in(row.body)):
        if each.component == API_SERVER and not each.doubt:
            yield _fact(row.read_at, each, at, each.version or version)


def _fact(origin: Origin, each: Component, at: int, version: str) -> Fact:
    flags = by_name(each.flags)
    body: dict[str, object] = {
        "found": True,
        "known": not each.unread,
        "why": each.unread and f"{each.unread}: {_HINT}",
        "provider": "",
        "managed": False,
        "version": version,
        "name": origin.name,
        "node": each.node,
        "kubeadm": each.source == KUBEADM,
    }
    if not each.unread:
        body |= _comes_to(flags, version)
        for name in {flag.name for flag in each.flags if not flag.certain}:
            for field, flag in _FLAGS.items():
                if flag == name:
                    body.pop(field, None)
    spots = [
        (f"/{field}", Spot(0, flag.pointer))
        for field, name in _FLAGS.items()
        for flag in each.flags
        if flag.name == name
    ]
    return Fact(
        kind=KIND,
        key=(origin.target_uid, origin.namespace, origin.name, origin.source, str(at)),
        body=_encode(body),
        subject=origin,
        elsewhere=(*spots[::-1], *((f"/{name}", None) for name in body)),
        draws_on=((origin.target, origin.namespace),),
        part=str(at) if at else "",
    )


def _comes_to(flags: Mapping[str, list[str]], version: str) -> dict[str, object]:
    """Say what the flags about the log come to; what can't be known is left out."""
    last = {name: values[-1] for name, values in flags.items()}
    body: dict[str, object] = {
        field: last.get(_FLAGS[field], _DEFAULTS.get(field, ""))
        for field in _ALWAYS
        if field != "truncates"
    }
    body["retention"] = _STDOUT if body["log"] == "-" else ""
    body["truncates"] = any(
        last.get(f"audit-{backend}-truncate-enabled", "false").lower() in {"true", "t", "1"}
        for backend in ("log", "webhook")
    )
    found = _VERSION.match(version)
    number = (int(found[1]), int(found[2])) if found else None
    for field, flag, default in _RETENTION:
        written = last.get(flag)
        body[f"says{field.title()}"] = written is not None
        if written is not None:
            if _NUMBER.fullmatch(written):
                body[field] = int(written)
        elif number is not None:
            body[field] = default if number >= _NEW else 0
    return body


def _measured(found: Measured, origin: Origin, place: Origin | None) -> Fact:
    """Make the fact of a server of its metrics; ``place`` is the cluster, where it is known."""
    effect = f"in effect, by {found.event_total} events" if found.event_total else ""
    body: dict[str, object] = {
        "found": True,
        "known": bool(effect),
        "why": f"it has written no event since it started, and its flags are not known: {_HINT}",
        "provider": "",
        "managed": True,
        "version": "",
        "name": origin.name,
        "node": "",
        "kubeadm": False,
        "policy": effect,
        "log": effect,
        "webhook": "",
        "retention": _UNMEASURED,
        "events": found.event_total,
        "lost": found.lost,
    }
    of = int(place is not None)
    spots = [(f"/{name}", Spot(of, "/event_total")) for name in ("events", "policy", "log")]
    subject = place or origin
    return Fact(
        kind=KIND,
        key=(subject.target_uid, origin.name, origin.source),
        body=_encode(body),
        subject=subject,
        related=(origin,) if place is not None else (),
        elsewhere=(
            *(*spots, ("/lost", Spot(of, "/error_total"))),
            *((f"/{name}", None) for name in body),
        ),
        draws_on=((origin.target, ""),),
    )


def _managed(export: Export, origin: Origin, place: Origin | None) -> Fact:
    """Make the fact of a managed cluster of its provider's settings; ``place`` is the cluster."""
    body: dict[str, object] = {
        "found": True,
        "known": True,
        "why": "",
        "provider": export.provider,
        "managed": True,
        "version": "",
        "name": origin.name,
        "node": "",
        "kubeadm": False,
        "policy": f"of {export.provider}",
        "log": export.keeper if export.log else "",
        "webhook": "",
        "retention": "",
    }
    if export.days >= 0:
        body |= {"age": export.days, "saysAge": True}
    elif export.log:
        body["retention"] = f"{export.keeper} keeps it: what is set there decides"
    spots = [(f"/{name}", Spot(int(place is not None), export.pointer)) for name in ("log", "age")]
    subject = place or origin
    return Fact(
        kind=KIND,
        key=(subject.target_uid, origin.name, origin.source),
        body=_encode(body),
        subject=subject,
        related=(origin,) if place is not None else (),
        elsewhere=(*spots, *((f"/{name}", None) for name in body)),
        draws_on=((origin.target, ""),),
    )


def _missing(origin: Origin, version: str, provider: str) -> Fact:
    by = f", as {provider} runs the control plane" if provider else ""
    body: dict[str, object] = {
        "found": False,
        "known": False,
        "why": f"no mirror pod of the API server is shown{by}: {_HINTS.get(provider, _HINT)}",
        "provider": provider,
        "managed": bool(provider),
        "version": version,
        "name": origin.name,
        "node": "",
        "kubeadm": False,
    }
    return Fact(
        kind=KIND,
        key=(origin.target_uid, origin.namespace, origin.name),
        body=_encode(body),
        subject=origin,
        elsewhere=tuple((f"/{name}", None) for name in body),
        draws_on=((origin.target, ""),),
    )
