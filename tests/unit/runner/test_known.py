"""A baseline is one of the same targets, by the same profile."""

from __future__ import annotations

import pytest

from auditor.errors import UsageError
from auditor.model.resource import Target
from auditor.runner.known import refuse_another
from auditor.runner.settings import Known

Pairs = tuple[tuple[str, str], ...]
FILES, LOST = "files", "unreachable"
SAME: dict[str, tuple[Pairs, Pairs]] = {
    "a folder": ((("tree", FILES),), (("tree", FILES),)),
    "a folder, written otherwise": ((("./tree/", FILES),), (("tree", FILES),)),
    "in another order": ((("a", FILES), ("-", FILES)), (("-", FILES), ("a", FILES))),
    "a cluster": ((("k8s://a", "1"),), (("k8s://a", "1"),)),
    "a cluster under another name": ((("k8s://a", "1"),), (("k8s://b", "1"),)),
    "a cluster that says nothing now": ((("k8s://a", "1"),), (("k8s://a", LOST),)),
    "a cluster that said nothing then": ((("k8s://a", LOST),), (("k8s://a", "1"),)),
}
OTHER: dict[str, tuple[Pairs, Pairs, str]] = {
    "another folder": (
        (("a", FILES),), (("b", FILES),), "it has a, this run has not; this run has b, it has not",
    ),
    "one more": ((("a", FILES),), (("a", FILES), ("b", FILES)), "this run has b"),
    "one less": ((("a", FILES), ("b", FILES)), (("a", FILES),), "it has b"),
    "another cluster of that name": ((("k8s://a", "1"),), (("k8s://a", "2"),), "this run has 2"),
    "a folder for a cluster": ((("k8s://a", "1"),), (("1", FILES), ("k8s://a", "2")), "has 2"),
    "nothing is known of it": ((), (("a", FILES),), "this run has a"),
}  # fmt: skip


def check(then: Pairs, today: Pairs, profile: str = "ours") -> None:
    known = Known("a run", "sha256:0", {}, then, "ours")
    refuse_another(known, [Target(*each) for each in today], profile)


@pytest.mark.parametrize(("then", "today"), SAME.values(), ids=SAME.keys())
def test_the_same_targets(then: Pairs, today: Pairs) -> None:
    check(then, today)


@pytest.mark.parametrize(("then", "today", "says"), OTHER.values(), ids=OTHER.keys())
def test_other_targets(then: Pairs, today: Pairs, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(then, today)
    assert "the baseline is one of other targets: " in caught.value.message
    assert says in caught.value.message
    assert "--baseline-any" in caught.value.hint


def test_another_profile() -> None:
    with pytest.raises(UsageError) as caught:
        check((), (), "theirs")
    assert caught.value.message == "the baseline was judged by ours, this run is by theirs"
