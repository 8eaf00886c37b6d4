"""What holds of every value that is looked through for secrets, whatever it is made of."""

from __future__ import annotations

import json
from typing import Any

from auditor.secrets.hints import may_hold_secret
from auditor.secrets.redact import redact


def check_hints(value: Any, separators: tuple[str, str], *, ascii_only: bool) -> None:
    """Where something is hidden the quick look said so, and what is hidden stays so."""
    raw = json.dumps(value, ensure_ascii=ascii_only, separators=separators).encode()
    hidden = redact(value)
    if hidden != value:
        assert may_hold_secret(raw), raw
    assert redact(hidden) == hidden
