"""The audit policy that OpenShift makes of the profile in its ``APIServer`` resource.

::

    spec: {audit: {profile: Default, customRules: [{group: "system:authenticated:oauth",
                                                    profile: WriteRequestBodies}]}}

is a policy in which the rules of each custom profile come first, for the callers of its group, and
those of the profile itself last. Before all of them stand two rules of every profile: URLs that
anybody asks, and the counters that the API server keeps of itself. The profile ``None`` ignores
custom rules.

Sources: config.openshift.io/v1 APIServer (AuditProfileType), openshift/library-go
pkg/operator/apiserver/audit, and Red Hat's documentation of audit log policies (4.20).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.auditing.policy import Level, Policy, Resources, Rule
from auditor.analysis.auditing.reading import Problem, Read
from auditor.analysis.loose import mapping

KIND: Final = "k8s/APIServer.config.openshift.io"

_AT: Final = "/spec/audit"
_CHANGES: Final = ("create", "update", "patch", "delete")
_SENSITIVE: Final = Rule(
    Level.METADATA,
    resources=(
        Resources("route.openshift.io", ("routes", "routes/status")),
        Resources("", ("secrets", "serviceaccounts/token")),
        Resources("authentication.k8s.io", ("tokenreviews", "tokenrequests")),
        Resources("oauth.openshift.io", ("oauthclients", "tokenreviews")),
        Resources("machineconfiguration.openshift.io"),
    ),
)
_LOGINS: Final = Rule(
    Level.REQUEST_RESPONSE,
    verbs=_CHANGES,
    resources=(
        Resources("user.openshift.io", ("identities",)),
        Resources("oauth.openshift.io", ("oauthaccesstokens", "oauthauthorizetokens")),
    ),
)
_REST: Final = Rule(Level.METADATA, omit_stages=frozenset({"RequestReceived"}))
_PROFILES: Final[Mapping[str, tuple[Rule, ...]]] = MappingProxyType(
    {
        "Default": (_LOGINS, _REST),
        "WriteRequestBodies": (
            _SENSITIVE,
            Rule(Level.REQUEST_RESPONSE, verbs=(*_CHANGES, "deletecollection")),
            _REST,
        ),
        "AllRequestBodies": (_SENSITIVE, Rule(Level.REQUEST_RESPONSE)),
        "None": (Rule(Level.NONE),),
    }
)
_ALWAYS: Final = (
    Rule(
        Level.NONE,
        groups=("system:authenticated", "system:unauthenticated"),
        urls=("/api*", "/version", "/healthz", "/readyz", "/livez"),
    ),
    Rule(
        Level.NONE,
        users=("system:apiserver",),
        resources=(
            Resources("apiserver.openshift.io", ("apirequestcounts", "apirequestcounts/*")),
        ),
        namespaces=("",),
    ),
)


def read_profile(body: Mapping[str, object]) -> Read:
    """Read the policy of an ``APIServer``; no profile is Default."""
    audit = mapping(mapping(body.get("spec")).get("audit"))
    profile = audit.get("profile") or "Default"
    custom = audit.get("customRules")
    problems: list[Problem] = []
    rules = list(_of(profile, "", f"{_AT}/profile", problems))
    if profile != "None":
        before: list[Rule] = []
        for at, each in enumerate(custom if isinstance(custom, list) else ()):
            group = mapping(each).get("group")
            pointer = f"{_AT}/customRules/{at}"
            if isinstance(group, str) and group:
                before += _of(mapping(each).get("profile"), group, pointer, problems)
            else:
                problems.append(Problem(pointer, "has no group"))
        rules = [*before, *rules]
    policy = Policy(
        (*(msgspec.structs.replace(each, pointer=_AT) for each in _ALWAYS), *rules),
        frozenset({"RequestReceived"}),
        omit_managed_fields=True,
    )
    return Read(None if problems else policy, tuple(problems))


def _of(profile: object, group: str, pointer: str, problems: list[Problem]) -> list[Rule]:
    """Make the rules of a profile, for the callers of a group or for all."""
    if not isinstance(profile, str) or profile not in _PROFILES:
        problems.append(Problem(pointer, f"{profile} is no profile"))
        return []
    groups = (group,) if group else ()
    return [
        msgspec.structs.replace(each, groups=groups, pointer=pointer) for each in _PROFILES[profile]
    ]
