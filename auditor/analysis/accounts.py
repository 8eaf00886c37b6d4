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
fact then stands at the first of its pods.

What a worker finds is held as one row an account, with the few least names of its users, so what is
held does not grow with the number of pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from auditor.analysis import facts
from auditor.analysis.workloads import controlled_by
from auditor.model.resource import Resource
from auditor.secrets.hints import find

KIND: Final = "k8s/AccountUse"
ACCOUNT: Final = "k8s/ServiceAccount"
AUTOMOUNT: Final = "automountServiceAccountToken"

_DEFAULT: Final = "default"
_SHOWN: Final = 3
_TOKEN_MOUNT: Final = b'"/var/run/secrets/kubernetes.io/serviceaccount"'
"""Where ServiceAccount admission mounts the token, as JSON."""
_DERIVED: Final = tuple((f"/{name}", None) for name in ("name", "namespace", "declared", "users"))
"""What of the body stands in no ServiceAccount."""

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


def brief(account: Resource) -> Resource:
    """Reduce a ServiceAccount to what :func:`derive` reads of it."""
    body = msgspec.json.decode(account.body)
    said = body.get(AUTOMOUNT) if isinstance(body, dict) else None
    kept = {} if said is None else {AUTOMOUNT: said}
    return msgspec.structs.replace(account, body=_encode(kept), labels=())


def use(template: Resource) -> Resource | None:
    """Say which account decides for a pod template; None where the pod does, or has no token.

    A pod that was admitted shows by its mounts whether it got one. A serving runtime can't say: the
    InferenceService that uses it does.
    """
    if template.kind != facts.KIND:
        return None
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
    return msgspec.structs.replace(
        template,
        kind=KIND,
        name=spec.serviceAccountName or spec.serviceAccount or _DEFAULT,
        namespace=template.namespace or _DEFAULT,
        body=_encode([f"{kind} {name}"]),
        labels=(),
        controller=None,
        parent=None,
        part="",
        clean=True,
    )


def merged(kept: Iterable[Resource]) -> list[Resource]:
    """Put the uses of each account together; what is no use stays as it is.

    Merging in parts gives the same as merging at once.
    """
    rest: list[Resource] = []
    uses: dict[tuple[str, str], Resource] = {}
    for each in kept:
        if each.kind != KIND:
            rest.append(each)
            continue
        key = each.namespace, each.name
        known = uses.get(key)
        uses[key] = each if known is None else _both(known, each)
    return rest + list(uses.values())


def _both(one: Resource, other: Resource) -> Resource:
    names = {*_decode_names(one.body), *_decode_names(other.body)}
    first = min(one, other, key=lambda use: (use.source, use.document, use.pointer))
    return msgspec.structs.replace(first, body=_encode(sorted(names)[: _SHOWN + 1]))


def derive(kept: Sequence[Resource]) -> Iterator[Resource]:
    """Yield a fact for each account that decides for pods, in the order of namespaces and names.

    ``kept`` are uses, and accounts as :func:`brief` leaves them. Of an account that is declared
    twice the first counts, in the order of sources.
    """
    accounts: dict[tuple[str, str], Resource] = {}
    for each in sorted(kept, key=lambda item: (item.source, item.document)):
        if each.kind == ACCOUNT:
            accounts.setdefault((each.namespace or _DEFAULT, each.name), each)
    uses = [each for each in merged(kept) if each.kind == KIND]
    for each in sorted(uses, key=lambda item: (item.namespace, item.name)):
        yield _fact(each, accounts.get((each.namespace, each.name)))


def _fact(found: Resource, account: Resource | None) -> Resource:
    body: dict[str, object] = {
        "name": found.name,
        "namespace": found.namespace,
        "declared": account is not None,
        "users": _listed(_decode_names(found.body)),
    }
    if account is None:
        stands, elsewhere = _undeclared(found), (*_DERIVED, (f"/{AUTOMOUNT}", None))
    else:
        stands, elsewhere = account, _DERIVED
        body |= msgspec.json.decode(account.body)
    return Resource(
        kind=KIND,
        api_version="v1",
        name=found.name,
        namespace=found.namespace,
        uid=stands.uid,
        source=stands.source,
        document=stands.document,
        line=stands.line,
        body=_encode(body),
        pointer=stands.pointer,
        elsewhere=elsewhere,
        parent=stands,
    )


def _undeclared(found: Resource) -> Resource:
    """An account that nobody declares, at the place of the first pod that uses it."""
    return msgspec.structs.replace(found, kind=ACCOUNT, api_version="v1", uid="", body=b"{}")


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_SHOWN])
    if len(names) > _SHOWN:
        return ", ".join(shown) + " and others"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
