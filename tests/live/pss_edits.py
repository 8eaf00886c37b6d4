"""Every edit of a pod that the Pod Security Standards may care about, as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

Json = dict[str, object]


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
        *context_edits(Where.CONTAINER),
        *context_edits(Where.INIT),
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


def context_edits(where: Where) -> Iterator[Edit]:
    """What the security context of any kind of container may have."""
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


def null_edits() -> Iterator[Edit]:
    """Fields that are written but empty, as templates leave them; the server drops them."""
    for path in ("annotations", "labels"):
        yield Edit(Where.METADATA, (path,), None)
    context = "securityContext"
    profiles = ("seccompProfile", "appArmorProfile", "seLinuxOptions", "windowsOptions")
    shared = (*profiles, "runAsNonRoot", "runAsUser")
    for path in (
        "hostNetwork",
        "hostPID",
        "hostIPC",
        "hostUsers",
        "os",
        "volumes",
        "ephemeralContainers",
    ):
        yield Edit(Where.SPEC, (path,), None)
    yield Edit(Where.SPEC, (context,), None)
    for path in ("sysctls", *shared):
        yield Edit(Where.SPEC, (context, path), None)
    yield Edit(Where.SPEC, ("volumes",), [{"name": "null", "hostPath": None, "emptyDir": {}}])
    yield Edit(Where.SPEC, ("volumes",), [{"name": "nulls", "nfs": None}])
    for where in (Where.CONTAINER, Where.INIT):
        for path in (context, "ports", "lifecycle", "livenessProbe"):
            yield Edit(where, (path,), None)
        for path in ("privileged", "allowPrivilegeEscalation", "capabilities", "procMount"):
            yield Edit(where, (context, path), None)
        for path in shared:
            yield Edit(where, (context, path), None)
        for path in ("add", "drop"):
            yield Edit(where, (context, "capabilities", path), None)
        yield Edit(where, (context, "seLinuxOptions"), {"type": None, "user": None, "role": None})
        yield Edit(where, (context, "windowsOptions"), {"hostProcess": None})
        yield Edit(where, ("ports",), [{"containerPort": 90, "hostPort": None}])
    yield Edit(Where.CONTAINER, ("livenessProbe",), {"httpGet": {"port": 80, "host": None}})
