"""Which accounts there are, which of them run in pods, and where claims may have admin access.

An account runs where a pod has its token: the pod asks for it, or says nothing while the account
does not say no. What workers find of one account is combined, with the few least names of its
workloads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from auditor.analysis import facts
from auditor.analysis.bodies import decoded
from auditor.analysis.protocol import Row, Site
from auditor.analysis.rights.escalation import Population
from auditor.analysis.rights.reading import UNSAID
from auditor.model.fact import Origin
from auditor.model.resource import Resource
from auditor.platforms.kubernetes import controlled_by

ACCOUNT: Final = "k8s/ServiceAccount"
NAMESPACE: Final = "k8s/Namespace"
READS: Final = frozenset({ACCOUNT, NAMESPACE, facts.KIND})
ADMIN_ACCESS: Final = ("resource.kubernetes.io/admin-access", "resource.k8s.io/admin-access")

DECLARED: Final = "account"
USES: Final = "uses"
ADMIN: Final = "admin-access"
COMBINED: Final = frozenset({USES})
_AUTOMOUNT: Final = "automountServiceAccountToken"
_DEFAULT: Final = "default"
_SHOWN: Final = 3
_encode = msgspec.json.encode


class _Spec(msgspec.Struct, gc=False):
    serviceAccountName: str | None = None  # noqa: N815 - the field's name in the API
    serviceAccount: str | None = None  # noqa: N815 - the field's name in the API
    automountServiceAccountToken: bool | None = None  # noqa: N815 - the field's name in the API


class _Template(msgspec.Struct, gc=False):
    spec: _Spec | None = None


class Use(msgspec.Struct, frozen=True, gc=False):
    """The pods of an account: some of them, and whether one asks for the token."""

    users: tuple[str, ...]
    asked: bool = False


_template = msgspec.json.Decoder(_Template).decode
_use = msgspec.json.Decoder(Use).decode


def rows_of(resource: Resource, site: Site) -> Iterator[Row]:
    """Take an account, a namespace whose claims may have admin access, or whom a pod runs as."""
    if resource.kind == ACCOUNT:
        body = decoded(resource)
        silent = isinstance(body, dict) and body.get(_AUTOMOUNT) is not False
        key = (ACCOUNT, resource.namespace or UNSAID, resource.name)
        yield Row(key, DECLARED, site.origin(resource), _encode(silent))
    elif resource.kind == NAMESPACE:
        if any(dict(resource.labels).get(each) == "true" for each in ADMIN_ACCESS):
            yield Row((NAMESPACE, resource.name, ""), ADMIN, site.origin(resource), b"true")
    else:
        yield from _of_template(resource)


def _of_template(template: Resource) -> Iterator[Row]:
    try:
        spec = _template(template.body).spec or _Spec()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # a field of the wrong type: rules about the template say so
    if spec.automountServiceAccountToken is False:
        return
    owner = controlled_by(template)
    kind = owner.kind if owner is not None else facts.plain_kind(template.parent or template)
    name = owner.name if owner is not None else template.name
    account = spec.serviceAccountName or spec.serviceAccount or _DEFAULT
    use = Use((f"{kind} {name}",), bool(spec.automountServiceAccountToken))
    key = (ACCOUNT, template.namespace or UNSAID, account)
    yield Row(key, USES, None, _encode(use))


def combine(one: Row, other: Row) -> Row:
    """Keep the few least names of two."""
    if one.body == other.body:
        return one
    both = _use(one.body), _use(other.body)
    users = tuple(sorted({name for each in both for name in each.users})[:_SHOWN])
    return Row(one.key, USES, None, _encode(Use(users, any(each.asked for each in both))))


class People:
    """What was read of accounts and namespaces."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.declared: dict[tuple[str, str], Origin] = {}
        self.admin: set[str] = set()
        self._silent: dict[tuple[str, str], bool] = {}
        self._uses: dict[tuple[str, str], Use] = {}

    def learn(self, row: Row) -> None:
        """Learn a row; of an account that is declared twice the first counts."""
        _, namespace, name = row.key
        match row.tag:
            case tag if tag == ADMIN:
                self.admin.add(namespace)
            case tag if tag == USES:
                self._uses[namespace, name] = _use(row.body)
            case _:
                self.declared.setdefault((namespace, name), row.read_at)
                self._silent.setdefault((namespace, name), row.body == b"true")

    def users(self, namespace: str, name: str) -> tuple[str, ...]:
        """Some workloads whose pods have the token of an account."""
        use = self._uses.get((namespace, name))
        if use is None or not (use.asked or self._silent.get((namespace, name), True)):
            return ()
        return use.users

    def population(self, *, whole: bool) -> Population:
        """The accounts as ways need them; ``whole``: what is not declared is not there."""
        running: dict[str, set[str]] = {}
        for namespace, name in self._uses:
            if self.users(namespace, name):
                running.setdefault(namespace, set()).add(name)
        declared: dict[str, set[str]] = {}
        for namespace, name in self.declared:
            declared.setdefault(namespace, set()).add(name)
        return Population(_frozen(declared), _frozen(running), whole and bool(declared))


def _frozen(found: dict[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(each) for name, each in found.items()}
