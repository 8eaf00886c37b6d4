"""Whether conditions of a policy leave out the controllers that make pods of other objects.

A Deployment's pods are created by the controller of its ReplicaSet, not by whoever applied it. So a
condition that is meant for programs of the system lets nearly every pod past::

    matchConditions: !request.userInfo.username.startsWith("system:serviceaccount:kube-system:")
    kubectl run           somebody's own name                                              is asked
    kubectl apply deploy  system:serviceaccount:kube-system:replicaset-controller           is not

Conditions are evaluated for a pod of each: one that lets a person's pod be checked and no
controller's leaves the controllers out.

Where controllers have no accounts of their own (``--use-service-account-credentials`` off), all of
them are ``system:kube-controller-manager``, which is not looked at: kubeadm and others turn it on.

Source: the names of controllers in ``cmd/kube-controller-manager/names`` of Kubernetes v1.37.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from auditor import cel
from auditor.analysis.loose import elements, mapping, string

ASKED: Final = "asked"
EXEMPT: Final = "exempt"
UNKNOWN: Final = "unknown"

_WHO: Final = "userInfo"
_VARIABLES: Final = ("object", "oldObject", "request", "params", "namespaceObject", "authorizer")
_ACCOUNTS: Final = "system:serviceaccounts"
_AUTHENTICATED: Final = "system:authenticated"
_HOME: Final = "kube-system"
_CONTROLLERS: Final = tuple(
    (f"system:serviceaccount:{_HOME}:{name}-controller", (_ACCOUNTS, f"{_ACCOUNTS}:{_HOME}"))
    for name in ("replicaset", "daemon-set", "statefulset", "job")
)
_PERSON: Final = ("somebody@example.com", ("developers",))
_POD: Final[Mapping[str, object]] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "x", "namespace": "x", "labels": {}, "annotations": {}},
    "spec": {"containers": [{"name": "x", "image": "x"}]},
}


def controllers(spec: Mapping[str, object]) -> str:
    """Say whether pods of controllers are asked about where those of people are.

    UNKNOWN where a condition that looks at callers can't be evaluated for one of them.
    """
    every = map(mapping, elements(spec.get("matchConditions")))
    conditions = [string(each.get("expression")) for each in every]
    if not any(_WHO in each for each in conditions):
        return ASKED
    programs = [_compiled(each) for each in conditions]
    of_people = _let_in(programs, *_PERSON)
    if of_people is False:
        return ASKED  # it is about others anyhow
    of_controllers = [_let_in(programs, *each) for each in _CONTROLLERS]
    if True in of_controllers:
        return ASKED
    return UNKNOWN if of_people is None or None in of_controllers else EXEMPT


def _compiled(condition: str) -> cel.Program | None:
    """Compile a condition; None where it is not in the language."""
    # named through the package, which loads its parser when somebody has such a condition
    environment = cel.Environment(dict.fromkeys(_VARIABLES, cel.DYN))
    try:
        return environment.compile(condition, expect=cel.BOOL)
    except cel.CelError:
        return None


def _let_in(
    programs: Sequence[cel.Program | None], user: str, groups: Sequence[str]
) -> bool | None:
    """Whether all conditions are met for a caller; None where one has no answer."""
    answers = [None if each is None else _answer(each, user, groups) for each in programs]
    if False in answers:
        return False
    return None if None in answers else True


def _answer(condition: cel.Program, user: str, groups: Sequence[str]) -> bool | None:
    who = {"username": user, "uid": "x", "groups": [*groups, _AUTHENTICATED], "extra": {}}
    request = {
        "uid": "x",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "requestResource": {"group": "", "version": "v1", "resource": "pods"},
        "subResource": "",
        "requestSubResource": "",
        "name": "x",
        "namespace": "x",
        "operation": "CREATE",
        "dryRun": False,
        _WHO: who,
    }
    try:
        found = condition.run(_POD, None, request, None, {"metadata": {"name": "x"}}, None)
    except cel.CelError:
        return None
    return found if isinstance(found, bool) else None
