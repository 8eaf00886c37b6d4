"""Roles and bindings as rows, and put together again.

What is wrong with an object is kept beside it as ``trouble``: a role whose rules are no rules may
allow anything, and is told so, never taken for one without rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from auditor.analysis.bodies import decoded
from auditor.analysis.label_selectors import Requirements, of_selector
from auditor.analysis.protocol import Row, Site
from auditor.analysis.rights.matching import PolicyRule
from auditor.analysis.rights.subjects import KINDS, Subject, subject_of
from auditor.model.resource import OF_FILES, Resource
from auditor.platforms.kubernetes import PREFIX

ROLES: Final = frozenset({f"{PREFIX}Role", f"{PREFIX}ClusterRole"})
BINDINGS: Final = frozenset({f"{PREFIX}RoleBinding", f"{PREFIX}ClusterRoleBinding"})
ROLE: Final = "a-role"
"""The tag of the rows of roles, which come before those of bindings."""
BINDING: Final = "binding"

BOOTSTRAPPING: Final = "kubernetes.io/bootstrapping"
"""A label of what the API server makes, and puts back when it starts."""
UNSAID: Final = "(not said)"
"""The namespace of what says none, as files may: wherever it is applied, all of it together."""
OF_CLUSTER: Final = "ClusterRole"
OF_NAMESPACE: Final = "Role"
_MOST_LINES: Final = 200
_encode = msgspec.json.encode


class RoleRow(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A role as it was read.

    ``selectors`` are what it aggregates by, None for a role that does not. ``live``: it is of a
    server that was asked. ``filled``: a server keeps it, or kept it when it was written down, and
    has put the rules of what it aggregates in already.
    """

    rules: tuple[PolicyRule, ...] = ()
    labels: dict[str, str] = {}
    selectors: tuple[Requirements, ...] | None = None
    filled: bool = False
    live: bool = False
    trouble: str = ""


class BindingRow(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A binding as it was read: its role, whom it names, and what of it is nobody.

    ``namespace`` is where it grants, "" for everywhere. ``own``: the API server makes it itself.
    """

    kind: str
    name: str
    namespace: str = ""
    subjects: tuple[Subject, ...] = ()
    nobody: tuple[str, ...] = ()
    live: bool = False
    own: bool = False
    trouble: str = ""


class _Subject(msgspec.Struct, gc=False):
    kind: str = ""
    name: str = ""
    namespace: str = ""


class _Reference(msgspec.Struct, gc=False):
    kind: str = ""
    name: str = ""


role_of = msgspec.json.Decoder(RoleRow).decode
binding_of = msgspec.json.Decoder(BindingRow).decode


def rows_of(resource: Resource, site: Site) -> Iterator[Row]:
    """Take a role or a binding; what only changes another object says nothing by itself."""
    if resource.partial:
        return
    body = decoded(resource)
    if not isinstance(body, dict):
        return
    live = site.target.uid != OF_FILES
    kind = resource.kind.removeprefix(PREFIX)
    namespace = "" if kind.startswith(OF_CLUSTER) else resource.namespace or UNSAID
    key = (kind, namespace, resource.name)
    if resource.kind in ROLES:
        role = read_role(body, labels=dict(resource.labels), live=live)
        fields = [f"/rules/{number}" for number in range(min(len(role.rules), _MOST_LINES))]
        yield Row(key, ROLE, site.origin(resource, "", fields), _encode(role))
        return
    subjects = body.get("subjects")
    many = len(subjects) if isinstance(subjects, list) else 0
    fields = ["/roleRef", *(f"/subjects/{number}" for number in range(min(many, _MOST_LINES)))]
    binding = read_binding(body, namespace)
    own = any(label == BOOTSTRAPPING for label, _ in resource.labels)
    binding = msgspec.structs.replace(binding, live=live, own=own)
    yield Row(key, BINDING, site.origin(resource, "", fields), _encode(binding))


def read_role(body: Mapping[str, object], *, labels: dict[str, str], live: bool) -> RoleRow:
    """Read a role from its body; ``live``: a server keeps it."""
    metadata = body.get("metadata")
    filled = live or (isinstance(metadata, dict) and bool(metadata.get("resourceVersion")))
    trouble = ""
    rules: tuple[PolicyRule, ...] = ()
    try:
        rules = msgspec.convert(body.get("rules") or (), tuple[PolicyRule, ...])
    except msgspec.ValidationError as error:
        trouble = f"its rules can't be read: {error}"
    selectors, wrong = _selectors(body.get("aggregationRule"))
    return RoleRow(rules, labels, selectors, filled, live, trouble or wrong)


def _selectors(rule: object) -> tuple[tuple[Requirements, ...] | None, str]:
    """Read what a role aggregates by, and what is wrong with it."""
    if rule is None:
        return None, ""
    listed = rule.get("clusterRoleSelectors") if isinstance(rule, dict) else None
    if not isinstance(listed, list) or not listed:
        return None, "its aggregationRule has no selectors"
    found = [of_selector(each) if isinstance(each, dict) else None for each in listed]
    whole = tuple(each for each in found if each is not None)
    if len(whole) < len(found):
        return None, "a selector of its aggregationRule is no selector"
    return whole, ""


def read_binding(body: Mapping[str, object], namespace: str) -> BindingRow:
    """Read a binding from its body; ``namespace`` is "" where it is one of the cluster."""
    try:
        role = msgspec.convert(body.get("roleRef") or {}, _Reference)
    except msgspec.ValidationError as error:
        return BindingRow("", "", namespace, trouble=f"its roleRef can't be read: {error}")
    trouble = _wrong_role(role, namespace)
    listed = body.get("subjects") or ()
    if not isinstance(listed, list | tuple):
        return BindingRow(role.kind, role.name, namespace, trouble="its subjects are no list")
    subjects: dict[Subject, None] = {}
    nobody: list[str] = []
    for each in listed:
        found = _subject(each, namespace)
        if isinstance(found, Subject):
            subjects[found] = None
        else:
            nobody.append(found)
    return BindingRow(
        role.kind, role.name, namespace, tuple(subjects), tuple(nobody), trouble=trouble
    )


def _wrong_role(role: _Reference, namespace: str) -> str:
    if role.kind not in (OF_CLUSTER, OF_NAMESPACE):
        return f"its roleRef is of the kind {role.kind or '(none)'}, which is no kind of role"
    if role.kind == OF_NAMESPACE and not namespace:
        return f"it is of the cluster and names the Role {role.name}, which is in a namespace"
    return "" if role.name else "its roleRef has no name"


def _subject(item: object, namespace: str) -> Subject | str:
    """Read a subject, or say why it is nobody."""
    try:
        named = msgspec.convert(item, _Subject)
    except msgspec.ValidationError as error:
        return f"a subject can't be read: {error}"
    if named.kind not in KINDS:
        return f"{named.kind or '(no kind)'} {named.name}: this is no kind of subject"
    if not named.name:
        return f"a {named.kind} without a name"
    found = subject_of(named.kind, named.name, named.namespace, namespace)
    return found or f"ServiceAccount {named.name}: it has no namespace"


def split(groups: Iterable[tuple[object, Iterable[Row]]]) -> tuple[list[Row], list[Row]]:
    """Take rows apart: those of roles, and those of bindings."""
    roles: list[Row] = []
    bindings: list[Row] = []
    for _, rows in groups:
        for row in rows:
            if row.tag in (ROLE, BINDING):
                (roles if row.tag == ROLE else bindings).append(row)
    return roles, bindings
