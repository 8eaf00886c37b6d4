"""What a pod and a container look like: the fields of each, and values that only they have.

``core/v1`` PodSpec and Container of Kubernetes 1.37 say which fields there are. The name of a field
says little (everything has an ``image``, a ``command``, ``resources``), so a *sign* is a name with
the value that it has there: ``env`` is a list of ``{name, value}``, ``volumes`` one of sources.
A strong sign is enough by itself; of weak ones it takes two, or one and a key that says what stands
below it (``mainContainer``, ``sidecars``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from auditor.analysis.loose import mappings
from auditor.late import late

Json = dict[str, object]

LISTS: Final = ("containers", "initContainers", "ephemeralContainers")
"""The lists of containers of a pod."""

_MAPS_OF_PODS: Final = frozenset(
    ("affinity", "dnsConfig", "nodeSelector", "os", "overhead", "resources", "securityContext")
)
_LISTS_OF_PODS: Final = frozenset(
    (
        *LISTS,
        *("hostAliases", "imagePullSecrets", "readinessGates", "resourceClaims"),
        *("schedulingGates", "tolerations", "topologySpreadConstraints", "volumes"),
    )
)
_TEXTS_OF_PODS: Final = frozenset(
    (
        *("activeDeadlineSeconds", "automountServiceAccountToken", "dnsPolicy"),
        *("enableServiceLinks", "hostIPC", "hostNetwork", "hostPID", "hostUsers", "hostname"),
        *("hostnameOverride", "nodeName", "preemptionPolicy", "priority", "priorityClassName"),
        *("restartPolicy", "runtimeClassName", "schedulerName", "serviceAccount"),
        *("serviceAccountName", "setHostnameAsFQDN", "shareProcessNamespace", "subdomain"),
        "terminationGracePeriodSeconds",
    )
)
_MAPS_OF_CONTAINERS: Final = frozenset(
    (
        *("lifecycle", "livenessProbe", "readinessProbe", "resources", "securityContext"),
        "startupProbe",
    )
)
_LISTS_OF_CONTAINERS: Final = frozenset(
    (
        *("args", "command", "env", "envFrom", "ports", "resizePolicy", "restartPolicyRules"),
        *("volumeDevices", "volumeMounts"),
    )
)
_TEXTS_OF_CONTAINERS: Final = frozenset(
    (
        *("image", "imagePullPolicy", "name", "restartPolicy", "stdin", "stdinOnce"),
        *("targetContainerName", "terminationMessagePath", "terminationMessagePolicy", "tty"),
        "workingDir",
    )
)
OF_PODS: Final = _MAPS_OF_PODS | _LISTS_OF_PODS | _TEXTS_OF_PODS
"""The fields of a PodSpec."""
OF_CONTAINERS: Final = _MAPS_OF_CONTAINERS | _LISTS_OF_CONTAINERS | _TEXTS_OF_CONTAINERS
"""The fields of a Container."""
_MAPS: Final = _MAPS_OF_PODS | _MAPS_OF_CONTAINERS
_LISTS: Final = _LISTS_OF_PODS | _LISTS_OF_CONTAINERS

_OF_ONE_CONTAINER: Final = frozenset(
    (
        "allowPrivilegeEscalation",
        "capabilities",
        "privileged",
        "procMount",
        "readOnlyRootFilesystem",
    )
)
_OF_A_WHOLE_POD: Final = frozenset(
    (
        *("fsGroup", "fsGroupChangePolicy", "seLinuxChangePolicy", "supplementalGroups"),
        *("supplementalGroupsPolicy", "sysctls"),
    )
)
_OF_BOTH: Final = frozenset(
    (
        *("appArmorProfile", "runAsGroup", "runAsNonRoot", "runAsUser", "seLinuxOptions"),
        *("seccompProfile", "windowsOptions"),
    )
)
SOURCES: Final = frozenset(
    (
        *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "configMap", "csi"),
        *("downwardAPI", "emptyDir", "ephemeral", "fc", "flexVolume", "flocker"),
        *("gcePersistentDisk", "gitRepo", "glusterfs", "hostPath", "image", "iscsi", "nfs"),
        *("persistentVolumeClaim", "photonPersistentDisk", "portworxVolume", "projected"),
        *("quobyte", "rbd", "scaleIO", "secret", "storageos", "vsphereVolume"),
    )
)
"""Where a volume of a pod comes from (``core/v1`` VolumeSource)."""

_HANDLERS: Final = frozenset(("exec", "grpc", "httpGet", "tcpSocket"))
_LIKE_A_CONTAINER: Final = tuple(
    f"{name}{plural}" for name in ("container", "runner", "sidecar") for plural in ("", "s")
)
_WORD: Final = late(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_COMPLETED: Final = frozenset(
    (
        *("default", "defaults", "extra", "merge", "overlay", "overlays", "override", "overrides"),
        *("patch", "patches"),
    )
)


def _texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def _some(*names: str) -> Callable[[object], bool]:
    """A list of maps, of which some have one of the fields."""
    wanted = frozenset(names)
    return lambda value: any(not wanted.isdisjoint(item) for item in mappings(value))


def _having(names: frozenset[str]) -> Callable[[object], bool]:
    """A map with one of the fields."""
    return lambda value: isinstance(value, dict) and not names.isdisjoint(value)


def _text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _variables(value: object) -> bool:
    return any(
        isinstance(item.get("name"), str) and ("value" in item or "valueFrom" in item)
        for item in mappings(value)
    )


def _volumes(value: object) -> bool:
    return any(
        isinstance(item.get(source), dict)
        for item in mappings(value)
        if isinstance(item.get("name"), str)
        for source in SOURCES.intersection(item)
    )


def _quantities(value: object) -> bool:
    """Limits or requests, but of a claim of storage."""
    if not isinstance(value, dict):
        return False
    named = [value[name] for name in ("limits", "requests") if isinstance(value.get(name), dict)]
    return any(set(amounts) - {"storage"} for amounts in named)


def _switch(value: object) -> bool:
    return isinstance(value, bool) or value in ("true", "false")


def _containers(value: object) -> bool:
    """A list of containers: of some, there is more than a name."""
    return any(strong_container(item) or weak_container(item) for item in mappings(value))


_STRONG_CONTAINER: Final[Mapping[str, Callable[[object], bool]]] = MappingProxyType(
    {
        "env": _variables,
        "envFrom": _some("configMapRef", "secretRef"),
        "ports": _some("containerPort"),
        "securityContext": _having(_OF_ONE_CONTAINER),
        "volumeDevices": _some("devicePath"),
        "volumeMounts": _some("mountPath"),
    }
)
_WEAK_CONTAINER: Final[Mapping[str, Callable[[object], bool]]] = MappingProxyType(
    {
        "args": _texts,
        "command": _texts,
        "image": _text,
        "imagePullPolicy": lambda value: value in ("Always", "IfNotPresent", "Never"),
        "lifecycle": _having(frozenset(("postStart", "preStop"))),
        "livenessProbe": _having(_HANDLERS),
        "readinessProbe": _having(_HANDLERS),
        "resources": _quantities,
        "startupProbe": _having(_HANDLERS),
        "workingDir": _text,
    }
)
_STRONG_POD: Final[Mapping[str, Callable[[object], bool]]] = MappingProxyType(
    {
        **dict.fromkeys(LISTS, _containers),
        **dict.fromkeys(("hostIPC", "hostNetwork", "hostPID", "hostUsers"), _switch),
        "securityContext": _having(_OF_A_WHOLE_POD | _OF_BOTH),
        "shareProcessNamespace": _switch,
        "volumes": _volumes,
    }
)
_WEAK_POD: Final[Mapping[str, Callable[[object], bool]]] = MappingProxyType(
    {
        "affinity": _having(frozenset(("nodeAffinity", "podAffinity", "podAntiAffinity"))),
        "automountServiceAccountToken": _switch,
        "hostAliases": _some("hostnames"),
        "imagePullSecrets": _some("name"),
        "nodeSelector": lambda value: isinstance(value, dict) and bool(value),
        "priorityClassName": _text,
        "restartPolicy": lambda value: value in ("Always", "Never", "OnFailure"),
        "runtimeClassName": _text,
        "schedulerName": _text,
        "serviceAccountName": _text,
        "terminationGracePeriodSeconds": lambda value: isinstance(value, int),
        "tolerations": _some("effect", "key", "operator"),
        "topologySpreadConstraints": _some("topologyKey"),
    }
)
SIGNS: Final = frozenset((*_STRONG_CONTAINER, *_WEAK_CONTAINER, *_STRONG_POD, *_WEAK_POD))
"""The fields that can be a sign."""


def _count(value: Json, signs: Mapping[str, Callable[[object], bool]]) -> int:
    return sum(1 for name in signs.keys() & value.keys() if signs[name](value[name]))


def strong_container(value: Json) -> bool:
    """Whether something in a map is only found in a container."""
    return _count(value, _STRONG_CONTAINER) > 0


def weak_container(value: Json) -> int:
    """How many things in a map are found in containers, among other places."""
    return _count(value, _WEAK_CONTAINER)


def strong_pod(value: Json) -> bool:
    """Whether something in a map is found in a pod; a security context may be a container's."""
    return _count(value, _STRONG_POD) > 0


def weak_pod(value: Json) -> int:
    """How many things in a map are found in pods, among other places."""
    return _count(value, _WEAK_POD)


def is_whole(containers: object) -> bool:
    """Whether each of a list of containers has its name and its image."""
    return (
        isinstance(containers, list)
        and bool(containers)
        and all(
            isinstance(item, dict)
            and isinstance(item.get("name"), str)
            and isinstance(item.get("image"), str)
            for item in containers
        )
    )


def of_a_whole_pod(context: object) -> bool:
    """Whether a security context has fields that no container's has."""
    return isinstance(context, dict) and not _OF_A_WHOLE_POD.isdisjoint(context)


def is_context(value: object) -> bool:
    """Whether a map is the security context of something."""
    known = _OF_ONE_CONTAINER | _OF_A_WHOLE_POD | _OF_BOTH
    return isinstance(value, dict) and not known.isdisjoint(value)


def fits(name: str, value: object) -> bool:
    """Whether a value has the kind that a field has in a pod or a container.

    A text in place of a number does: the server would refuse it, and rules say so. A map in place
    of a list is another field by the same name.
    """
    if name in _MAPS:
        return isinstance(value, dict)
    if name in _LISTS:
        return isinstance(value, list) and (not value or _texts(value) or bool(mappings(value)))
    return value is not None and not isinstance(value, dict | list)


def is_split(value: Json) -> bool:
    """Whether the image of a container is only a part of its name, as operators put it together.

    ``{repository: nvcr.io/nvidia, image: driver, version: "580"}``, ``image: {name: .., tag: ..}``.
    """
    image = value.get("image")
    if not isinstance(image, str):
        return isinstance(image, dict)
    if isinstance(value.get("repository"), str):
        return True
    rest = any(isinstance(value.get(name), str) for name in ("imageTag", "tag", "version"))
    return rest and ":" not in image.rpartition("/")[2] and "@" not in image


def names_a_container(key: str) -> bool:
    """Whether a key says that a container stands below it: ``mainContainer``, ``sidecars``."""
    return key.lower().endswith(_LIKE_A_CONTAINER)


def is_completed(pointer: str) -> bool:
    """Whether a key on the way says that something completes what stands below it.

    ``patch``, ``podOverride``, ``extraPodSpec``; not ``dispatcher``.
    """
    return any(word.lower() in _COMPLETED for word in _WORD.findall(pointer))
