"""Looks for secrets in all that a run has left."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from auditor.policy import policies_folder
from auditor.secrets.forms import forms


def leaking(secrets: Iterable[str], contents: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Each secret that stands somewhere in any form, and where; contents have names.

    All is looked through as one text, which is much faster for hundreds of small files. Most of a
    bundle is our policies as they are shipped: what was there before the run holds nothing of it.
    """
    named = [(name, content) for name, content in contents if content not in _shipped()]
    everything = b"\0".join(content for _, content in named)
    return [
        (secret, name)
        for secret in secrets
        for form in forms(secret)
        if form in everything
        for name, content in named
        if form in content
    ]


@functools.cache
def _shipped() -> frozenset[bytes]:
    return frozenset(path.read_bytes() for path in policies_folder().rglob("*.yaml"))
