"""The kinds that a rule can apply to.

Kinds of Kubernetes' own API groups have no group in their name, and a misspelt one would never
match anything: they are listed. Others carry their group, ``k8s/RayCluster.ray.io``, and can't be
known.
"""

from __future__ import annotations

import re

from auditor.model.kinds import BUILT_IN, FACTS, PREFIX, kind_name
from auditor.policy.suggest import suggestion

_CUSTOM = re.compile(r"k8s/[A-Z][A-Za-z0-9]*(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?){2,}")
_HINT = "a kind is written k8s/Deployment, one of another API group k8s/RayCluster.ray.io"
KINDS = frozenset(
    (
        "files/DuplicateKey",
        *(f"{PREFIX}{name}" for name in FACTS),
        *(kind_name(groups[0], kind) for kind, groups in BUILT_IN.items()),
    )
)


def unknown_kind(kind: str) -> str | None:
    """None for a kind that there is or may be, else a hint."""
    if kind in KINDS or _CUSTOM.fullmatch(kind):
        return None
    return suggestion(kind, KINDS) or _HINT
