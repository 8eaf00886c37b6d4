"""What ``who-can`` was asked, in the words of RBAC.

::

    get secrets               verb get, resource secrets of the core group
    create pods/exec          its subresource exec
    patch rayclusters.ray.io  a resource of another group
    get /metrics              an address of the API server
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from auditor.analysis.rights.asking import Question
from auditor.analysis.rights.matching import EVERY, Request
from auditor.errors import UsageError

Known = Mapping[str, tuple[str, bool]]
"""Resources to their group, and whether namespaces have them."""

_AUTHENTICATION: Final = "authentication.k8s.io"
_AUTHORIZATION: Final = "authorization.k8s.io"
VIRTUAL: Final[Known] = MappingProxyType(
    {
        "users": ("", False),
        "groups": ("", False),
        "uids": (_AUTHENTICATION, False),
        "userextras": (_AUTHENTICATION, False),
        "tokenreviews": (_AUTHENTICATION, False),
        "subjectaccessreviews": (_AUTHORIZATION, False),
        "localsubjectaccessreviews": (_AUTHORIZATION, True),
        "signers": ("certificates.k8s.io", False),
    }
)
"""What only roles speak of, and what can't be listed."""

SHORT: Final = MappingProxyType(
    {
        "cm": "configmaps",
        "deploy": "deployments",
        "ds": "daemonsets",
        "ep": "endpoints",
        "netpol": "networkpolicies",
        "no": "nodes",
        "ns": "namespaces",
        "po": "pods",
        "pv": "persistentvolumes",
        "pvc": "persistentvolumeclaims",
        "rs": "replicasets",
        "sa": "serviceaccounts",
        "sts": "statefulsets",
        "svc": "services",
        "cj": "cronjobs",
        "csr": "certificatesigningrequests",
        "crd": "customresourcedefinitions",
    }
)
"""The short names of kubectl that people type most."""


def question_of(verb: str, what: str, name: str, namespace: str, known: Known) -> Question:
    """Read a question.

    Raises:
        UsageError: no such resource is known by itself, or it is in no namespace.
    """
    if what.startswith("/"):
        if name or namespace:
            raise UsageError(
                f"{what}: an address has no name and is in no namespace",
                hint=f"auditor who-can {verb} {what} TARGET",
            )
        return Question(Request(verb, path=what), namespaced=False)
    resource, _, part = what.partition("/")
    plural, group, namespaced = resource_of(resource, known)
    if namespace and not namespaced:
        raise UsageError(
            f"{plural} are in no namespace: -n {namespace} has no meaning for them",
            hint=f"auditor who-can {verb} {what} TARGET",
        )
    return Question(Request(verb, group, plural, part, name), namespace, namespaced)


def resource_of(word: str, known: Known) -> tuple[str, str, bool]:
    """The name of a resource, its group, and whether namespaces have it.

    Raises:
        UsageError: no such resource is known by itself.
    """
    if word == EVERY:
        return EVERY, EVERY, True
    plural, dot, group = word.partition(".")
    group = "" if group == "core" else group
    lower = plural.lower()
    for each in (SHORT.get(lower, lower), f"{lower}s", f"{lower}es", f"{lower[:-1]}ies"):
        found = known.get(each) or VIRTUAL.get(each)
        if found is not None and (not dot or found[0] == group):
            return each, *found
    if dot and plural:
        return plural, group, True
    raise UsageError(
        f"{word or '(nothing)'}: this is no resource of Kubernetes itself",
        hint="write one of another group with its group: rayclusters.ray.io",
    )


def shown(question: Question) -> str:
    """Write a question as people ask it."""
    request = question.request
    if request.path:
        return f"{request.verb} {request.path}"
    plural, _, part = request.combined.partition("/")
    known = not request.group or request.group == EVERY
    what = plural if known else f"{plural}.{request.group}"
    named = f" {request.name}" if request.name else ""
    where = f" in namespace {question.namespace}" if question.namespace else ""
    return f"{request.verb} {what}{f'/{part}' if part else ''}{named}{where}"
