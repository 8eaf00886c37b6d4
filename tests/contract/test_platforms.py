"""Every live target that can be typed is one of a platform: else nothing is wanted of it."""

from __future__ import annotations

from auditor.cli.wiring import SHIPPED
from auditor.platforms import PLATFORMS


def test_schemes_of_collectors_are_those_of_platforms() -> None:
    schemes = {scheme for platform in PLATFORMS for scheme in platform.schemes}
    assert set(SHIPPED.collectors) == set(SHIPPED.readers) == schemes


def test_a_platform_wants_what_rules_name() -> None:
    """A target of each scheme is told apart from files, of which nothing is asked."""
    for scheme in SHIPPED.collectors:
        assert PLATFORMS.of_target(f"{scheme}://x") is not None, scheme
