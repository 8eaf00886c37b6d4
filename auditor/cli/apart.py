"""A storage that is asked in a process of its own.

The library that asks has threads, and workers are forked from this process: nothing forks from one
with threads. So each call has a process that ends with it. An interrupt is passed on, and waited
for: an upload that is given up leaves nothing where it was to be. Whatever goes wrong there comes
back as an error, and nothing is printed there: who knows what a library would print.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any, BinaryIO, Final, NoReturn

from auditor.errors import AuditorError, RenderError, UsageError
from auditor.stores import Store

_PATIENCE: Final = 10.0
"""Seconds for giving up: one request, if the storage answers."""
_STOPS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Apart:
    """Implements :class:`auditor.stores.Store` by another one, which is made where it is asked."""

    def __init__(self, make: Callable[[], Store]) -> None:
        self._make = make

    def check(self, uri: str) -> None:
        """As of the other, and at once: nobody is asked."""
        self._make().check(uri)

    def try_writing(self, uri: str, *, replace: bool) -> None:
        """As of the other."""
        self._ask(lambda store: store.try_writing(uri, replace=replace))

    def put(self, file: BinaryIO, uri: str, *, replace: bool) -> None:
        """As of the other."""
        self._ask(lambda store: store.put(file, uri, replace=replace))

    def get(self, uri: str, file: BinaryIO, most: int) -> None:
        """As of the other; what is in the file is seen here, as both have it open."""

        def got(store: Store) -> None:
            store.get(uri, file, most)
            file.flush()

        self._ask(got)

    def matching(self, pattern: str, most: int) -> Sequence[str]:
        """As of the other."""
        found: Sequence[str] = self._ask(lambda store: store.matching(pattern, most))
        return found

    def _ask(self, call: Callable[[Store], Any]) -> Any:
        processes = multiprocessing.get_context("fork")
        ours, theirs = processes.Pipe(duplex=False)
        process = processes.Process(target=_answer, args=(self._make, call, theirs, ours))
        with _held_back():
            process.start()
        theirs.close()
        try:
            answer = ours.recv()
        except EOFError:
            _died()
        finally:
            if process.is_alive():
                process.terminate()
            process.join(_PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()
            ours.close()
        if isinstance(answer, AuditorError):
            raise answer
        return answer


def _died() -> NoReturn:
    raise RenderError(
        "the process that asks the storage ended without an answer", hint="is there memory left?"
    )


class _GivenUpError(BaseException):
    """Somebody wants this process to end: what it does is given up."""


def _answer(
    make: Callable[[], Store], call: Callable[[Store], Any], pipe: Connection, other: Connection
) -> None:
    """Ask the storage, and send what came of it; the other end of the pipe is the parent's."""
    other.close()
    _say_nothing()
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else _give_up)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
    with contextlib.suppress(_GivenUpError, BrokenPipeError):
        try:
            answer = call(make())
        except (UsageError, RenderError) as error:
            answer = type(error)(error.message, hint=error.hint)
        except OSError as error:
            answer = RenderError(error.strerror or "it can't be written", hint="is there room?")
        except _GivenUpError:
            raise
        except BaseException as error:  # noqa: BLE001 - of Rust not all is an Exception
            answer = RenderError(
                f"what asks the storage failed: {type(error).__name__}",
                hint="it is set up by AWS_ENDPOINT_URL, AWS_REGION, the keys and the proxies",
            )
        pipe.send(answer)
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)


def _say_nothing() -> None:
    """Have nothing printed by a library, which does not know what may be shown."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _give_up(number: int, frame: object) -> NoReturn:
    del number, frame
    raise _GivenUpError


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Hold interrupts back while a process is made, which would take them for its own."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
