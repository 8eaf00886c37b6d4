"""Variables whose names say that they are secrets, kept out of every text that they are put into.

``command: run ${DB_PASSWORD}`` would not look like a secret once the value is in.
"""

from __future__ import annotations

from auditor.secrets.redact import redact_field


def hidden(name: str, value: str) -> str:
    """Make the value of a variable without what is secret in it."""
    found = redact_field(name, value)
    return found if isinstance(found, str) else value
