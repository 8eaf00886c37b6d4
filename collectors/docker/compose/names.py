"""What compose files are called."""

from __future__ import annotations

import re
from typing import Final

from auditor.late import late

MAIN: Final = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""What a project's file is called, the first one that is there."""
OVERRIDES: Final = (
    *("compose.override.yml", "compose.override.yaml"),
    *("docker-compose.override.yml", "docker-compose.override.yaml"),
)
NAMED: Final = late(r"(?:docker-)?compose(?:[.\-_].*)?\.ya?ml", re.IGNORECASE)
"""How the name of any of them looks."""
