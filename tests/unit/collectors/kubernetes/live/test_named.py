"""What is said of an object that is read by name and could not be."""

from __future__ import annotations

from auditor.model.enums import Answered
from auditor.ports import Reference
from collectors.http.failures import Unanswered
from collectors.kubernetes.live.named import explained

REFUSED = Unanswered(Answered.DENIED, "forbidden", "", 403)


def named(name: str, namespace: str = "gpu") -> Reference:
    return Reference("k8s/ConfigMap", namespace, name, "ClusterPolicy p")


def test_the_command_allows_for_all_that_is_named() -> None:
    """It writes one Role of a namespace: to allow for one alone takes the others away."""
    every = [named("nowhere", ""), named("one"), named("two", "other")]
    found = explained(every[1], REFUSED, every)
    assert found.detail == "ConfigMap one, which ClusterPolicy p names: forbidden"
    assert found.hint == (
        "run auditor permissions k8s --config-map gpu/one --config-map other/two "
        "| kubectl apply -f - to allow for what is named, and no other (--account for yours)"
    )


def test_a_name_that_anybody_wrote_is_no_command() -> None:
    hostile = named("x; rm -rf $HOME #")
    assert "--config-map 'gpu/x; rm -rf $HOME #' |" in explained(hostile, REFUSED, [hostile]).hint


def test_what_is_wrong_otherwise_keeps_its_hint() -> None:
    other = Unanswered(Answered.NOT_FOUND, "not found", "", 404)
    assert explained(named("one"), other, [named("one")]).hint == ""
    hinted = Unanswered(Answered.DENIED, "forbidden", "log in", 401)
    assert explained(named("one"), hinted, [named("one")]).hint == "log in"
