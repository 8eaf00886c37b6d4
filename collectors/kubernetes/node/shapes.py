"""What was seen of a node as bodies of its kinds: pure.

::

    k8s/NodeFiles     {"node": "gpu-7", "apiServerManifest": [{"path": "/etc/kubernetes/manifests/
                       kube-apiserver.yaml", "type": "file", "mode": 384, "permissions": "0600",
                       "owner": 0, "group": 0}], "kubeletSettings": [{"path": …, "unread": "…"}], …}
    k8s/NodeKubelet   {"node": "gpu-7", "flags": {"config": ["/var/lib/kubelet/config.yaml"]}, …,
                       "settings": [{"path": …, "values": {…},
                       "nulls": [["authentication", "x509"]]}]}

A field has all files that it is about. One that nobody could look at is there with the reason, so
that a rule on it has no verdict, and rules on other fields keep theirs; an empty field was seen to
be empty. Which files the components of a node have is taken from what they were told.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from auditor.late import late
from auditor.model.enums import GapCause
from auditor.platforms.kubernetes import NODE_COMPONENTS, NODE_FILES, NODE_KUBELET
from collectors.documents.guards import Unreadable
from collectors.hosts.seen import FILE, FOLDER, Stat, Unread
from collectors.kubernetes.node.arguments import flags_of
from collectors.kubernetes.node.observed import Observed, RunsIn
from collectors.kubernetes.node.probes import (
    CLIENT_AUTHORITY,
    COMPONENTS,
    ETCD_DATA,
    FILES,
    KEYS,
    KUBELET_CREDENTIALS,
    KUBELET_SETTINGS,
    MANIFESTS,
    NETWORK,
    PROCESSES,
    UNITS,
)
from collectors.kubernetes.node.told import Body, Kubelet, running, shown

_MANIFEST: Final = r"(?:[a-z0-9-]*-)?{}(?:\.ya?ml|\.manifest|\.json)?"
"""How files are called that hold the manifest of a component."""
_CERTIFICATE: Final = late(r".*\.(?:crt|pem|cert)", re.IGNORECASE)
_KEY: Final = late(r".*\.key|.*-key\.pem", re.IGNORECASE)
_HAS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "proxyCredentials": "kube-proxy",
        "schedulerCredentials": "kube-scheduler",
        "controllerManagerCredentials": "kube-controller-manager",
    }
)
"""Fields of credentials, and the component that is told of them."""


def bodies(seen: Observed) -> Iterator[tuple[str, Body]]:
    """Make the bodies of all kinds of a node, each with its kind."""
    kubelet = Kubelet(seen)
    yield NODE_FILES, _files(seen, kubelet)
    yield NODE_KUBELET, kubelet.body()
    yield NODE_COMPONENTS, _components(seen, kubelet.node)


def _files(seen: Observed, kubelet: Kubelet) -> Body:
    told = kubelet.value("pod-manifest-path", "staticPodPath")
    manifests = _told(told) or MANIFESTS
    body: Body = {"node": kubelet.node, "account": {"user": 0, "group": 0}}
    doubt = [_unknown("which folder of manifests it has is not known")] if told is None else []
    for field, name in COMPONENTS.items():
        body[field] = list(_manifests(seen, manifests, name)) or doubt
    for field, paths in FILES.items():
        found = list(_each(seen, (*paths, *_credentials(seen, field)), FILE))
        body[field] = found or list(_unsure(seen, field))
    body["networkFiles"] = [each for each in _under(seen, NETWORK) if _is(each, FILE)]
    body["etcdAccount"] = _etcd_account(seen)
    body["etcdData"] = list(_each(seen, _etcd_data(seen), FOLDER))
    body["keyFiles"] = [*_each(seen, KEYS, FOLDER), *_under(seen, KEYS)]
    pki = [each for each in body["keyFiles"] if _is(each, FILE)]
    body["keys"] = [each for each in pki if "mode" not in each or _KEY.fullmatch(each["path"])]
    body["certificates"] = [
        each
        for each in pki
        if "mode" not in each
        or (_CERTIFICATE.fullmatch(each["path"]) and not _KEY.fullmatch(each["path"]))
    ]
    units = tuple(f"{path}.d" for path in UNITS)
    drop_ins = [each for each in _under(seen, units) if _is(each, FILE)]
    body["kubeletUnit"] = [*_each(seen, UNITS, FILE), *drop_ins]
    body.update(_of_kubelet(seen, kubelet))
    return body


def _etcd_account(seen: Observed) -> Body:
    """The numbers of the account etcd: none where it is known that there is none."""
    if isinstance(seen.etcd, Unread):
        return {"unread": seen.etcd.detail}
    return {} if seen.etcd is None else {"user": seen.etcd.user, "group": seen.etcd.group}


def _of_kubelet(seen: Observed, kubelet: Kubelet) -> Body:
    """The files that the kubelet was told of; without one that runs, those of kubeadm."""
    if kubelet.unread:
        usual = {
            "kubeletCredentials": KUBELET_CREDENTIALS,
            "clientAuthority": CLIENT_AUTHORITY,
            "kubeletSettings": KUBELET_SETTINGS,
        }
        doubt = [_unknown(kubelet.unread)]
        return {field: list(_each(seen, (path,), FILE)) or doubt for field, path in usual.items()}
    credentials = kubelet.flags.last("kubeconfig")
    authority = kubelet.value("client-ca-file", "authentication", "x509", "clientCAFile")
    settings = [each["path"] for each in kubelet.settings]
    return {
        "kubeletCredentials": list(_each(seen, _told(credentials), FILE)),
        "clientAuthority": list(_each(seen, _told(authority), FILE))
        if authority is not None
        else [_unknown("which authority it has is not known")],
        "kubeletSettings": list(_each(seen, settings, FILE)),
    }


def _unknown(why: str) -> Body:
    return {"path": "the kubelet", "unread": why}


def _told(path: str | None) -> tuple[str, ...]:
    return (path.rstrip("/"),) if path else ()


def _credentials(seen: Observed, field: str) -> Iterator[str]:
    """The files of credentials that a process of the node itself was told of."""
    for each in running(seen, _HAS.get(field, "")):
        path = flags_of(each.words).last("kubeconfig")
        if path and each.runs_in is RunsIn.NODE:
            yield path


def _unsure(seen: Observed, field: str) -> Iterator[Body]:
    """Why it is not known which file a process was told of that may run there."""
    if field not in _HAS:
        return
    why = seen.processes.detail if isinstance(seen.processes, Unread) else ""
    if not isinstance(seen.processes, Unread) and any(
        PROCESSES.get(each.name) == _HAS[field] and each.runs_in is RunsIn.UNKNOWN
        for each in seen.processes
    ):
        why = "it runs, and nobody could say whether it is the node's own: look as root"
    if why:
        yield {"path": _HAS[field], "unread": why}


def _etcd_data(seen: Observed) -> tuple[str, ...]:
    told = [
        flags_of(each.words).last("data-dir") or each.variables.get("ETCD_DATA_DIR", "")
        for each in running(seen, "etcd")
    ]
    return tuple(dict.fromkeys(each.rstrip("/") for each in told if each)) or (ETCD_DATA,)


def _manifests(seen: Observed, folders: Iterable[str], name: str) -> Iterator[Body]:
    called = re.compile(_MANIFEST.format(re.escape(name)))
    for each in _under(seen, folders):
        if "mode" not in each or (
            each["type"] == FILE and called.fullmatch(posixpath.basename(each["path"]))
        ):
            yield each


def _under(seen: Observed, folders: Iterable[str]) -> Iterator[Body]:
    """All below some folders, and what of them nobody knows."""
    for folder in folders:
        at = seen.at(folder)
        short = seen.unlisted(folder) if not isinstance(at, Unread) else (folder, at)
        if short is not None:
            yield {"path": shown(short[0]), "unread": short[1].detail}
        for path, found in seen.below(folder):
            if found is not None:
                yield _entry(path, found)


def _each(seen: Observed, paths: Iterable[str], kind: str) -> Iterator[Body]:
    """Those of some paths that are there, each once, and those of which nobody knows."""
    known: set[tuple[int, int]] = set()
    for path in dict.fromkeys(paths):
        at = seen.at(path)
        if at is None or (isinstance(at, Stat) and (at.device, at.inode) in known):
            continue
        if isinstance(at, Stat):
            known.add((at.device, at.inode))
            if at.type != kind and at.link == "/dev/null":
                continue
            if at.type != kind:
                yield {"path": shown(path), "unread": f"it is a {at.type}, and no {kind}"}
                continue
        yield _entry(path, at)


def _is(entry: Body, kind: str) -> bool:
    """Whether it is of a kind, as far as anybody knows."""
    return "type" not in entry or entry["type"] == kind


def _entry(path: str, at: Stat | Unread) -> Body:
    if isinstance(at, Unread):
        return {"path": shown(path), "unread": at.detail}
    link = {"link": shown(at.link)} if at.link else {}
    return {
        "path": shown(path),
        "type": at.type,
        "mode": at.mode,
        "permissions": f"{at.mode:04o}",
        "owner": at.owner,
        "group": at.group,
        **link,
    }


def _components(seen: Observed, node: str) -> Body:
    """What the components of a control plane were told, and kube-proxy."""
    found: list[Body] = []
    for name in dict.fromkeys(PROCESSES.values()):
        if name == "kubelet":
            continue
        for each in running(seen, name):
            flags = flags_of(each.words)
            found.append(
                {
                    "component": name,
                    "place": each.runs_in.value,
                    "user": each.user,
                    **({} if each.words else {"unread": "its arguments could not be read"}),
                    "flags": flags.values,
                    "hidden": flags.hidden,
                    "variables": dict(each.variables),
                }
            )
    unread = seen.processes.detail if isinstance(seen.processes, Unread) else ""
    return {
        "node": node,
        **({"unread": unread} if unread else {}),
        "components": found,
        "authorities": [
            {
                "component": PROCESSES.get(each.name, each.name),
                "path": each.path,
                **({"digest": each.digest} if each.digest else {"unread": each.unread}),
            }
            for each in seen.authorities
        ],
    }


def malformed(detail: str, *, cut: bool) -> Unreadable:
    """What is said of a file that is not all that the script printed."""
    cause = GapCause.TRUNCATED if cut else GapCause.MALFORMED
    return Unreadable(cause, detail, "auditor permissions node --script: run it there again")
