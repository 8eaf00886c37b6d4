"""What is given to everybody: one fact for each binding of a group of all, with its role.

``system:authenticated`` holds whoever has a name, ``system:unauthenticated`` and
``system:anonymous`` whoever has none, ``system:serviceaccounts`` every pod. What that means depends
on the role, which stands in an object of its own::

    Role trainer-public     get configmaps, named trainer-public        row  key (Role, ml, …)
    RoleBinding everybody   of that role, to system:authenticated       row  key (Role, ml, …)

makes one ``k8s/PublicGrant`` of the binding, with its fields and ``role``: declared, and its rules.
A role that no object declares is ``declared`` false: it may allow anything. Of a role that is
declared twice, as in two overlays, all rules count. Rows of roles sort before those of bindings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.protocol import Feeds, Groups, Key, Row, Site, Stage, Tables, Uncombined
from auditor.model.fact import Fact, Spot
from auditor.model.resource import Resource

KIND: Final = "k8s/PublicGrant"
ROLES: Final = frozenset({"k8s/Role", "k8s/ClusterRole"})
BINDINGS: Final = frozenset({"k8s/RoleBinding", "k8s/ClusterRoleBinding"})

_ROLE: Final = "a-role"
_BINDING: Final = "binding"
_OF_ALL: Final = "system:"
"""How the names of groups and users begin that Kubernetes itself gives."""
_encode = msgspec.json.encode


class PublicGrants(Uncombined):
    """Joins bindings of everybody with the roles that they name."""

    id = "public-grant"
    stage = Stage.TARGET
    reads = ROLES | BINDINGS
    feeds: Feeds = MappingProxyType({KIND: MappingProxyType({"": BINDINGS, "role": ROLES})})

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take the rules of a role, and a binding with a subject that Kubernetes names."""
        body = decoded(resource)
        if not isinstance(body, dict):
            return
        if resource.kind in ROLES:
            kind = resource.kind.removeprefix("k8s/")
            rules = body.get("rules")
            kept = rules if isinstance(rules, list) else []
            origin = site.origin(resource, "", ("/rules",) if kept else ())
            yield Row(_key(kind, resource.namespace, resource.name), _ROLE, origin, _encode(kept))
            return
        subjects = body.get("subjects")
        places = [
            number
            for number, subject in enumerate(subjects if isinstance(subjects, list) else ())
            if _is_of_all(subject)
        ]
        reference = body.get("roleRef")
        if not places or not isinstance(reference, dict):
            return
        fields = [f"/roleRef/{name}" for name in ("kind", "name") if name in reference]
        fields += [f"/subjects/{number}/{name}" for number in places for name in ("kind", "name")]
        shown = {
            "kind": resource.kind.removeprefix("k8s/"),
            "metadata": {"name": resource.name, "namespace": resource.namespace},
            "roleRef": reference,
            "subjects": subjects,
        }
        key = _key(reference.get("kind"), resource.namespace, reference.get("name"))
        yield Row(key, _BINDING, site.origin(resource, "", fields), _encode(shown))

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each binding of everybody, in the order of roles and sources."""
        for _, rows in groups:
            roles: list[Row] = []
            for row in rows:
                if row.tag == _ROLE:
                    roles.append(row)
                else:
                    yield _fact(row, roles)


def make(tables: Tables) -> PublicGrants:
    """Make the analysis; it needs no table."""
    del tables
    return PublicGrants()


def _key(kind: object, namespace: str, name: object) -> Key:
    """The role that is meant: one of the cluster is in no namespace."""
    return (str(kind), namespace if kind == "Role" else "", str(name))


def _is_of_all(subject: object) -> bool:
    """Whether a subject is a group or a user that Kubernetes itself names."""
    if not isinstance(subject, dict) or subject.get("kind") == "ServiceAccount":
        return False
    name = subject.get("name")
    return isinstance(name, str) and name.startswith(_OF_ALL)


def _fact(binding: Row, roles: Sequence[Row]) -> Fact:
    origin = binding.read_at
    body: Mapping[str, object] = msgspec.json.decode(binding.body)
    rules = [rule for role in roles for rule in msgspec.json.decode(role.body)]
    found: dict[str, object] = {"declared": bool(roles), "rules": rules}
    elsewhere: tuple[tuple[str, Spot | None], ...] = (("/role", None),)
    if len(roles) == 1:
        elsewhere = (("/role/rules", Spot(1, "/rules")), *elsewhere)
    return Fact(
        kind=KIND,
        key=(origin.kind, origin.namespace, origin.name, origin.source),
        body=_encode({**body, "role": found}),
        subject=origin,
        related=tuple(role.read_at for role in roles) if len(roles) == 1 else (),
        elsewhere=elsewhere,
        draws_on=((origin.target, origin.namespace),),
    )
