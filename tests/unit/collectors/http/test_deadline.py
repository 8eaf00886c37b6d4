"""Deadlines of requests: one thread for all of a session, and each comes in its own time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from collectors.http.deadline import Watch

LONG = 600.0


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        other.settimeout(30)
        yield one, other


def test_a_request_that_hangs_is_ended(line: tuple[socket.socket, socket.socket]) -> None:
    watch = Watch()
    one, other = line
    with watch.over(0.05) as deadline:
        watch.hold(one)
        assert other.recv(1) == b""
    assert deadline.passed


def test_a_socket_that_comes_too_late_is_ended(line: tuple[socket.socket, socket.socket]) -> None:
    watch = Watch()
    first, other = line
    with watch.over(0.05) as deadline:
        watch.hold(first)
        assert other.recv(1) == b""
        again, rest = socket.socketpair()
        with again, rest:
            watch.hold(again)
            assert rest.recv(1) == b""
    assert deadline.passed


def test_a_short_deadline_does_not_wait_for_a_long_one(
    line: tuple[socket.socket, socket.socket],
) -> None:
    watch = Watch()
    one, other = line
    with watch.over(LONG) as later, watch.over(0.05) as sooner:
        watch.hold(one)
        assert other.recv(1) == b""
    assert (sooner.passed, later.passed) == (True, False)


def test_the_socket_of_a_request_that_is_done_is_left_alone(
    line: tuple[socket.socket, socket.socket],
) -> None:
    """It may be that of the next request: connections are used again."""
    watch = Watch()
    one, other = line
    with watch.over(0.05) as done:
        watch.hold(one)
    hung, end = socket.socketpair()
    with hung, end, watch.over(0.1):
        watch.hold(hung)
        assert end.recv(1) == b""  # whose end is after that of the first
    one.sendall(b"x")
    assert other.recv(1) == b"x"
    assert not done.passed


def test_many_requests_have_one_thread() -> None:
    watch = Watch()
    before = set(threading.enumerate())
    for _ in range(50):
        with watch.over(LONG):
            pass
    assert len(set(threading.enumerate()) - before) == 1


def test_the_thread_ends_when_nothing_is_waited_for() -> None:
    watch = Watch()
    before = set(threading.enumerate())
    with watch.over(0.01):
        pass
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
        assert not thread.is_alive()
    with watch.over(LONG) as deadline:
        (again,) = set(threading.enumerate()) - before
        assert again.daemon
    assert not deadline.passed
