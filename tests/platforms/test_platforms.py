"""What every platform must pass: asked live, by any workers, kept, judged elsewhere, replayed."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from auditor.evidence.blocks import read_block
from tests.e2e.command import Ran
from tests.platforms.worlds import CANARY, WORLDS, Estate


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def own(world: str, tmp_path: Path) -> Iterator[Estate]:
    """An estate that a test may change."""
    with WORLDS[world](tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def estates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Estate]]:
    with ExitStack() as stack:
        yield functools.cache(
            lambda world: stack.enter_context(WORLDS[world](tmp_path_factory.mktemp(world)))
        )


@pytest.fixture(scope="module")
def scans(estates: Callable[[str], Estate]) -> Callable[[str], Ran]:
    return functools.cache(lambda world: estates(world).scan())


@pytest.fixture
def estate(world: str, estates: Callable[[str], Estate]) -> Estate:
    """An estate that many tests look at."""
    return estates(world)


@pytest.fixture
def plain(world: str, scans: Callable[[str], Ran]) -> Ran:
    """A scan of that."""
    return scans(world)


def essence(results: dict[str, Any]) -> dict[str, Any]:
    """What must be the same whenever and however it is run."""
    kept = ("findings", "counts", "gaps", "coverage", "controls", "gate")
    return {name: results[name] for name in kept}


def failed(results: dict[str, Any]) -> set[str]:
    return {found["rule"] for found in results["findings"] if found["verdict"] == "fail"}


def verdicts(results: dict[str, Any], rule: str, target: str) -> set[str]:
    return {
        found["verdict"]
        for found in results["findings"]
        if found["rule"] == rule and found["resource"]["target"] == target
    }


def test_everything_is_found(estate: Estate, plain: Ran) -> None:
    assert (plain.code, plain.err) == (1, "")
    results = plain.results()
    assert estate.found <= failed(results)
    assert results["gaps"] == []
    assert [target["state"] for target in results["targets"]] == ["complete", "complete"]
    assert {method.split()[0] for method in estate.asked()} <= {"GET", "POST"}


def test_workers_and_memo_change_nothing(estate: Estate) -> None:
    expected = essence(estate.scan("--workers", "1", "--no-cache").results())
    for more in (("--workers", "2"), ("--workers", "4"), ("--no-memo",), ("--no-cache",)):
        assert essence(estate.scan(*more).results()) == expected, more


def test_collected_and_judged_elsewhere(estate: Estate, plain: Ran, tmp_path: Path) -> None:
    expected = essence(plain.results())
    place = tmp_path / "evidence"
    done = estate.run(
        "collect", *estate.targets, *estate.options, *estate.judging, "--output", place
    )
    assert (done.code, done.err) == (0, ""), done.err
    policies = [option for option in estate.options if "kubeconfig" not in option]
    judged = estate.run("evaluate", place, *policies, *estate.judging, "--format", "json", "--all")
    assert essence(judged.results()) == expected


def test_a_bundle_is_verified_replayed_and_compared(estate: Estate, tmp_path: Path) -> None:
    place, key = tmp_path / "bundle", tmp_path / "public.pem"
    done = estate.scan("--output", place)
    assert done.code == 1, done.err
    key.write_text(estate.run("keys", "export").out)
    checked = estate.run("verify", place, "--key", key)
    assert checked.code == 0, checked.err
    again = estate.run("replay", place)
    assert (again.code, again.err) == (0, ""), again.out
    same = estate.run("diff", place, place)
    assert (same.code, same.err) == (0, ""), same.out
    results = place / "results.json"
    results.write_bytes(results.read_bytes().replace(b'"fail"', b'"pass"', 1))
    assert estate.run("verify", place, "--key", key).code == 4


def test_a_refused_read_takes_its_verdicts_only(own: Estate) -> None:
    before = own.scan().results()
    own.refuse()
    after = own.scan().results()
    first, second = own.targets
    (gap,) = after["gaps"]
    assert (gap["target"], gap["scope"], gap["cause"]) == (first, own.refused, "denied")
    assert own.needy in gap["rules"]
    assert verdicts(after, own.needy, first) <= {"unknown"}
    assert verdicts(after, own.needy, second) == verdicts(before, own.needy, second)
    assert after["counts"][own.needy]["unknown"] >= 1
    assert [target["state"] for target in after["targets"]] == ["partial", "complete"]
    assert after["gate"]["decision"] != "pass"


def test_a_target_that_is_not_there(own: Estate) -> None:
    own.close()
    done = own.scan()
    assert done.code in {1, 3}
    results = done.results()
    first, second = own.targets
    assert [target["state"] for target in results["targets"]] == ["unreachable", "complete"]
    assert {gap["target"] for gap in results["gaps"]} == {first}
    assert any(found["resource"]["target"] == second for found in results["findings"])


def test_a_target_more_renames_no_finding(estate: Estate, plain: Ran) -> None:
    first, second = estate.targets
    both = plain.results()["findings"]
    for target in estate.targets:
        alone = estate.scan(targets=(target,)).results()["findings"]
        prints = {found["fingerprint"] for found in both}
        assert {found["fingerprint"] for found in alone} <= prints
    assert {found["resource"]["target"] for found in both} == {first, second}


def test_the_order_of_targets_says_nothing(estate: Estate, plain: Ran) -> None:
    one = plain.results()["findings"]
    other = estate.scan(targets=estate.targets[::-1]).results()["findings"]
    assert one == other


def test_no_secret_is_in_any_byte(estate: Estate, tmp_path: Path) -> None:
    place, report = tmp_path / "bundle", tmp_path / "results.json"
    done = estate.run(
        "scan", *estate.targets, *estate.options, *estate.judging, "--output", place,
        "-o", f"json={report}", "--passes", "--plain",
    )  # fmt: skip
    assert done.code == 1, done.err
    written = [done.out.encode(), done.err.encode(), report.read_bytes()]
    for path in sorted(place.rglob("*")):
        if path.is_file():
            written.append(path.read_bytes())
            if path.suffix == ".zst":
                written.append(read_block(path))
            if path.suffix == ".json" and "attestations" in path.parts:
                payload = json.loads(path.read_bytes()).get("dsseEnvelope", {}).get("payload", "")
                written.append(base64.b64decode(payload))
    assert len(written) > 6
    assert [text[:80] for text in written if CANARY.encode() in text] == []
    assert any(b"redacted" in text for text in written), "it was there to be left out"
