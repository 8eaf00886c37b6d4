"""The end of a request, whatever the server does: its socket is shut down then.

A time-out of a socket begins anew with every byte. So a thread waits beside the requests, also
while a head or a proxy's answer drips in. It is one for all requests of a session::

    0.00 s   request 1, 60 s    the thread begins, and sleeps until 60.00
    0.01 s   request 1 is done
    0.01 s   request 2, 60 s    nothing wakes it: 60.01 is later
    0.02 s   request 3, 5 s     it is woken, and sleeps until 5.02
    5.02 s   request 3 hangs    its socket is shut down; the thread sleeps until 60.01
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any


class Deadline:
    """One request's end, after so many ``seconds``; ``passed`` says that it has come."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.passed = False
        self.done = False
        self._lock = threading.Lock()
        self._socket: Any = None

    def hold(self, connected: Any) -> None:
        """Name the socket that the request uses now."""
        with self._lock:
            self._socket = connected
            if self.passed:
                self._shut()

    def come(self) -> None:
        """End the request, unless it is done."""
        with self._lock:
            if not self.done:
                self.passed = True
                self._shut()

    def finish(self) -> None:
        """Say that the request is done; from now on its socket is another's."""
        with self._lock:
            self.done = True
            self._socket = None

    def _shut(self) -> None:
        # below TLS: what reads there sees an end, and no half-closed session
        below = getattr(self._socket, "socket", self._socket)
        if isinstance(below, socket.socket):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(below, socket.SHUT_RDWR)


class Watch:
    """The deadlines of the requests of a session, and the thread that waits for them."""

    def __init__(self) -> None:
        self._here = threading.local()
        self._changed = threading.Condition()
        self._order = itertools.count()
        self._ends: list[tuple[float, int, Deadline]] = []
        self._wakes: float | None = None
        """When the thread looks again; None where there is none."""

    @contextlib.contextmanager
    def over(self, seconds: float) -> Iterator[Deadline]:
        """A deadline for the request that this thread sends in the context."""
        deadline = Deadline(seconds)
        self._expect(deadline)
        self._here.deadline = deadline
        try:
            yield deadline
        finally:
            self._here.deadline = None
            deadline.finish()

    def hold(self, connected: Any) -> None:
        """Name the socket that this thread's request uses now, if there is a request."""
        deadline = getattr(self._here, "deadline", None)
        if deadline is not None and connected is not None:
            deadline.hold(connected)

    def _expect(self, deadline: Deadline) -> None:
        end = time.monotonic() + deadline.seconds
        with self._changed:
            while self._ends and self._ends[0][2].done:
                heapq.heappop(self._ends)
            heapq.heappush(self._ends, (end, next(self._order), deadline))
            if self._wakes is None:
                self._wakes = end
                threading.Thread(target=self._wait, daemon=True).start()
            elif end < self._wakes:
                self._wakes = end
                self._changed.notify()

    def _wait(self) -> None:
        """Let deadlines come, until there are none any more."""
        with self._changed:
            while True:
                now = time.monotonic()
                while self._ends and (self._ends[0][2].done or self._ends[0][0] <= now):
                    heapq.heappop(self._ends)[2].come()
                if not self._ends:
                    self._wakes = None
                    return
                self._wakes = self._ends[0][0]
                self._changed.wait(self._wakes - now)
