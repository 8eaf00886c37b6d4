"""Who may say that something is without secrets: a short list, so that it stays one.

Everything else passes through what cleans it: ADR 0020.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VOUCHING = {
    "auditor/evidence/recorded.py": "what was recorded is cleaned once more",
    "auditor/evidence/stored_files.py": "each object of a draft is clean, or cleaned there",
    "collectors/kubernetes/live/normalize.py": "its keeper looks through each object",
}
CLAIMING = {
    "auditor/runner/rounds.py": "there is nothing in it that would be left out",
    "collectors/docker/compose/content.py": "each service is looked through when it is resolved",
    "collectors/docker/compose/inline.py": "each Dockerfile is looked through as it is read",
    "collectors/docker/dockerfile/content.py": "each file is looked through as it is read",
    "collectors/kubernetes/manifests/recogniser.py": "secrets are left out line by line",
}


SAID = ("vouched", "CleanBody", "clean=")


def calls(path: Path) -> Iterator[ast.Call]:
    text = path.read_text()
    tree = ast.parse(text if any(word in text for word in SAID) else "")
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def vouches(call: ast.Call) -> bool:
    function = call.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return name in {"vouched", "CleanBody"}


def claims(call: ast.Call) -> bool:
    """Whether a call says ``clean=True`` of a resource."""
    return any(
        word.arg == "clean" and isinstance(word.value, ast.Constant) and word.value.value is True
        for word in call.keywords
    )


def sources() -> dict[str, list[ast.Call]]:
    return {
        path.relative_to(ROOT).as_posix(): list(calls(path))
        for package in ("auditor", "collectors", "reports")
        for path in (ROOT / package).rglob("*.py")
        if path != ROOT / "auditor/secrets/bodies.py"
    }


def test_few_vouch_for_what_they_hand_over() -> None:
    found = sources()
    assert {name for name, made in found.items() if any(map(vouches, made))} == VOUCHING.keys()
    assert {name for name, made in found.items() if any(map(claims, made))} == CLAIMING.keys()
