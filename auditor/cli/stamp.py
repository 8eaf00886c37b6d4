"""What tells one run from another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from auditor.config import Config
from auditor.runner.settings import Stamp
from auditor.version import VERSION


def stamp_of(targets: Sequence[str], config: Config) -> Stamp:
    """Time and run id; SOURCE_DATE_EPOCH stands in for the clock when it is set."""
    clock = _clock(config)
    started = clock()
    return Stamp(VERSION, run_id(started, targets), started, clock)


def run_id(started: str, targets: Sequence[str]) -> str:
    """The id of a run over targets as they were typed."""
    seed = "\0".join((VERSION, started, *targets)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(seed).hexdigest()[:32]


def _clock(config: Config) -> Callable[[], str]:
    epoch = config.epoch

    def now() -> str:
        moment = datetime.now(UTC) if epoch is None else datetime.fromtimestamp(epoch, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    return now
