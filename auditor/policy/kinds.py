"""The kinds that a rule can apply to, by what the platforms say."""

from __future__ import annotations

from auditor.platforms import Platforms
from auditor.policy.suggest import suggestion


def unknown_kind(kind: str, platforms: Platforms) -> str | None:
    """None for a kind that there is or may be, else a hint."""
    if platforms.has(kind):
        return None
    platform = platforms.of_kind(kind)
    near = suggestion(kind, platforms.kinds)
    return near or (platform.writing if platform is not None else _prefixes(platforms))


def _prefixes(platforms: Platforms) -> str:
    return "; ".join(platform.writing for platform in platforms)
