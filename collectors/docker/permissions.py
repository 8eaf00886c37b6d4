"""What a proxy before an engine's socket has to let through, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from auditor.errors import UsageError
from auditor.platforms.docker import HOST, INFO, VERSION
from auditor.ports import RolePlan
from collectors.docker.host.shapes import looked_at
from collectors.docker.live.allowlist import PATHS, Path
from collectors.docker.live.reads import OF_MANAGERS

_ALWAYS: Final = frozenset({INFO, VERSION})
"""Which engine it is, and what it speaks: asked first, whatever the rules are."""
_MOST: Final = 3


def role(plan: RolePlan) -> Iterator[str]:
    """Lines of a list of paths, as regular expressions, each with the rules that need it.

    Raises:
        UsageError: an engine has no namespaces.
    """
    if plan.namespaces:
        raise UsageError("a Docker host has no namespaces", hint="auditor permissions docker")
    yield f"# What the rules of the profile {plan.profile} ask of an engine: GET, of these paths."
    yield "#"
    yield "# Who may use the socket itself is root on the host: the Engine API knows no users and"
    yield "# no rights. So give it to a proxy that lets nothing else through, and that proxy's"
    yield "# socket to auditor: auditor scan docker+unix:///run/proxy.sock"
    for path in PATHS:
        kind = path.kind
        if kind in plan.reasons or kind in _ALWAYS:
            yield ""
            yield from _why(kind, plan.reasons.get(kind, ()))
            yield f"GET ^{_expression(path)}$"
    wanted = sorted(HOST & plan.reasons.keys())
    if wanted:
        yield ""
        yield "# What is looked at on the host, where it is reached by its socket or by SSH: owner,"
        yield "# mode and type of each path (PATH/** is all below it). --no-host leaves it out."
        for kind in wanted:
            yield ""
            yield from _why(kind, plan.reasons[kind])
            yield from (f"#   {path}" for path in looked_at(kind))


def _why(kind: str, rules: tuple[str, ...]) -> Iterator[str]:
    if kind in _ALWAYS:
        yield f"# {kind}: which engine this is, and which version of the API it speaks"
    if kind in OF_MANAGERS:
        yield f"# {kind}: only asked of a manager of a swarm"
    if rules:
        more = f" and {len(rules) - _MOST} more" if len(rules) > _MOST else ""
        yield f"# {kind}: {', '.join(rules[:_MOST])}{more}"


def _expression(path: Path) -> str:
    """The path with the parameters that are sent, as most proxies match it."""
    query = "".join(rf"(\?{re.escape(name)}={value})?" for name, value in path.query.items())
    return path.pattern.pattern.replace(r"\-", "-") + query
