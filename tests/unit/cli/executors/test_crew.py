"""Workers come and go: none gets more than it can do, and none that nobody has met."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from auditor.cli.executors.crew import Crew, Member
from auditor.errors import CollectionError


class Cluster:
    """Who is there; of those whose name begins with an x nobody fits."""

    def __init__(self, **there: int) -> None:
        self.there: dict[str, int] = there
        self.met: list[str] = []
        self.crew = Crew(lambda: dict(self.there), self.meet, patience=0.2, period=0.0)
        self.crew.look()

    def meet(self, new: Mapping[str, int]) -> list[Member]:
        self.met += sorted(new)
        fitting = (name for name in sorted(new) if not name.startswith("x"))
        return [Member(name, f"{name}{len(self.met)}".encode(), new[name]) for name in fitting]


def test_each_is_met_once() -> None:
    cluster = Cluster(a=2, x=9)
    cluster.crew.look()
    assert (cluster.met, cluster.crew.slots, cluster.crew.addresses) == (["a", "x"], 2, ("a",))
    cluster.there["b"] = 1
    cluster.crew.look()
    assert (cluster.met, cluster.crew.slots) == (["a", "x", "b"], 3)


def test_one_that_is_back_is_another() -> None:
    """Also at the same address: it has another key, and what was sealed for it is lost."""
    cluster = Cluster(a=1)
    with cluster.crew.one() as first:
        assert cluster.crew.has(first)
        del cluster.there["a"]
        assert not cluster.crew.has(first)
        cluster.there["a"] = 1
        assert not cluster.crew.has(first)
    with cluster.crew.one() as second:
        assert (second.address, second.key != first.key) == ("a", True)
    cluster.crew.dismiss(second)
    with cluster.crew.one() as third:
        assert third.key not in (first.key, second.key), "it is met again before it gets anything"


def test_a_second_attempt_is_for_another() -> None:
    cluster = Cluster(a=5, b=1)
    with cluster.crew.one() as first, cluster.crew.one(["a"]) as second:
        assert (first.address, second.address) == ("a", "b")
    del cluster.there["b"]
    cluster.crew.look()
    with cluster.crew.one(["a"]) as third:
        assert third.address == "a", "there is no other"


def test_nobody_is_waited_for_in_vain() -> None:
    cluster = Cluster(x=1)
    with pytest.raises(CollectionError, match="no worker any more"), cluster.crew.one():
        pass


def test_one_that_comes_is_found() -> None:
    cluster = Cluster(x=1)
    cluster.there["b"] = 1
    with cluster.crew.one() as found:
        assert found.address == "b"


def test_none_has_more_than_it_can_do() -> None:
    """All that there is room for are at work at once, and never more."""
    cluster = Cluster(a=2, b=1)
    room, lock = threading.Barrier(3), threading.Lock()
    now: dict[str, int] = {}
    most: dict[str, int] = {}

    def errand(_: int) -> None:
        with cluster.crew.one() as member:
            with lock:
                now[member.address] = now.get(member.address, 0) + 1
                most[member.address] = max(most.get(member.address, 0), now[member.address])
            room.wait(60)
            with lock:
                now[member.address] -= 1
            room.wait(60)

    with ThreadPoolExecutor(9) as pool:
        list(pool.map(errand, range(9)))
    assert most == {"a": 2, "b": 1}
