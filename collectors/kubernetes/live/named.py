"""What objects name of kinds that are not read as a whole, found while the first round is read.

Each is asked for once, whoever names it, in the namespace that one of them says::

    ClusterPolicy cluster-policy   names plugin-config, and no namespace
    DaemonSet plugin               names gpu-operator/plugin-config         GET …/plugin-config

A name that nobody says a namespace of, and one in a namespace that a scan is not about, can't be
asked for; that is a gap like a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from shlex import quote
from typing import Final

import msgspec

from auditor.model.enums import Answered
from auditor.ports import Reference, References
from collectors.http.failures import Unanswered

_NOWHERE: Final = "kubectl get configmap -A shows where it is; scan its manifest as well"
_LIMITED: Final = "name its namespace too: k8s://CONTEXT?namespace=a,b"


class Names:
    """Learns names; ``references`` says what objects of each kind name.

    ``wanted`` are the kinds that rules rest on.
    """

    def __init__(self, references: References, wanted: AbstractSet[str] = frozenset()) -> None:
        self._references = references
        self._wanted = wanted
        self._found: set[Reference] = set()

    def learn(self, kind: str, items: Iterable[object]) -> None:
        """Find what the objects of a page name."""
        names = self._references.get(kind)
        if names is None:
            return
        for item in items:
            if isinstance(item, msgspec.Raw):
                found = names(bytes(item))
                self._found.update(
                    each for each in found if not each.holds or each.holds in self._wanted
                )

    def of(self, kind: str) -> Iterator[Reference]:
        """Yield what is named of a kind, in the order of namespaces, each once."""
        named = [each for each in self._found if each.kind == kind]
        located = {each.name for each in named if each.namespace}
        once: dict[tuple[str, str], Reference] = {}
        for each in sorted(named):
            if each.namespace or each.name not in located:
                once.setdefault((each.namespace, each.name), each)
        yield from once.values()


def unasked(named: Reference, namespaces: tuple[str, ...]) -> Unanswered | None:
    """Say why an object can't be asked for, in a scan of some namespaces, none for all."""
    if not named.namespace:
        return Unanswered(Answered.NOT_FOUND, "in which namespace is not said", _NOWHERE)
    if namespaces and named.namespace not in namespaces:
        detail = f"the scan is not of namespace {named.namespace}"
        return Unanswered(Answered.NOT_FOUND, detail, _LIMITED)
    return None


def explained(named: Reference, error: Unanswered, every: Iterable[Reference]) -> Unanswered:
    """Say of a failure what it was about, and the command that allows for all that is named.

    ``every`` are all that are named of the kind: to allow for one alone takes the others away.
    """
    kind = named.kind.partition("/")[2]
    detail = f"{kind} {named.name}, which {named.by} names: {error.detail}"
    hint = error.hint
    if error.answered is Answered.DENIED and not hint:
        asked = (quote(f"{each.namespace}/{each.name}") for each in every if each.namespace)
        options = " ".join(f"--config-map {each}" for each in asked)
        command = f"auditor permissions k8s {options} | kubectl apply -f -"
        hint = f"run {command} to allow for what is named, and no other (--account for yours)"
    return Unanswered(error.answered, detail, hint, error.code)
