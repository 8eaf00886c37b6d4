"""A key that is there twice is told by its object, wherever in the file or the list that stands."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given

from auditor.engine.kinds import Plans
from auditor.engine.lines import LineWriter
from auditor.engine.lines_about import LinesAbout
from auditor.model.resource import Target
from auditor.platforms import PLATFORMS
from collectors.documents.blocks import Memory
from collectors.documents.reading import FileReading
from collectors.kubernetes.manifests.recogniser import MANIFESTS
from tests.unit.engine.making import active
from tests.unit.runner.faulty_kinds import Item
from tests.unit.runner.faulty_steps import CHANGES, merged, new_in

TARGET = Target("estate", "files")


def _written(items: Sequence[Item], *, listed: bool) -> bytes:
    """Pods that have a key twice, once for each fault: one a document, or all in a list."""
    pods = []
    for item in items:
        twice = "".join(f"      {key}: {n}\n" for key in item.faults for n in (1, 2))
        pods.append(
            f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {item.name}, namespace: a}}\n"
            f"spec:\n  containers:\n  - name: main\n    image: r.io/a:{item.version}\n"
            f"    limits:\n{twice or '      C: 1'}\n"
        )
    if not listed:
        return "---\n".join(pods).encode()
    each = ["- " + pod.rstrip().replace("\n", "\n  ") for pod in pods]
    return "\n".join(("apiVersion: v1\nkind: List\nitems:", *each, "")).encode()


def _keys_twice(items: Sequence[Item], *, listed: bool) -> list[bytes]:
    """The findings of a file of such pods, as a run has them."""
    rule = active("object.same", kinds=["files/DuplicateKey"], message="{object.path}")
    plans = Plans([rule], list_all=False, memo=True)
    writer = LineWriter([rule], PLATFORMS.counting())
    reading = FileReading(
        "estate", "a.yaml", _written(items, listed=listed), (MANIFESTS,), Memory()
    )
    lines: list[bytes] = []
    for found in reading.resources():
        plan = plans.get(found.kind)
        if plan is not None:
            about = LinesAbout(writer, found, TARGET, lambda _: 0, "0" * 64)
            for judgement in plan.judge(found.body):
                lines += about.lines(judgement.outcomes)
    assert not reading.gaps()
    return merged(lines)


@pytest.mark.parametrize("listed", [False, True])
@given(change=CHANGES)
def test_keys_that_are_there_twice(*, listed: bool, change: tuple[list[Item], list[Item]]) -> None:
    """They are told by their object, wherever in the file or the list that stands."""
    before, after = change
    first, second = (_keys_twice(items, listed=listed) for items in (before, after))
    then, now = (
        {(item.name, key) for item in items for key in item.faults} for items in (before, after)
    )
    assert (len(first), len(second)) == (len(then), len(now))
    assert len(new_in(first, second)) == len(now - then)
    assert len(new_in(second, first)) == len(then - now)
