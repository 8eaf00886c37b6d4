"""Whoever is interrupted has no worker left that writes into a folder which is about to go."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from tests.e2e.runs import Run, collector_of

pytestmark = pytest.mark.process

SHARDS = 40


class _Interrupting(list[tuple[str, int, int]]):
    """Takes events down until the first shard is done, when somebody presses Ctrl-C."""

    def append(self, event: tuple[str, int, int]) -> None:
        super().append(event)
        if event[1]:
            raise KeyboardInterrupt


def test_no_worker_is_left(tmp_path: Path) -> None:
    for number in range(SHARDS):
        text = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: n{number}}}\n"
        (tmp_path / f"{number}.yaml").write_text(text)
    (tmp_path / "spool").mkdir()
    run = Run(workers=3, shard_weight=1, seen=_Interrupting())
    with pytest.raises(KeyboardInterrupt) as told:
        run.report(collector_of(tmp_path), spool=tmp_path / "spool")
    assert multiprocessing.active_children() == [], "while the error is still looked at"
    assert told.value.__traceback__ is not None
    assert run.seen[-1][2] > 1, "there was more to do"
