"""Of which platforms there was something, and which rules and frameworks that leaves out."""

from __future__ import annotations

import pytest

from auditor.engine.presence import frameworks_absent, platforms_present, rules_absent
from auditor.platforms import PLATFORMS
from tests.e2e.runs import preparation

ON_DOCKER, ON_CLUSTERS = "docker-container-privileged", "k8s-container-privileged"
OF_BOTH, OF_FILES = "gpu-allocation-bypassed", "k8s-manifest-duplicate-key"


@pytest.mark.parametrize(
    ("uri", "kinds", "names"),
    [
        ("k8s://prod", (), {"kubernetes"}),
        ("docker+ssh://host", ("docker/Container",), {"docker"}),
        ("stack", ("docker/ComposeService", "k8s/Pod", "files/DuplicateKey"), None),
        ("stack", ("gpu/Share", "files/DuplicateKey"), set()),
        ("-", ("k8s/RayCluster.ray.io",), {"kubernetes"}),
    ],
)
def test_platforms(uri: str, kinds: tuple[str, ...], names: set[str] | None) -> None:
    found = platforms_present(uri, kinds, PLATFORMS)
    assert {each.name for each in found} == ({"docker", "kubernetes"} if names is None else names)


@pytest.mark.parametrize(
    ("uri", "absent", "there", "framework"),
    [
        ("k8s://", ON_DOCKER, ON_CLUSTERS, "cis-docker"),
        ("docker://", ON_CLUSTERS, ON_DOCKER, "cis-kubernetes"),
    ],
)
def test_what_is_of_another_platform(uri: str, absent: str, there: str, framework: str) -> None:
    present = platforms_present(uri, (), PLATFORMS)
    ready = preparation().ready
    rules = rules_absent(present, ready.sources)
    assert absent in rules
    assert rules.isdisjoint({there, OF_BOTH, OF_FILES})
    profile = ready.profile
    gone = frameworks_absent(
        present, profile.controls, (each.rule for each in profile.rules), PLATFORMS
    )
    assert framework in gone
    assert gone < profile.frameworks.keys()


def test_nothing_at_all_says_nothing_of_platforms() -> None:
    ready = preparation().ready
    profile = ready.profile
    assert rules_absent(frozenset(), ready.sources) == frozenset()
    assert frameworks_absent(frozenset(), profile.controls, (), PLATFORMS) == frozenset()
