"""What an API server calls things, for commands that write or read its rules."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.exports.admission import ApiResource


def api_resource_of(kind: str) -> ApiResource | None:
    """What the API server calls a kind, None for what it does not have."""
    from collectors.kubernetes.resources import named

    found = named(kind) if kind.startswith("k8s/") else None
    return None if found is None else ApiResource(found.group, (found.resource,))


def api_resources() -> Mapping[str, tuple[str, bool]]:
    """The resources of Kubernetes itself: the group of each, and whether namespaces have it."""
    from collectors.kubernetes.resources import BUILT_IN

    return {each.resource: (each.group, each.namespaced) for each in BUILT_IN.values()}
