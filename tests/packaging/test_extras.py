"""What extras bring along: they go together, in one environment."""

from __future__ import annotations

import importlib.metadata
import tomllib
from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.wheel import ROOT

APART = frozenset({"botocore", "boto3", "aiobotocore"})
"""They can't be installed beside the client of Kubernetes: findings/README.md."""


def brought(wanted: Iterable[str]) -> set[str]:
    """The names of all that is installed for some requirements, those of its own as well."""
    found: set[str] = set()
    left = [Requirement(each) for each in wanted]
    while left:
        each = left.pop()
        name = canonicalize_name(each.name)
        if name in found or (each.marker is not None and not each.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        left += map(Requirement, importlib.metadata.requires(name) or ())
    return found


def test_no_extra_stands_on_what_the_client_of_kubernetes_excludes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    found = brought([*project["dependencies"], *(one for all_ in extras.values() for one in all_)])
    assert {"kubernetes", "obstore", "distributed"} <= found
    assert found & APART == set()
