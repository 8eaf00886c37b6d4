"""Engines that are restarted, or end, while they are read."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.engines import INFO, LIST, collector, healthy, names, on, one, read, told
from tests.faults.server import Asked, Handler, Reply, Server, json_reply, serving

MOMENTS = {"the engine": "/v1.41/info", "the list": LIST, "a container": one("aa")}


class Restarted:
    """An engine that ends at the first request for a path; ``after`` is what comes in its place."""

    def __init__(self, stack: ExitStack, path: Path, at: str, after: Handler | None) -> None:
        self._stack, self._path, self._at, self._after = stack, path, at, after
        self._first: Server | None = stack.enter_context(serving(self._answer, path=path))

    def _answer(self, asked: Asked) -> Reply:
        first = self._first
        if asked.path == self._at and first is not None:
            self._first = None
            first.close()
            self._path.unlink()
            if self._after is not None:
                self._stack.enter_context(serving(self._after, path=self._path))
            return Reply(raw=b"", then="reset")
        return healthy(asked)


@pytest.mark.parametrize("at", MOMENTS.values(), ids=MOMENTS.keys())
def test_a_restart_is_waited_for(tmp_path: Path, at: str) -> None:
    """What was cut is asked again, and nothing is missed."""
    with ExitStack() as stack:
        path = tmp_path / "d.sock"
        Restarted(stack, path, at, healthy)
        answers = read(collector(f"docker+unix://{path}"), tmp_path)
    assert names(told(answers)[0]) == ["aa", "bb"]
    assert answers.entry.gaps == ()


def test_an_engine_that_comes_back_as_another_version(tmp_path: Path) -> None:
    """Some answers are of the old one and some of the new: nothing may be said to pass."""
    new = json_reply({**INFO, "ServerVersion": "29.0.0"})
    with ExitStack() as stack:
        path = tmp_path / "d.sock"
        Restarted(stack, path, one("aa"), on("/v1.41/info", new))
        answers = read(collector(f"docker+unix://{path}"), tmp_path)
    assert [(gap.everything, gap.hint) for gap in answers.entry.gaps] == [(True, "scan again")]
    assert "changed meanwhile" in answers.entry.gaps[0].detail


def test_an_engine_that_does_not_come_back(tmp_path: Path) -> None:
    """What was not read is a gap each, and that it is not known whose answers these were."""
    with ExitStack() as stack:
        path = tmp_path / "d.sock"
        Restarted(stack, path, one("bb"), None)
        answers = read(collector(f"docker+unix://{path}"), tmp_path)
    assert names(told(answers)[0]) == ["aa"]
    scopes = {gap.scope: gap.detail for gap in answers.entry.gaps if not gap.everything}
    assert scopes.keys() == {"docker/Container", "docker/Info"}
    assert all(f"no connection: {path}: No such file" in each for each in scopes.values())
    (whole,) = (gap for gap in answers.entry.gaps if gap.everything)
    assert "did not say which one it is at the end" in whole.detail
