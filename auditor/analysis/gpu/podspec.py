"""What of a pod the tenancy of GPUs looks at, decoded once; fields are called as in the API."""

from __future__ import annotations

import msgspec


class Variable(msgspec.Struct, gc=False):
    """EnvVar; where ``valueFrom`` is there its value is not known."""

    name: str = ""
    value: str | None = None
    valueFrom: object = None  # noqa: N815 - the field's name in the API


class ConfigMapSource(msgspec.Struct, gc=False):
    """ConfigMapEnvSource."""

    name: str = ""


class Source(msgspec.Struct, gc=False):
    """EnvFromSource; without ``configMapRef`` it is a Secret."""

    prefix: str | None = None
    configMapRef: ConfigMapSource | None = None  # noqa: N815 - the field's name in the API


class Capabilities(msgspec.Struct, gc=False):
    """Capabilities."""

    add: list[str] | None = None


class Security(msgspec.Struct, gc=False):
    """SecurityContext."""

    privileged: bool | None = None
    capabilities: Capabilities | None = None


class Mount(msgspec.Struct, gc=False):
    """VolumeMount."""

    mountPath: str = ""  # noqa: N815 - the field's name in the API


class Resources(msgspec.Struct, gc=False):
    """ResourceRequirements."""

    limits: dict[str, object] | None = None
    requests: dict[str, object] | None = None

    @property
    def asked(self) -> dict[str, object]:
        """What is asked for: limit and request of an extended resource are the same.

        One alone sets the other.
        """
        return {**(self.requests or {}), **(self.limits or {})}


class Container(msgspec.Struct, gc=False):
    """Container, of whichever list."""

    name: str = ""
    image: str = ""
    env: list[Variable] | None = None
    envFrom: list[Source] | None = None  # noqa: N815 - the field's name in the API
    resources: Resources | None = None
    restartPolicy: str | None = None  # noqa: N815 - the field's name in the API
    securityContext: Security | None = None  # noqa: N815 - the field's name in the API
    volumeMounts: list[Mount] | None = None  # noqa: N815 - the field's name in the API


class HostPath(msgspec.Struct, gc=False):
    """HostPathVolumeSource."""

    path: str = ""


class Volume(msgspec.Struct, gc=False):
    """Volume."""

    hostPath: HostPath | None = None  # noqa: N815 - the field's name in the API


class Spec(msgspec.Struct, gc=False):
    """PodSpec."""

    containers: list[Container] | None = None
    initContainers: list[Container] | None = None  # noqa: N815 - the field's name in the API
    ephemeralContainers: list[Container] | None = None  # noqa: N815 - the field's name in the API
    nodeName: str | None = None  # noqa: N815 - the field's name in the API
    runtimeClassName: str | None = None  # noqa: N815 - the field's name in the API
    serviceAccountName: str | None = None  # noqa: N815 - the field's name in the API
    volumes: list[Volume] | None = None


class GivenDevice(msgspec.Struct, gc=False):
    """ResourceHealth: one device that a container has."""

    resourceID: str  # noqa: N815 - the field's name in the API


class Allocated(msgspec.Struct, gc=False):
    """ResourceStatus."""

    name: str
    resources: list[GivenDevice] | None = None


class ContainerStatus(msgspec.Struct, gc=False):
    """ContainerStatus."""

    name: str = ""
    allocatedResourcesStatus: list[Allocated] | None = None  # noqa: N815 - as in the API


class Mapped(msgspec.Struct, gc=False):
    """ContainerExtendedResourceRequest."""

    resourceName: str = ""  # noqa: N815 - the field's name in the API


class Backed(msgspec.Struct, gc=False):
    """PodExtendedResourceClaimStatus: the claim that stands for what was asked for by a limit."""

    resourceClaimName: str = ""  # noqa: N815 - the field's name in the API
    requestMappings: list[Mapped] | None = None  # noqa: N815 - as above


class Status(msgspec.Struct, gc=False):
    """PodStatus."""

    phase: str | None = None
    containerStatuses: list[ContainerStatus] | None = None  # noqa: N815 - as in the API
    initContainerStatuses: list[ContainerStatus] | None = None  # noqa: N815 - as in the API
    extendedResourceClaimStatus: Backed | None = None  # noqa: N815 - as in the API


class Metadata(msgspec.Struct, gc=False):
    """ObjectMeta."""

    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class Pod(msgspec.Struct, gc=False):
    """Pod, or a template of one."""

    metadata: Metadata | None = None
    spec: Spec | None = None
    status: Status | None = None


_decode = msgspec.json.Decoder(Pod).decode


def pod_in(body: bytes) -> Pod:
    """Decode a pod.

    Raises:
        msgspec.DecodeError: a field of those above is of another type.
    """
    return _decode(body)
