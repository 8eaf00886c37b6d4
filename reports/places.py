"""Where a finding stands for tools that only know files: a path below the root of a repository.

A file is where it was named: of ``auditor scan deploy/`` the file ``web.yaml`` is
``deploy/web.yaml``. What was asked of a cluster or a host stands in no file, and these tools show
nothing that has no place: it gets a path that stands in, by which they group what belongs together.

========================= ================== =========================
target                    read in            path
========================= ================== =========================
``deploy/``               ``web.yaml``       ``deploy/web.yaml``
``deploy/web.yaml``       ``web.yaml``       ``deploy/web.yaml``
``-``                     ``-``              ``standard-input``
``k8s://prod``            ``GET /api/...``   ``k8s/prod/ml/Pod/web``
========================= ================== =========================

A name that stands in is no address: ``..`` and separators in it are replaced.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from auditor.model.resource import STDIN, Gap
from auditor.model.results_finding import Finding, ResourceRef
from reports.once import once

STANDARD_INPUT: Final = "standard-input"
_UP: Final = frozenset({"", ".", ".."})


def is_asked(target: str) -> bool:
    """Whether a target is asked, and holds no files."""
    return "://" in target


@once
def place_of(finding: Finding) -> str:
    """The path of what a finding is about."""
    return path_of(finding.resource)


def path_of(resource: ResourceRef, file: str = "") -> str:
    """The path of a resource, or of another ``file`` that a value of it was read in."""
    if is_asked(resource.target):
        kind = resource.kind.rpartition("/")[2]
        return stand_in(resource.target, (resource.namespace, kind, resource.name))
    return _in_target(resource.target, file or resource.file)


def path_of_gap(gap: Gap) -> str:
    """The path of what was not read: the file, or what stands in for it."""
    if is_asked(gap.target):
        scope = "" if gap.scope == gap.target else gap.scope.rpartition("/")[2]
        return stand_in(gap.target, (gap.namespace, scope))
    return _in_target(gap.target, "" if gap.scope == gap.target else gap.scope)


def path_of_target(target: str) -> str:
    """The path of all of a target."""
    return stand_in(target) if is_asked(target) else _in_target(target, "")


def stand_in(target: str, names: Iterable[str] = ()) -> str:
    """A path for what stands in no file: of ``k8s://prod`` it is ``k8s/prod``, and names follow."""
    scheme, _, rest = target.partition("://")
    parts = [scheme, *rest.split("/"), *names]
    return "/".join(part.replace("/", "_") for part in parts if part not in _UP)


def uri_of(path: str) -> str:
    """A path as a URI reference (RFC 3986): percent-encoded, ``file://`` before one from the root.

    A colon is encoded as well: before the first slash it would end a scheme.
    """
    encoded = quote(path.encode("utf-8", "backslashreplace"), safe="/-._~")
    return f"file://{encoded}" if encoded.startswith("/") else encoded


def _in_target(target: str, file: str) -> str:
    if target == STDIN:
        return STANDARD_INPUT if file in {"", STDIN} else f"{STANDARD_INPUT}/{file}"
    root = posixpath.normpath(target)
    if not file or posixpath.basename(root) == file:  # a file that was named itself
        return _normal(root)
    return _normal(posixpath.join(root, file.lstrip("/")))


def _normal(path: str) -> str:
    found = posixpath.normpath(path)
    return "/" + found.lstrip("/") if found.startswith("//") else found
