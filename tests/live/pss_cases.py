"""Pods that explore every field that the Pod Security Standards look at, singly and mixed.

A case is a base pod with edits; an edit sets one field, or extends one list. All of it is data, so
that a disagreement names the edits that cause it.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Json = dict[str, object]

BOUNDARIES = (0, 7, 8, 18, 19, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37)
"""Minors on both sides of every version at which some standard changed."""


class Where(StrEnum):
    """The part of a pod that an edit changes."""

    METADATA = "metadata"
    SPEC = "spec"
    CONTAINER = "container"
    INIT = "init"
    EPHEMERAL = "ephemeral"


@dataclass(frozen=True, slots=True)
class Edit:
    """Put ``value`` at a dotted ``path`` of ``where``; a list is added to a list that is there."""

    where: Where
    path: tuple[str, ...]
    value: object

    def __str__(self) -> str:
        return f"{self.where}.{'.'.join(self.path)}={self.value!r}"


@dataclass(frozen=True, slots=True)
class Case:
    """One pod: a base by name, and the edits."""

    base: str
    edits: tuple[Edit, ...]

    def __str__(self) -> str:
        return f"{self.base} + [{', '.join(map(str, self.edits))}]"

    @property
    def ephemeral(self) -> bool:
        """Whether it is asked by the subresource that adds ephemeral containers to a pod."""
        return any(edit.where is Where.EPHEMERAL for edit in self.edits)

    def pod(self) -> Json:
        """The pod as a manifest."""
        pod = copy.deepcopy(dict(BASES[self.base]))
        for edit in self.edits:
            _apply(pod, edit)
        return pod


def _hardened_context() -> Json:
    return {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def _pod(name: str, spec: Json, *, container: Json | None = None) -> Json:
    image: Json = {"image": "registry.invalid/a:1"}
    sections: Json = {} if container is None else {"securityContext": container}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "annotations": {}},
        "spec": {
            **spec,
            "initContainers": [{"name": "setup", **image, **copy.deepcopy(sections)}],
            "containers": [{"name": "main", **image, **copy.deepcopy(sections)}],
        },
    }


_HARDENED: Json = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}

BASES: Mapping[str, Json] = {
    "plain": _pod("plain", {}),
    "hardened": _pod("hardened", {"securityContext": _HARDENED}, container=_hardened_context()),
    "user-namespace": _pod("user-namespace", {"hostUsers": False}),
    "hardened-user-namespace": _pod(
        "hardened-user-namespace",
        {"hostUsers": False, "securityContext": _HARDENED},
        container=_hardened_context(),
    ),
    "windows": _pod("windows", {"os": {"name": "windows"}}),
    "hardened-windows": _pod(
        "hardened-windows",
        {"os": {"name": "windows"}, "securityContext": {"runAsNonRoot": True}},
    ),
}

PERMANENT = ("hardened", "hardened-user-namespace")
"""Bases that every level and version admits; ephemeral containers are added to these."""

_PROFILES = (
    {"type": "RuntimeDefault"},
    {"type": "Unconfined"},
    {"type": "Localhost", "localhostProfile": "profile"},
)
_SELINUX = (
    {"level": "s0"},
    {"type": ""},
    {"type": "container_t"},
    {"type": "container_init_t"},
    {"type": "container_kvm_t"},
    {"type": "container_engine_t"},
    {"type": "spc_t"},
    {"user": "system_u"},
    {"role": "system_r"},
    {"type": "container_engine_t", "user": "u"},
)
_CAPABILITIES = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
    "NET_RAW",
    "SYS_ADMIN",
    "SYS_PTRACE",
    "ALL",
    "chown",
    "CAP_CHOWN",
]
_SYSCTLS = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_notsent_lowat",
    "net.core.somaxconn",
    "kernel.shmmax",
    "net/ipv4/tcp_syncookies",
]
_VOLUMES: tuple[Json, ...] = (
    {},
    {"configMap": {"name": "c"}},
    {"csi": {"driver": "d.example.com"}},
    {"downwardAPI": {}},
    {"emptyDir": {}},
    {
        "ephemeral": {
            "volumeClaimTemplate": {
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}},
                }
            }
        }
    },
    {"image": {"reference": "registry.invalid/a:1"}},
    {"persistentVolumeClaim": {"claimName": "c"}},
    {"projected": {"sources": []}},
    {"secret": {"secretName": "s"}},
    {"hostPath": {"path": "/mnt"}},
    {"hostPath": {"path": "/run", "type": "Directory"}},
    {"awsElasticBlockStore": {"volumeID": "v"}},
    {"azureDisk": {"diskName": "d", "diskURI": "https://blob.invalid/d.vhd"}},
    {"azureFile": {"secretName": "s", "shareName": "n"}},
    {"cephfs": {"monitors": ["m"]}},
    {"cinder": {"volumeID": "v"}},
    {"fc": {"targetWWNs": ["w"], "lun": 0}},
    {"flexVolume": {"driver": "d/d"}},
    {"flocker": {"datasetName": "d"}},
    {"gcePersistentDisk": {"pdName": "p"}},
    {"gitRepo": {"repository": "r"}},
    {"glusterfs": {"endpoints": "e", "path": "p"}},
    {"iscsi": {"targetPortal": "127.0.0.1", "iqn": "iqn.2020-01.com.example:a", "lun": 0}},
    {"nfs": {"server": "s", "path": "/p"}},
    {"photonPersistentDisk": {"pdID": "p"}},
    {"portworxVolume": {"volumeID": "v"}},
    {"quobyte": {"registry": "r:1", "volume": "v"}},
    {"rbd": {"monitors": ["m"], "image": "i"}},
    {"scaleIO": {"gateway": "g", "system": "s", "secretRef": {"name": "n"}, "volumeName": "v"}},
    {"storageos": {"volumeName": "v"}},
    {"vsphereVolume": {"volumePath": "p"}},
)
_APPARMOR_KEY = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP_KEYS = (
    "seccomp.security.alpha.kubernetes.io/pod",
    "container.seccomp.security.alpha.kubernetes.io/main",
    "container.seccomp.security.alpha.kubernetes.io/setup",
    "container.seccomp.security.alpha.kubernetes.io/gone",
)


def edits() -> tuple[Edit, ...]:
    """Every edit, the same at each call."""
    return (
        *_metadata_edits(),
        *_spec_edits(),
        *_container_edits(Where.CONTAINER),
        *_container_edits(Where.INIT),
        *_process_edits(Where.CONTAINER),
        *_process_edits(Where.INIT),
    )


def _metadata_edits() -> Iterator[Edit]:
    for name in ("main", "setup"):
        for value in ("", "runtime/default", "localhost/profile", "unconfined"):
            yield Edit(Where.METADATA, ("annotations", _APPARMOR_KEY + name), value)
    for key in _SECCOMP_KEYS:
        for value in ("runtime/default", "docker/default", "localhost/profile", "unconfined"):
            yield Edit(Where.METADATA, ("annotations", key), value)
    yield Edit(Where.METADATA, ("annotations", "example.com/profile"), "unconfined")


def _spec_edits() -> Iterator[Edit]:
    for field in ("hostNetwork", "hostPID", "hostIPC", "hostUsers"):
        for value in (True, False):
            yield Edit(Where.SPEC, (field,), value)
    for system in ("linux", "windows"):
        yield Edit(Where.SPEC, ("os",), {"name": system})
    for number, volume in enumerate(_VOLUMES):
        yield Edit(Where.SPEC, ("volumes",), [{"name": f"v{number}", **volume}])
    for name in _SYSCTLS:
        yield Edit(Where.SPEC, ("securityContext", "sysctls"), [{"name": name, "value": "1"}])
    yield from _shared_context_edits(Where.SPEC)


def _shared_context_edits(where: Where) -> Iterator[Edit]:
    """Fields that a pod's and a container's security context have in common."""
    context = "securityContext"
    for profile in _PROFILES:
        yield Edit(where, (context, "seccompProfile"), profile)
        yield Edit(where, (context, "appArmorProfile"), profile)
    for options in _SELINUX:
        yield Edit(where, (context, "seLinuxOptions"), options)
    for required in (True, False):
        yield Edit(where, (context, "runAsNonRoot"), required)
        yield Edit(where, (context, "windowsOptions", "hostProcess"), required)
    for user in (0, 1, 1000):
        yield Edit(where, (context, "runAsUser"), user)


def _container_edits(where: Where) -> Iterator[Edit]:
    context = "securityContext"
    yield Edit(where, (context,), {})
    for value in (True, False):
        yield Edit(where, (context, "privileged"), value)
        yield Edit(where, (context, "allowPrivilegeEscalation"), value)
    for name in _CAPABILITIES:
        yield Edit(where, (context, "capabilities", "add"), [name])
    for drops in (["ALL"], ["NET_RAW"], ["all"], ["NET_RAW", "ALL"]):
        yield Edit(where, (context, "capabilities", "drop"), drops)
    yield Edit(where, (context, "capabilities"), {})
    for mount in ("Default", "Unmasked"):
        yield Edit(where, (context, "procMount"), mount)
    yield from _shared_context_edits(where)


def _process_edits(where: Where) -> Iterator[Edit]:
    """What only containers that the kubelet keeps running may have."""
    for ports in (
        [{"containerPort": 80}],
        [{"containerPort": 81, "hostPort": 0}],
        [{"containerPort": 82, "hostPort": 82}],
        [{"containerPort": 83}, {"containerPort": 84, "hostPort": 84}],
    ):
        yield Edit(where, ("ports",), ports)
    if where is Where.INIT:
        yield Edit(where, ("restartPolicy",), "Always")
    for host in ({}, {"host": ""}, {"host": "127.0.0.1"}):
        handlers = ({"httpGet": {"port": 80, **host}}, {"tcpSocket": {"port": 80, **host}})
        for handler in handlers:
            for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
                yield Edit(where, (probe,), handler)
            for hook in ("postStart", "preStop"):
                yield Edit(where, ("lifecycle", hook), handler)


def single_cases() -> Iterator[Case]:
    """Every edit alone, on a pod that violates little and on one that violates much."""
    for base in BASES:
        yield Case(base, ())
    for edit in edits():
        restart = Edit(Where.INIT, ("restartPolicy",), "Always")
        needed = (restart,) if edit.where is Where.INIT and edit.path[0] in _SIDECAR_ONLY else ()
        for base in ("plain", "hardened"):
            yield Case(base, (*needed, edit))
        if edit.path[-1] in {"procMount", "runAsNonRoot", "runAsUser"}:
            for base in ("user-namespace", "hardened-user-namespace"):
                yield Case(base, (*needed, edit))
    for edit in _container_edits(Where.EPHEMERAL):
        for base in PERMANENT:
            yield Case(base, (edit,))


_SIDECAR_ONLY = frozenset({"livenessProbe", "readinessProbe", "startupProbe", "lifecycle"})


def mixed_cases(seed: int, count: int) -> Iterator[Case]:
    """Random mixtures of two to five edits on any base."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible choice of test cases
    ordinary = edits()
    ephemeral = tuple(_container_edits(Where.EPHEMERAL))
    for _ in range(count):
        size = chance.randint(2, 5)
        if chance.random() < 0.1:  # one in ten
            yield Case(chance.choice(PERMANENT), tuple(chance.sample(ephemeral, size)))
        else:
            yield Case(chance.choice(tuple(BASES)), _compatible(chance.sample(ordinary, size)))


def _compatible(chosen: Sequence[Edit]) -> tuple[Edit, ...]:
    """Add what an edit needs to be valid, so that most mixtures reach the standards."""
    found = list(chosen)
    if any(edit.where is Where.INIT and edit.path[0] in _SIDECAR_ONLY for edit in chosen):
        found.append(Edit(Where.INIT, ("restartPolicy",), "Always"))
    if any(edit.path[-1] == "procMount" and edit.value == "Unmasked" for edit in chosen):
        found.append(Edit(Where.SPEC, ("hostUsers",), value=False))
    return tuple(found)


def _apply(pod: Json, edit: Edit) -> None:
    target = _target(pod, edit.where)
    for name in edit.path[:-1]:
        target = _child(target, name)
    last = edit.path[-1]
    there = target.get(last)
    value = copy.deepcopy(edit.value)
    target[last] = there + value if isinstance(there, list) and isinstance(value, list) else value


def _target(pod: Json, where: Where) -> Json:
    match where:
        case Where.METADATA:
            return _child(pod, "metadata")
        case Where.SPEC:
            return _child(pod, "spec")
        case Where.CONTAINER:
            return _first(pod, "containers")
        case Where.INIT:
            return _first(pod, "initContainers")
        case Where.EPHEMERAL:
            spec = _child(pod, "spec")
            spec.setdefault(
                "ephemeralContainers",
                [{"name": "debug", "image": "registry.invalid/a:1"} | _debug_context()],
            )
            return _first(pod, "ephemeralContainers")


def _debug_context() -> Json:
    return {"securityContext": _hardened_context()}


def _first(pod: Json, kind: str) -> Json:
    listed = _child(pod, "spec")[kind]
    assert isinstance(listed, list)
    first: Json = listed[0]
    return first


def _child(parent: Json, name: str) -> Json:
    child = parent.setdefault(name, {})
    assert isinstance(child, dict)
    return child
