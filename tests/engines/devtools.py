"""The DevTools protocol over two pipes: JSON, each message ended by a zero byte.

https://chromedevtools.github.io/devtools-protocol/. A browser that is started with
``--remote-debugging-pipe`` reads from its file 3 and writes to its file 4: no port is open, and no
library between.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import IO, Any

Event = dict[str, Any]


class Devtools:
    """Sends commands to a browser, and keeps the events that come between the answers."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to: IO[bytes] = process.stdin
        self._from = _messages(process.stdout)
        self._number = 0
        self.events: list[Event] = []

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Send a command, and wait for what the browser answers.

        Raises:
            RuntimeError: it refuses, or it has ended.
        """
        self._number += 1
        message: Event = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        number = self._number
        answer = self._until(lambda each: each.get("id") == number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        found: dict[str, Any] = answer["result"]
        return found

    def wait(self, method: str, session: str) -> Event:
        """Wait for an event of a page that has not been seen yet, and take it."""

        def right(each: Event) -> bool:
            return each.get("method") == method and each.get("sessionId") == session

        for each in self.events:
            if right(each):
                self.events.remove(each)
                return each
        return self._until(right)

    def _until(self, right: Callable[[Event], bool]) -> Event:
        for message in self._from:
            if right(message):
                return message
            self.events.append(message)
        raise RuntimeError("the browser has ended")


def _messages(pipe: IO[bytes]) -> Iterator[Event]:
    left = b""
    while piece := pipe.read1(1 << 16):  # type: ignore[attr-defined]  # it is a BufferedReader
        *whole, left = (left + piece).split(b"\0")
        yield from map(json.loads, whole)
