"""What belongs to which platform."""

from __future__ import annotations

import re

import pytest

from auditor.platforms import PLATFORMS, Platform, Platforms
from auditor.policy.kinds import unknown_kind

TOY = Platform(
    name="toy",
    schemes=("toy", "toy+ssh"),
    prefix="toy/",
    kinds=frozenset({"toy/Box", "toy/Shelf"}),
    facts=frozenset({"toy/Shelf"}),
    writing="a kind is written toy/Box",
    open_kinds=re.compile(r"toy/[A-Z][a-z]+\.other"),
)
TWO = Platforms((*PLATFORMS, TOY))


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("k8s://prod", "kubernetes"),
        ("k8s+incluster://", "kubernetes"),
        ("toy+ssh://host", "toy"),
        ("manifests/", None),
        ("-", None),
        ("k8s", None),
        ("unheard://of", None),
    ],
)
def test_target_belongs_to_the_platform_of_its_scheme(uri: str, name: str | None) -> None:
    found = TWO.of_target(uri)
    assert (found.name if found is not None else None) == name


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("toy/Box", None),
        ("toy/Lid.other", None),
        ("k8s/Deployment", None),
        ("k8s/RayCluster.ray.io", None),
        ("toy/Bix", "did you mean 'toy/Box'?"),
        ("toy/qqqqqqqqqqqq", TOY.writing),
        ("Zzzzzzzz!", "; ".join(platform.writing for platform in TWO)),
    ],
)
def test_kind_belongs_to_the_platform_of_its_prefix(kind: str, hint: str | None) -> None:
    assert unknown_kind(kind, TWO) == hint
    assert TWO.has(kind) == (hint is None)


def test_facts_of_all_platforms() -> None:
    assert TWO.facts - PLATFORMS.facts == {"toy/Shelf"}
    assert "toy/Box" in TWO.kinds
    assert PLATFORMS.facts < PLATFORMS.kinds


def test_no_two_platforms_share_a_name_a_scheme_or_a_prefix() -> None:
    names = [platform.name for platform in PLATFORMS]
    schemes = [scheme for platform in PLATFORMS for scheme in platform.schemes]
    assert len(set(names)) == len(names)
    assert len(set(schemes)) == len(schemes)
    for one in PLATFORMS:
        others = [other for other in PLATFORMS if other is not one]
        assert not any(one.prefix.startswith(other.prefix) for other in others)
        assert all(kind.startswith(one.prefix) for kind in one.kinds)
        assert one.facts <= one.kinds
