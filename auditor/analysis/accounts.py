"""Which pods get the API token of their service account without asking: one fact an account.

A pod that says ``automountServiceAccountToken`` decides for itself. One that says nothing gets what
its account says, and the token when that says nothing either (ServiceAccount admission; PodSpec and
ServiceAccount of ``v1``). So the account decides for all of its silent pods at once::

    Deployment vllm    serviceAccountName: server                       is silent
    CronJob report     serviceAccountName: server                       is silent
    Job tune           serviceAccountName: server, automount…: false    decides itself
    ServiceAccount     server, automountServiceAccountToken: false

makes one ``k8s/AccountUse`` of ``server``: users "CronJob report and Deployment vllm", declared,
``automountServiceAccountToken`` false. An account that no object declares is used all the same: the
fact then stands at the first of its pods. ``bound`` says whether a RoleBinding or a
ClusterRoleBinding names the account itself: then somebody meant its token to be used. A group that
it belongs to says nothing of it.

What a worker finds is combined into one row an account, with the few least names of its users, so
what is held does not grow with the number of pods. Rows of declared accounts sort before those of
bindings, and these before those of uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis import facts
from auditor.analysis.bodies import decoded
from auditor.analysis.protocol import Feeds, Groups, Row, Site, Stage, Tables
from auditor.model.fact import Fact
from auditor.model.resource import Resource
from auditor.platforms.kubernetes import controlled_by
from auditor.secrets.hints import find

KIND: Final = "k8s/AccountUse"
ACCOUNT: Final = "k8s/ServiceAccount"
BINDINGS: Final = frozenset({"k8s/RoleBinding", "k8s/ClusterRoleBinding"})
AUTOMOUNT: Final = "automountServiceAccountToken"

_DEFAULT: Final = "default"
_ACCOUNT: Final = "account"
_BOUND: Final = "bound"
_USE: Final = "use"
_SHOWN: Final = 3
_TOKEN_MOUNT: Final = b'"/var/run/secrets/kubernetes.io/serviceaccount"'
"""Where ServiceAccount admission mounts the token, as JSON."""
_CONCLUDED: Final = ("name", "namespace", "declared", "bound", "users")
_DERIVED: Final = tuple((f"/{name}", None) for name in _CONCLUDED)
"""What of the body stands in no ServiceAccount."""

_AS_USER: Final = "system:serviceaccount:"
_encode = msgspec.json.encode


class _Metadata(msgspec.Struct, gc=False):
    resourceVersion: str | None = None  # noqa: N815 - the field's name in the API


class _Owner(msgspec.Struct, gc=False):
    kind: str = ""


class _Spec(msgspec.Struct, gc=False):
    serviceAccountName: str | None = None  # noqa: N815 - the field's name in the API
    serviceAccount: str | None = None  # noqa: N815 - the field's name in the API
    automountServiceAccountToken: bool | None = None  # noqa: N815 - the field's name in the API
    supportedModelFormats: msgspec.Raw | None = None  # noqa: N815 - the field's name in the API


class _Template(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None
    spec: _Spec | None = None
    owner: _Owner | None = None


_decode_template = msgspec.json.Decoder(_Template).decode
_decode_names = msgspec.json.Decoder(list[str]).decode


class AccountUses:
    """Joins the silent pods of a target with the accounts that decide for them."""

    id = "account-use"
    stage = Stage.TARGET
    reads = frozenset({ACCOUNT, facts.KIND, *BINDINGS})
    feeds: Feeds = MappingProxyType(
        {
            KIND: MappingProxyType(
                {
                    "": frozenset({facts.KIND}),
                    "declared": frozenset({ACCOUNT}),
                    "bound": BINDINGS,
                    AUTOMOUNT: frozenset({ACCOUNT}),
                }
            )
        }
    )
    combined = frozenset({_BOUND, _USE})

    def extract(self, resource: Resource, site: Site) -> Iterator[Row]:
        """Take what an account says, who is bound, and which account decides for a template."""
        if resource.kind == ACCOUNT:
            yield _account(resource, site)
            return
        if resource.kind in BINDINGS:
            yield from (Row(key, _BOUND, None, b"true") for key in sorted(_bound(resource)))
            return
        found = _silent(resource)
        if found is not None:
            key = (resource.namespace or _DEFAULT, found.account)
            origin = site.origin(resource, resource.pointer)
            yield Row(key, _USE, origin, _encode([found.user]))

    def combine(self, one: Row, other: Row) -> Row:
        """Keep the first place of two, and the first few names."""
        if one.tag == _BOUND:
            return one
        names = {*_decode_names(one.body), *_decode_names(other.body)}
        first = min(one, other, key=_order)
        return msgspec.structs.replace(first, body=_encode(sorted(names)[: _SHOWN + 1]))

    def derive(self, groups: Groups) -> Iterator[Fact]:
        """Yield a fact for each account that decides for pods.

        Of an account that is declared twice the first counts, in the order of sources.
        """
        for _, rows in groups:
            account: Row | None = None
            bound = False
            for row in rows:
                if row.tag == _USE:
                    yield _fact(row, account, bound=bound)
                elif row.tag == _BOUND:
                    bound = True
                elif account is None:
                    account = row


def make(tables: Tables) -> AccountUses:
    """Make the analysis; it needs no table."""
    del tables
    return AccountUses()


class _Silent(msgspec.Struct, frozen=True, gc=False):
    """A pod template that says nothing: the account that it uses, and whose it is."""

    account: str
    user: str


def _account(account: Resource, site: Site) -> Row:
    body = decoded(account)
    said = body.get(AUTOMOUNT) if isinstance(body, dict) else None
    kept = {} if said is None else {AUTOMOUNT: said}
    origin = site.origin(account, "", (f"/{name}" for name in kept))
    return Row((account.namespace or _DEFAULT, account.name), _ACCOUNT, origin, _encode(kept))


def _bound(binding: Resource) -> set[tuple[str, str]]:
    """The accounts that a binding names, as such or as the users that they are."""
    body = decoded(binding)
    subjects = body.get("subjects") if isinstance(body, dict) else None
    found = set()
    for subject in subjects if isinstance(subjects, list) else ():
        if not isinstance(subject, dict):
            continue
        namespace, name = subject.get("namespace"), subject.get("name")
        if not isinstance(name, str):
            continue
        if subject.get("kind") == "User" and name.startswith(_AS_USER):
            namespace, _, name = name.removeprefix(_AS_USER).partition(":")
        elif subject.get("kind") != "ServiceAccount":
            continue
        if not isinstance(namespace, str) or not namespace:
            namespace = binding.namespace or _DEFAULT
        found.add((namespace, name))
    return found


def _silent(template: Resource) -> _Silent | None:
    """Say which account decides for a pod template; None where the pod does, or has no token.

    A pod that was admitted shows by its mounts whether it got one. A serving runtime can't say: the
    InferenceService that uses it does.
    """
    try:
        found = _decode_template(template.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # a field of the wrong type: rules about the template say so
    spec, owner = found.spec or _Spec(), found.owner or _Owner()
    if spec.automountServiceAccountToken is not None or spec.supportedModelFormats is not None:
        return None
    admitted = owner.kind == "Pod" and found.metadata is not None and found.metadata.resourceVersion
    if admitted and find(template.body, _TOKEN_MOUNT) < 0:
        return None
    user = controlled_by(template)
    kind = user.kind if user is not None else owner.kind
    name = user.name if user is not None else template.name
    return _Silent(spec.serviceAccountName or spec.serviceAccount or _DEFAULT, f"{kind} {name}")


def _order(row: Row) -> tuple[str, int, str]:
    origin = row.read_at
    return origin.source, origin.document, origin.pointer


def _fact(use: Row, account: Row | None, *, bound: bool) -> Fact:
    namespace, name = use.key
    body: dict[str, object] = {
        "name": name,
        "namespace": namespace,
        "declared": account is not None,
        "bound": bound,
        "users": _listed(_decode_names(use.body)),
    }
    elsewhere: tuple[tuple[str, None], ...] = _DERIVED
    if account is None:
        elsewhere = (*_DERIVED, (f"/{AUTOMOUNT}", None))
    else:
        body |= msgspec.json.decode(account.body)
    subject = (account or use).read_at
    if account is None:  # nobody declares it: it stands at the first pod that uses it
        subject = msgspec.structs.replace(
            subject, kind=ACCOUNT, namespace=namespace, name=name, uid=""
        )
    return Fact(
        kind=KIND,
        key=use.key,
        body=_encode(body),
        subject=subject,
        elsewhere=elsewhere,
        draws_on=((subject.target, namespace),),
    )


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_SHOWN])
    if len(names) > _SHOWN:
        return ", ".join(shown) + " and others"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
