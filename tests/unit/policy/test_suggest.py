"""What was probably meant by a name."""

from __future__ import annotations

import pytest

from auditor.policy.suggest import suggestion

NAMES = ("cis-docker", "cis-kubernetes", "pci-dss", "high")
CASES = {
    "near to one": ("hgh", NAMES, "did you mean 'high'?"),
    "what some begin with": ("cis", NAMES, "did you mean 'cis-docker' or 'cis-kubernetes'?"),
    "what one begins with": ("pci", NAMES, "did you mean 'pci-dss'?"),
    "near to none of few": ("zzz", ("b", "a"), "one of: a, b"),
    "near to none of many": ("zzz", tuple(f"n{each}" for each in range(99)), ""),
    "what many begin with": ("a", tuple(f"a-{each}" for each in range(99)), ""),
    "nothing": ("", ("-a", "-b"), "one of: -a, -b"),
    "none known": ("a", (), ""),
}


@pytest.mark.parametrize(("name", "known", "said"), CASES.values(), ids=CASES)
def test_what_was_meant(name: str, known: tuple[str, ...], said: str) -> None:
    assert suggestion(name, known) == said
