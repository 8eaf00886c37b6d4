"""Processes that are forked from this one, end with it, and leave being stopped to it."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final

_CAN_HOLD_BACK: Final = hasattr(signal, "pthread_sigmask")
_STOPS: Final = (
    signal.SIGINT,
    signal.SIGTERM,
    *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()),
)


def begin(
    serve: Callable[..., None], arguments: Iterable[Any], others: Iterable[Connection]
) -> tuple[BaseProcess, Connection]:
    """Fork a process that calls ``serve`` with some arguments and its end of a pipe.

    Returned with our end. ``others`` are our ends of the pipes of others: one that stays open there
    would hide our death from its process.

    Raises:
        OSError: the system has no more processes, or pipes.
    """
    forking = multiprocessing.get_context("fork")
    ours, theirs = forking.Pipe()
    inherited = (ours, *others)
    process = forking.Process(
        target=_obeying, args=(serve, (*arguments, theirs), inherited), daemon=True
    )
    try:
        with _held_back():
            process.start()
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    return process, ours


def _obeying(
    serve: Callable[..., None], arguments: Iterable[Any], inherited: Iterable[Connection]
) -> None:
    """Serve, and leave Ctrl-C and the like to the parent, which ends this process itself."""
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if _CAN_HOLD_BACK:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
    for end in inherited:
        end.close()
    serve(*arguments)


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Hold Ctrl-C back while a process is made, which would take it for its own until it knows."""
    if not _CAN_HOLD_BACK:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
