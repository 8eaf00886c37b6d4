"""Components of a control plane in the objects that are read, and which of these are believed.

=========================  ========================================================================
mirror pod                 a kubelet shows a static pod by it: the annotation
                           ``kubernetes.io/config.mirror``, and controlled by the Node that it is on
static pod                 the manifest itself, of a file: without uid and controller
ClusterConfiguration       of kubeadm: flags beside those that it sets itself. A file, or in the
                           ConfigMap ``kubeadm-config``
flagz                      what a component prints at ``/flagz``, to us or into a file: all flags,
                           in effect
ConfigMap of OpenShift     what its operator gives the API server (:mod:`openshift`)
process                    of a node, as its probe recorded it: of flags that it has no list of only
                           the names are known
=========================  ========================================================================

Who may create a pod may call it ``kube-apiserver`` and give it any flags. Of a live cluster only a
mirror pod in a namespace of the control plane is believed: a kubelet removes those that it did not
make. What a controller made is another cluster's control plane, or a test's: it is not looked at.

Sources: kubernetes v1.37.2 pkg/kubelet/types (ConfigMirrorAnnotationKey), cmd/kubeadm
app/apis/kubeadm/v1beta4 (Arg) and v1beta3 (extraArgs as a map).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from auditor.analysis.controlplane.flags import COMPONENTS, ETCD, Flag, of_environment, started
from auditor.analysis.loose import mapping
from auditor.analysis.paths import pointer_of
from auditor.analysis.texts import ReadFailure, ReadText
from auditor.late import late
from auditor.model.resource import Resource

MIRROR: Final = "mirror-pod"
STATIC: Final = "static-pod"
KUBEADM: Final = "kubeadm"
PROCESS: Final = "process"
FLAGZ: Final = "flagz"
OPENSHIFT: Final = "openshift"
BY_OPERATOR: Final = "--openshift-config="
"""What the pod of an API server of OpenShift is started with, in a script."""
CONFIGURATION: Final = "ClusterConfiguration"
MAP: Final = ("kube-system", "kubeadm-config")

_ANNOTATION: Final = "kubernetes.io/config.mirror"
_SYSTEM: Final = late(r"kube-system|openshift-[a-z0-9-]+")
_VERSION: Final = late(r"v?(\d+\.\d+\.\d+)")
_LONGEST: Final = 1 << 18
_OF_KUBEADM: Final = (
    ("kube-apiserver", ("apiServer",)),
    ("kube-controller-manager", ("controllerManager",)),
    ("kube-scheduler", ("scheduler",)),
    ("etcd", ("etcd", "local")),
)


class Component(msgspec.Struct, frozen=True):
    """A component as an object has it; ``doubt`` says why it is not believed, "" if it is.

    ``unread`` says why its flags are not known. ``version`` is "" where its image does not say it.
    ``by_operator``: OpenShift's, whose flags are in a ConfigMap.
    """

    component: str
    source: str
    flags: tuple[Flag, ...] = ()
    doubt: str = ""
    unread: str = ""
    version: str = ""
    node: str = ""
    by_operator: bool = False


def may_have(body: bytes) -> bool:
    """Say whether a pod may be of a control plane, by what is written in it."""
    return any(name.encode() in body for name in COMPONENTS)


def of_pod(resource: Resource, body: Mapping[str, object], *, live: bool) -> Iterator[Component]:
    """Find the components that a pod runs; none in one that a controller of pods made."""
    owner = resource.controller
    by_node = owner is not None and (owner.kind, owner.api_version) == ("Node", "v1")
    if owner is not None and not by_node:
        return
    metadata, spec = mapping(body.get("metadata")), mapping(body.get("spec"))
    served = live or "uid" in metadata
    source = MIRROR if served else STATIC
    doubt = _doubt(resource, metadata, by_node=by_node, served=served)
    containers = spec.get("containers")
    for at, each in enumerate(containers if isinstance(containers, list) else ()):
        container = mapping(each)
        found = started(container, pointer_of(("spec", "containers", str(at))))
        if found is not None:
            image = container.get("image")
            yield Component(
                found.component,
                source,
                found.flags,
                doubt,
                found.why,
                version_of(image if isinstance(image, str) else ""),
                str(spec.get("nodeName") or ""),
                by_operator=bool(found.why) and _by_operator(container),
            )


def _by_operator(container: Mapping[str, object]) -> bool:
    words = container.get("args")
    return any(BY_OPERATOR in f"{word}" for word in (words if isinstance(words, list) else ()))


def of_config_map(body: Mapping[str, object], read: ReadText) -> Iterator[Component]:
    """Find the components in the ConfigMap that kubeadm keeps its configuration in."""
    text = mapping(body.get("data")).get(CONFIGURATION)
    if not isinstance(text, str) or len(text) > _LONGEST:
        return
    found = read(text)
    pointer = pointer_of(("data", CONFIGURATION))
    if isinstance(found, ReadFailure):
        why = f"{CONFIGURATION} is not valid YAML: {found.reason}"
        for name, _ in _OF_KUBEADM:
            yield Component(name, KUBEADM, unread=why)
        return
    for each in of_configuration(mapping(found)):
        flags = tuple(msgspec.structs.replace(flag, pointer=pointer) for flag in each.flags)
        yield msgspec.structs.replace(each, flags=flags)


def of_configuration(body: Mapping[str, object]) -> Iterator[Component]:
    """Find the components in a ClusterConfiguration of kubeadm."""
    version = version_of(str(body.get("kubernetesVersion") or ""))
    for name, path in _OF_KUBEADM:
        section: Mapping[str, object] = body
        for step in path:
            section = mapping(section.get(step))
        if name == "etcd" and "external" in mapping(body.get("etcd")):
            continue
        pointer = pointer_of((*path, "extraArgs"))
        flags, unread = _extra(section.get("extraArgs"), pointer)
        of_etcd = name == "etcd"
        yield Component(name, KUBEADM, flags, unread=unread, version="" if of_etcd else version)


class _Flags(msgspec.Struct, frozen=True):
    component: str
    flags: dict[str, list[str]]


def of_flags(body: Mapping[str, object]) -> Iterator[Component]:
    """Find a component in the flags that it printed itself."""
    try:
        seen = msgspec.convert(body, _Flags)
    except msgspec.ValidationError:
        return
    if seen.component in COMPONENTS:
        flags = (
            Flag(name, value, pointer_of(("flags", name, str(at))))
            for name, values in seen.flags.items()
            for at, value in enumerate(values)
        )
        yield Component(seen.component, FLAGZ, tuple(flags))


class _Process(msgspec.Struct, frozen=True):
    component: str
    flags: dict[str, list[str]]
    hidden: list[str]
    variables: dict[str, str]
    unread: str = ""


class _Processes(msgspec.Struct, frozen=True):
    node: str
    components: list[_Process]
    unread: str = ""


def of_node(body: Mapping[str, object]) -> Iterator[Component]:
    """Find the components that run on a node, by its probe."""
    try:
        seen = msgspec.convert(body, _Processes)
    except msgspec.ValidationError:
        return
    for each in seen.components:
        if each.component not in COMPONENTS:
            continue
        given = [Flag(name, value) for name, values in each.flags.items() for value in values]
        hidden = [Flag(name, "", certain=False) for name in each.hidden]
        variables = of_environment(each.variables, each.flags.keys() | set(each.hidden))
        flags = (*given, *hidden, *(variables if each.component == ETCD else ()))
        yield Component(each.component, PROCESS, flags, unread=each.unread, node=seen.node)


def version_of(image: str) -> str:
    """Read ``1.36.2`` in the tag of an image, or in a version; "" where there is none."""
    tag = image.partition("@")[0].rpartition("/")[2].rpartition(":")[2]
    found = _VERSION.match(tag)
    return found[1] if found else ""


def _extra(found: object, pointer: str) -> tuple[tuple[Flag, ...], str]:
    """Read extra arguments: a map until v1beta3, a list of names and values since."""
    if found is None:
        return (), ""
    if isinstance(found, dict):
        pairs = [(name, value, name) for name, value in found.items()]
    elif isinstance(found, list):
        maps = [mapping(each) for each in found]
        pairs = [(each.get("name"), each.get("value"), f"{at}") for at, each in enumerate(maps)]
    else:
        return (), "extraArgs is neither a map nor a list"
    if not all(isinstance(each, str) for name, value, _ in pairs for each in (name, value)):
        return (), "an argument in extraArgs is not a text"
    flags = (Flag(name, value, f"{pointer}{pointer_of((at,))}") for name, value, at in pairs)
    return tuple(flags), ""


def _doubt(
    resource: Resource, metadata: Mapping[str, object], *, by_node: bool, served: bool
) -> str:
    if not _SYSTEM.fullmatch(resource.namespace or ("" if served else "kube-system")):
        return f"it is in namespace {resource.namespace}, which is not the control plane's"
    if by_node:
        return ""
    if _ANNOTATION in mapping(metadata.get("annotations")):
        return "it says that it is a mirror pod, and the node that it is on does not control it"
    return "it is no mirror pod: anybody who may create pods may have made it" if served else ""
