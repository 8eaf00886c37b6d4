"""How long we wait: for a connection, an answer, and a whole target."""

from __future__ import annotations

import threading
from typing import Final

import msgspec

from auditor.model.enums import Answered
from collectors.http.failures import Unanswered

_BUSY: Final = 429


class Patience(msgspec.Struct, frozen=True):
    """Seconds, bytes and pages. ``total`` is for one request with all its repetitions.

    ``target`` is for all requests to one target: the time in which we wait for its answers, not
    that in which we work on them. ``silent`` is how many requests in a row may be without any.
    """

    connect: float = 10.0
    read: float = 60.0
    total: float = 300.0
    target: float = 900.0
    silent: int = 3
    longest_wait: float = 30.0
    attempts: int = 6
    size: int = 64 << 20
    pages: int = 20_000


class Budget:
    """What is left of our patience with one target, which is a ``noun`` to its users.

    Threads may ask at the same time; what each waits is counted.
    """

    def __init__(self, patience: Patience, noun: str) -> None:
        self._patience = patience
        self._noun = noun
        self._spent = 0.0
        self._silent: list[Unanswered] = []
        self._lock = threading.Lock()

    def left(self) -> float:
        """Return the seconds that the next request may take.

        Raises:
            Unanswered: none; nothing is asked any more.
        """
        patience = self._patience
        with self._lock:
            silent, spent = list(self._silent), self._spent
        if len(silent) >= patience.silent:
            last = silent[-1]
            raise Unanswered(
                last.answered,
                f"not asked: {patience.silent} requests in a row had no answer, the last for "
                f"{last.detail}",
                "scan again when the server answers",
            )
        left = patience.target - spent
        if left <= 0:
            raise Unanswered(
                Answered.TIMEOUT,
                f"not asked: we have waited {patience.target:g} s for this {self._noun}",
                "--timeout SECONDS waits longer",
            )
        return min(patience.total, left)

    def note(self, seconds: float, error: Unanswered | None) -> None:
        """Count a request. A server that answers with an error of its own is not silent."""
        silent = (
            error is not None
            and error.answered in {Answered.UNREACHABLE, Answered.TIMEOUT}
            and error.code in {0, _BUSY}
        )
        with self._lock:
            self._spent += seconds
            if silent and error is not None:
                self._silent.append(error)
            else:
                self._silent.clear()
