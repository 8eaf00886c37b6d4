"""Where built and unpacked engines are kept, outside the checkout, and who may be at it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class EngineUnavailableError(Exception):
    """An engine could not be built or started here; the message says why."""


def cache_root(environment: Mapping[str, str]) -> Path:
    """The folder of all of them."""
    named = environment.get("AUDITOR_ENGINE_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "auditor-engines"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until nobody else is at it."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
