"""Looks for secrets in all that a run has left."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.secrets.forms import forms


def leaking(secrets: Iterable[str], contents: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Each secret that stands somewhere in any form, and where; contents have names.

    All is looked through as one text, which is much faster for hundreds of small files.
    """
    named = list(contents)
    everything = b"\0".join(content for _, content in named)
    return [
        (secret, name)
        for secret in secrets
        for form in forms(secret)
        if form in everything
        for name, content in named
        if form in content
    ]
