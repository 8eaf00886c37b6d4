"""The facts ``k8s/AuditLogging``: of flags, of a provider's settings, of counters, and of nothing.

What a flag comes to follows from the version where it is absent; what is not known is left out, so
that rules on it have no verdict. See :mod:`auditor.analysis.auditing.logging`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.auditing.exports import Export, Measured
from auditor.analysis.controlplane.flags import by_name
from auditor.analysis.controlplane.found import KUBEADM, Component
from auditor.late import late
from auditor.model.fact import Fact, Origin, Spot

KIND: Final = "k8s/AuditLogging"

_VERSION: Final = late(r"v?(\d+)\.(\d+)")
_NEW: Final = (1, 36)
"""The version since which retention has defaults."""
_NUMBER: Final = late(r"[+-]?\d{1,9}")
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
_ONE_OF: Final = "the one of its API servers that was asked has written no event since it started"
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


def of_flags(origin: Origin, each: Component, at: int, version: str) -> Fact:
    """Make the fact of an API server of its flags."""
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


def with_counts(fact: Fact, found: Measured, origin: Origin) -> Fact:
    """Tell of an API server what it counted."""
    body = {**msgspec.json.decode(fact.body), "events": found.event_total, "lost": found.lost}
    at = len(fact.related) + 1
    spots = [("/events", Spot(at, "/event_total")), ("/lost", Spot(at, "/error_total"))]
    return msgspec.structs.replace(
        fact,
        body=_encode(body),
        related=(*fact.related, origin),
        elsewhere=(*spots, *fact.elsewhere),
    )


def of_several(found: Measured, origin: Origin, place: Origin | None) -> Fact:
    """Tell of a cluster what one of its API servers counted; how long it keeps is told of each."""
    fact = of_counters(found, origin, place)
    body = {**msgspec.json.decode(fact.body), "why": _ONE_OF}
    body |= {"log": "", "webhook": body["log"]}
    return msgspec.structs.replace(fact, body=_encode(body))


def of_counters(found: Measured, origin: Origin, place: Origin | None) -> Fact:
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


def of_settings(export: Export, origin: Origin, place: Origin | None) -> Fact:
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


def of_nothing(origin: Origin, version: str, provider: str) -> Fact:
    """Make the fact of a cluster that shows no API server, and of which nobody tells more."""
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
