"""The cache of a run, if it can be trusted; else the run goes on without, and says so once."""

from __future__ import annotations

import sys
from typing import Final

from auditor.config import Config
from auditor.errors import CacheError
from auditor.policy.cachefile import CacheFolder
from reports.text import safe

POLICY: Final = "policy"
RESULTS: Final = "results"


def cache_of(config: Config) -> CacheFolder | None:
    """Our folder of caches; None when there is none, or when others could write into it."""
    if config.cache is None:
        return None
    folder = CacheFolder(config.cache.parent, (config.cache.name,))
    try:
        folder.below(POLICY).refuse_foreign()
        folder.below(RESULTS).refuse_foreign()
    except CacheError as error:
        sys.stderr.write(safe(f"no cache for this run: {error.message}") + "\n")
        sys.stderr.write(safe(f"hint: {error.hint}") + "\n")
        return None
    return folder
