"""Which requests an audit policy is asked about, by what an auditor wants to find in the log.

A table of resources with the verbs that matter; each is asked about in a namespace that nobody
names, in ``kube-system`` and in those that the policy names, a list in all namespaces at once, too.
A request for one object has a name that nobody gives, or one that a rule names
(``resourceNames``); but for ConfigMaps, of which policies leave out those by which leaders were
elected. What there is no end of stands for itself: ``widgets.example.com`` is a resource of a
CustomResourceDefinition.

Verbs are those of audit events: exec by a WebSocket is a ``get``, by SPDY a ``create``. Source:
k8s.io/apiserver v0.37.2, pkg/endpoints/request/requestinfo.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Final

import msgspec

from auditor.analysis.auditing.policy import Policy, Request, Resources

READS: Final = ("get", "list", "watch")
CHANGES: Final = ("create", "update", "patch", "delete", "deletecollection")
VERBS: Final = (*READS, *CHANGES)
METHODS: Final = ("get", "post", "put", "patch", "delete", "head", "options")
"""What a request without a resource has for a verb."""
HARMLESS: Final = (
    *("/healthz", "/livez", "/readyz", "/version"),
    *("/api", "/apis", "/openapi/v2"),
)
"""URLs of probes and of discovery: anybody may ask, and little is told."""
URLS: Final = (*HARMLESS, "/metrics", "/logs/x", "/debug/pprof/profile", "/flagz")

_ONE: Final = ("get", "update", "patch", "delete")
"""Verbs about one object by its name."""
_ALL: Final = ("list", "watch")
"""Verbs that may be about all namespaces at once."""
_SYSTEM: Final = "kube-system"
_SOME: Final = "a-namespace"
ANY_NAME: Final = "a-name"
_MOST: Final = 32
_MOST_NAMES: Final = 32


class Topic(Enum):
    """Why a resource is asked about."""

    ENTERS = "enters"
    SECRET = "secret"  # noqa: S105 - the name of a topic
    CONTROLS = "controls"
    ACCELERATOR = "accelerator"
    CHANGED = "changed"


class Asked(msgspec.Struct, frozen=True):
    """A resource, and what is done to it."""

    topics: frozenset[Topic]
    group: str
    resource: str
    verbs: tuple[str, ...] = CHANGES
    namespaced: bool = True

    @property
    def title(self) -> str:
        """What people call it; a group is said of what is not Kubernetes' own."""
        own = "." not in self.group or self.group.endswith(".k8s.io")
        return self.resource if own else f"{self.resource}.{self.group}"


_ENTERS = frozenset({Topic.ENTERS})
_SECRET = frozenset({Topic.SECRET})
_CHANGED = frozenset({Topic.CHANGED})
_CONTROLS = frozenset({Topic.CHANGED, Topic.CONTROLS})
_DEVICES = frozenset({Topic.CHANGED, Topic.ACCELERATOR})
_RBAC: Final = "rbac.authorization.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"
_CERTIFICATES: Final = "certificates.k8s.io"

ASKED: Final = (
    *(
        Asked(_ENTERS, "", f"pods/{each}", ("get", "create"))
        for each in ("exec", "attach", "portforward")
    ),
    *(Asked(_ENTERS, "", f"{each}/proxy", ("get", "create")) for each in ("pods", "services")),
    Asked(_ENTERS, "", "nodes/proxy", ("get", "create"), namespaced=False),
    Asked(_ENTERS, "", "pods/ephemeralcontainers", ("update", "patch")),
    Asked(_SECRET | _CHANGED, "", "secrets", VERBS),
    Asked(_SECRET | _CHANGED, "", "configmaps", VERBS),
    Asked(_SECRET, "", "serviceaccounts/token", ("create",)),
    Asked(_SECRET, "authentication.k8s.io", "tokenreviews", ("create",), namespaced=False),
    *(
        Asked(_CHANGED, "", each)
        for each in ("pods", "services", "serviceaccounts", "persistentvolumeclaims")
    ),
    *(Asked(_CHANGED, "apps", each) for each in ("deployments", "daemonsets", "statefulsets")),
    *(Asked(_CHANGED, "batch", each) for each in ("jobs", "cronjobs")),
    Asked(_CHANGED, "networking.k8s.io", "ingresses"),
    Asked(_CHANGED, "example.com", "widgets"),
    *(
        Asked(_CHANGED, group, each, namespaced=False)
        for group, each in (
            ("", "persistentvolumes"),
            ("apiextensions.k8s.io", "customresourcedefinitions"),
            ("apiregistration.k8s.io", "apiservices"),
            ("node.k8s.io", "runtimeclasses"),
        )
    ),
    Asked(_CONTROLS, "", "namespaces", ("create",), namespaced=False),
    Asked(_CONTROLS, "", "namespaces", ("update", "patch", "delete")),
    Asked(_CONTROLS, "networking.k8s.io", "networkpolicies"),
    *(Asked(_CONTROLS, _RBAC, each) for each in ("roles", "rolebindings")),
    *(
        Asked(_CONTROLS, group, each, namespaced=False)
        for group, each in (
            (_RBAC, "clusterroles"),
            (_RBAC, "clusterrolebindings"),
            (_ADMISSION, "validatingwebhookconfigurations"),
            (_ADMISSION, "mutatingwebhookconfigurations"),
            (_ADMISSION, "validatingadmissionpolicies"),
            (_ADMISSION, "validatingadmissionpolicybindings"),
            (_CERTIFICATES, "certificatesigningrequests"),
        )
    ),
    Asked(
        _CONTROLS,
        _CERTIFICATES,
        "certificatesigningrequests/approval",
        ("update", "patch"),
        namespaced=False,
    ),
    *(
        Asked(_DEVICES, "resource.k8s.io", each)
        for each in ("resourceclaims", "resourceclaimtemplates")
    ),
    Asked(_DEVICES, "resource.k8s.io", "resourceclaims/status", ("update", "patch")),
    *(
        Asked(_DEVICES, "resource.k8s.io", each, namespaced=False)
        for each in ("deviceclasses", "resourceslices", "devicetaintrules")
    ),
    *(
        Asked(_DEVICES, "", each, ("update", "patch"), namespaced=False)
        for each in ("nodes", "nodes/status")
    ),
    Asked(_DEVICES, "nvidia.com", "clusterpolicies", namespaced=False),
)
"""What is asked about; the configuration of device plugins is among the ConfigMaps."""


class Objects(msgspec.Struct, frozen=True):
    """What a policy names: namespaces, and objects of what is asked about.

    ``left_out`` counts what it names and is not asked about.
    """

    namespaces: tuple[str, ...]
    names: Mapping[Asked, tuple[str, ...]]
    left_out: int

    def requests(self, asked: Asked, verb: str) -> Iterator[Request]:
        """Make the requests of one verb, by nobody yet."""
        resource, _, subresource = asked.resource.partition("/")
        named = verb in _ONE or (subresource and verb == "create")
        for namespace in self._places(asked, verb):
            for name in (ANY_NAME, *self.names.get(asked, ())) if named else ("",):
                yield Request(
                    user="",
                    groups=(),
                    verb=verb,
                    group=asked.group,
                    resource=resource,
                    subresource=subresource,
                    namespace=namespace,
                    name=name,
                )

    def _places(self, asked: Asked, verb: str) -> tuple[str, ...]:
        if not asked.namespaced:
            return ("",)
        return (*self.namespaces, "") if verb in _ALL else self.namespaces


def objects_of(policy: Policy) -> Objects:
    """Find what a policy names."""
    spaces = (each for rule in policy.rules for each in rule.namespaces if each)
    places = tuple(dict.fromkeys((_SOME, _SYSTEM, *spaces)))
    left_out = max(0, len(places) - _MOST)
    names: dict[Asked, tuple[str, ...]] = {}
    written = [each for rule in policy.rules for each in rule.resources if each.names]
    for asked in ASKED if written else ():
        if asked.resource == "configmaps":
            continue
        found = dict.fromkeys(
            name for each in written if _is_about(each, asked) for name in each.names if name
        )
        left_out += max(0, len(found) - _MOST_NAMES)
        names[asked] = tuple(found)[:_MOST_NAMES]
    return Objects(places[:_MOST], names, left_out)


def _is_about(written: Resources, asked: Asked) -> bool:
    """Whether what a rule names may be what is asked about (:mod:`matching`)."""
    resource, _, sub = asked.resource.partition("/")
    ways = {"*", asked.resource, f"{resource}/*", *((f"*/{sub}",) if sub else ())}
    return written.group in {asked.group, "*"} and not ways.isdisjoint(written.resources)


def place_text(requests: Iterable[Request]) -> str:
    """Say of requests where they are: ``named a, b in ml``; "" for anywhere, and any object."""
    found = list(requests)
    named, inside = {each.name for each in found}, {each.namespace for each in found}
    text = "" if named & {"", ANY_NAME} else f" named {', '.join(sorted(named))}"
    if _SOME in inside:
        return text
    spaces = sorted(inside - {""})
    text += f" in {', '.join(spaces)}" if spaces else ""
    return f"{text} of all namespaces" if "" in inside and found[0].verb in _ALL else text
