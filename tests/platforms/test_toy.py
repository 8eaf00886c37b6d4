"""What only a platform of tests can show: facts over two targets, and one that forgets to ask."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.worlds import Estate, toy_estate

SHARED = "toy-pallet-shared"
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: bad, namespace: ml}
spec: {containers: [{name: main, image: a, securityContext: {privileged: true}}]}
"""


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    with toy_estate(tmp_path) as found:
        yield found


def of(results: dict[str, Any], rule: str) -> list[dict[str, Any]]:
    return [found for found in results["findings"] if found["rule"] == rule]


def test_a_fact_of_two_targets(estate: Estate) -> None:
    first, second = estate.targets
    (found,) = of(estate.scan().results(), SHARED)
    assert (found["verdict"], found["message"]) == ("fail", "pallet p1 holds boxes of x, y")
    subject = min(first, second)
    (other,) = found["related"]
    assert {found["resource"]["target"], other["target"]} == {first, second}
    assert (found["resource"]["target"], other["name"]) == (subject, "b1")
    (seen,) = found["observed"]
    assert (seen["path"], seen["of"], seen["value"]) == ("/tenant", 0, ["x", "y"])


def test_each_target_alone_looks_well(estate: Estate) -> None:
    """Which is what is true of it, and why a run over both is needed."""
    prints = set()
    for target in estate.targets:
        (found,) = of(estate.scan(targets=(target,)).results(), SHARED)
        assert (found["verdict"], found.get("related", [])) == ("pass", [])
        prints.add(found["fingerprint"])
    (both,) = of(estate.scan().results(), SHARED)
    assert prints == {both["fingerprint"]}


@pytest.mark.parametrize("what", ["refuse", "close"])
def test_what_was_not_read_anywhere_leaves_a_fact_of_the_run_undecided(
    estate: Estate, what: str
) -> None:
    """Its other tenants may be just there."""
    getattr(estate, what)()
    results = estate.scan().results()
    (found,) = of(results, SHARED)
    assert found["verdict"] == "unknown"
    assert found["message"].startswith("not decided: ")
    state = next(each["state"] for each in results["controls"] if each["id"] == "apart")
    assert state == "undetermined"


def test_a_kind_that_was_not_asked_for_is_a_gap(estate: Estate) -> None:
    first, _ = estate.targets
    done = estate.scan(targets=(f"{first}?forgetful",))
    results = done.results()
    (gap,) = results["gaps"]
    assert (gap["scope"], gap["cause"]) == ("toy/Box", "unsupported")
    assert gap["detail"] == "it was not asked for when the target was read"
    assert (done.code, results["gate"]["decision"]) == (3, "incomplete")
    assert of(results, SHARED) == []
    assert results["counts"][SHARED]["unknown"] == 1


def test_a_target_of_one_platform_takes_nothing_from_another(estate: Estate) -> None:
    (estate.folder / "pod.yaml").write_text(POD)
    estate.close()
    first, _ = estate.targets
    done = estate.run(
        "scan", first, estate.folder / "pod.yaml", *estate.options, "--profile", "toy-and-pods",
        "--format", "json",
    )  # fmt: skip
    results = done.results()
    (gap,) = results["gaps"]
    assert (gap["target"], gap["cause"]) == (first, "unreachable")
    assert "k8s-container-privileged" not in gap["rules"]
    (found,) = of(results, "k8s-container-privileged")
    assert found["verdict"] == "fail"
    assert results["coverage"]["rules"]["blind"] == 4, "those of the toy"


INVENTORY = """\
boxes:
  - {name: b1, shelf: s1, weight: 9, tenant: z, pallet: p1}
  - name: b2
    shelf: s1
    weight: 1
    tenant: z
    open: true
shelves:
  - {name: s1, capacity: 5}
"""


def test_files_and_a_warehouse_together(estate: Estate) -> None:
    """An inventory beside manifests, and a live target with a box on the same pallet."""
    tree = estate.folder / "tree"
    tree.mkdir()
    (tree / "pod.yaml").write_text(POD)
    (tree / "boxes.yaml").write_text(INVENTORY)
    first, _ = estate.targets
    done = estate.run(
        "scan", tree, first, *estate.options, "--profile", "toy-and-pods", "--format", "json",
    )  # fmt: skip
    results = done.results()
    assert (done.code, results["gaps"]) == (1, [])
    places = {
        (found["rule"], found["resource"]["file"], found["resource"].get("line"))
        for found in results["findings"]
        if found["resource"]["target"] == str(tree)
    }
    assert ("toy-box-open", "boxes.yaml", 7) in places
    assert ("toy-shelf-overloaded", "boxes.yaml", 9) in places
    assert ("k8s-container-privileged", "pod.yaml", 4) in places
    (shared,) = of(results, SHARED)
    targets = {shared["resource"]["target"], *(other["target"] for other in shared["related"])}
    assert targets == {str(tree), first}
    assert shared["message"] == "pallet p1 holds boxes of x, z"
    bundle = estate.folder / "files-bundle"
    kept = estate.run(
        "scan", tree, first, *estate.options, "--profile", "toy-and-pods", "--output", bundle,
        "--no-sign", "-q",
    )  # fmt: skip
    assert kept.code == 1, kept.err
    again = estate.run("replay", bundle)
    assert (again.code, again.err) == (0, ""), again.out


def test_rules_of_the_toy_are_tested_and_explained(estate: Estate) -> None:
    tested = estate.run("rules", "test", estate.options[1])
    assert (tested.code, tested.err) == (0, "")
    explained = estate.run("explain", SHARED, *estate.options)
    assert explained.out.startswith(f"{SHARED}\nPallet is shared by tenants\n")


def test_the_program_alone_does_not_know_the_toy(estate: Estate) -> None:
    alone = dataclasses.replace(estate, module="auditor")
    assert "no collector reads toy:// targets" in alone.scan().err
    assert "unknown kind 'toy/Box'" in alone.scan(targets=(".",)).err
