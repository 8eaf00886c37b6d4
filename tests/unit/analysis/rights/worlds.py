"""Roles and bindings as resources, and what the analyses make of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from auditor.analysis.protocol import Site
from auditor.analysis.rights.asking import Question, grants
from auditor.analysis.rights.listing import RoleGrants
from auditor.analysis.rights.matching import Request
from auditor.model.resource import Resource, Target
from auditor.model.rights import Grant, RoleGrantsFact
from tests.unit.analysis.joining import derived

API = "rbac.authorization.k8s.io/v1"
LIVE = Site(Target("k8s://a", "uid-of-a"), "d" * 64, lambda _, __: 0)
FILES = Site(Target("t", "files"), "e" * 64, lambda _, pointer: 10 + len(pointer))


def resource(kind: str, name: str, namespace: str = "", **body: object) -> Resource:
    metadata = body.get("metadata")
    labels = metadata.get("labels", {}) if isinstance(metadata, Mapping) else {}
    return Resource(
        kind=f"k8s/{kind}",
        api_version=API,
        name=name,
        namespace=namespace,
        uid=f"r.yaml#{kind}/{namespace}/{name}",
        source="r.yaml",
        document=0,
        line=3,
        body=msgspec.json.encode(body),
        labels=tuple(labels.items()),
    )


def rule(verbs: str, resources: str, groups: str = "", *names: str) -> dict[str, list[str]]:
    made = {"verbs": verbs.split(), "resources": resources.split(), "apiGroups": [groups]}
    return made | ({"resourceNames": list(names)} if names else {})


def role(name: str, *rules: object, namespace: str = "", **more: object) -> Resource:
    return resource("Role" if namespace else "ClusterRole", name, namespace, rules=rules, **more)


def binding(
    name: str, of: str, *subjects: object, namespace: str = "", kind: str = "ClusterRole"
) -> Resource:
    which = "RoleBinding" if namespace else "ClusterRoleBinding"
    named = [_subject(each) if isinstance(each, str) else each for each in subjects]
    return resource(which, name, namespace, roleRef={"kind": kind, "name": of}, subjects=named)


def _subject(text: str) -> dict[str, str]:
    """``User eve``, ``Group ops``, ``ml/bot``."""
    if " " in text:
        kind, _, name = text.partition(" ")
        return {"kind": kind, "name": name}
    namespace, _, name = text.partition("/")
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def facts(*resources: Resource, site: Site = FILES) -> dict[str, RoleGrantsFact]:
    """The facts by what they are about: ``Role ml/dev``."""
    found = (
        msgspec.json.decode(each.body, type=RoleGrantsFact)
        for each in derived(RoleGrants(), resources, site=site)
    )
    return {str(each): each for each in found}


def who(
    roles: Iterable[RoleGrantsFact], verb: str, resource: str, namespace: str = "", name: str = ""
) -> list[Grant]:
    plural, _, part = resource.partition("/")
    wide = plural in {"nodes", "namespaces"}
    request = Request(verb, "", plural, part, name)
    return list(grants(roles, Question(request, namespace, namespaced=not wide)))
