"""The end of a request, whatever the server does: its socket is shut down then.

A time-out of a socket begins anew with every byte. So a timer waits beside the request, also while
a head or a proxy's answer drips in; it costs one thread a request, and nothing an item.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any


class Deadline:
    """One request's end, after so many ``seconds``; ``passed`` says that it has come."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.passed = False
        self._lock = threading.Lock()
        self._socket: Any = None

    def hold(self, connected: Any) -> None:
        """Name the socket that the request uses now."""
        with self._lock:
            self._socket = connected
            if self.passed:
                self._shut()

    def come(self) -> None:
        """End the request."""
        with self._lock:
            self.passed = True
            self._shut()

    def _shut(self) -> None:
        # below TLS: what reads there sees an end, and no half-closed session
        below = getattr(self._socket, "socket", self._socket)
        if isinstance(below, socket.socket):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(below, socket.SHUT_RDWR)


class Watch:
    """The deadlines of the requests of a session, one in a thread."""

    def __init__(self) -> None:
        self._here = threading.local()

    @contextlib.contextmanager
    def over(self, seconds: float) -> Iterator[Deadline]:
        """A deadline for the request that this thread sends in the context."""
        deadline = Deadline(seconds)
        timer = threading.Timer(seconds, deadline.come)
        timer.daemon = True
        timer.start()
        self._here.deadline = deadline
        try:
            yield deadline
        finally:
            self._here.deadline = None
            timer.cancel()

    def hold(self, connected: Any) -> None:
        """Name the socket that this thread's request uses now, if there is a request."""
        deadline = getattr(self._here, "deadline", None)
        if deadline is not None and connected is not None:
            deadline.hold(connected)
