"""What every platform must pass: asked live, by any workers, kept, judged elsewhere, replayed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.evidence.blocks import read_block
from tests.platforms.worlds import CANARY, WORLDS, Estate


@pytest.fixture(params=WORLDS)
def estate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Estate]:
    with WORLDS[request.param](tmp_path) as found:
        yield found


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


def test_everything_is_found(estate: Estate) -> None:
    done = estate.scan()
    assert (done.code, done.err) == (1, "")
    results = done.results()
    assert estate.found <= failed(results)
    assert results["gaps"] == []
    assert [target["state"] for target in results["targets"]] == ["complete", "complete"]
    assert {method.split()[0] for method in estate.asked()} <= {"GET", "POST"}


def test_workers_and_memo_change_nothing(estate: Estate) -> None:
    expected = essence(estate.scan("--workers", "1", "--no-cache").results())
    for more in (("--workers", "2"), ("--workers", "4"), ("--no-memo",), ("--no-cache",)):
        assert essence(estate.scan(*more).results()) == expected, more


def test_collected_and_judged_elsewhere(estate: Estate) -> None:
    expected = essence(estate.scan().results())
    place = estate.folder / "evidence"
    done = estate.run(
        "collect", *estate.targets, *estate.options, *estate.judging, "--output", place
    )
    assert (done.code, done.err) == (0, ""), done.err
    policies = [option for option in estate.options if "kubeconfig" not in option]
    judged = estate.run("evaluate", place, *policies, *estate.judging, "--format", "json", "--all")
    assert essence(judged.results()) == expected


def test_a_bundle_is_verified_replayed_and_compared(estate: Estate) -> None:
    place, key = estate.folder / "bundle", estate.folder / "public.pem"
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


def test_a_refused_read_takes_its_verdicts_only(estate: Estate) -> None:
    before = estate.scan().results()
    estate.refuse()
    after = estate.scan().results()
    first, second = estate.targets
    (gap,) = after["gaps"]
    assert (gap["target"], gap["scope"], gap["cause"]) == (first, estate.refused, "denied")
    assert estate.needy in gap["rules"]
    assert verdicts(after, estate.needy, first) <= {"unknown"}
    assert verdicts(after, estate.needy, second) == verdicts(before, estate.needy, second)
    assert after["counts"][estate.needy]["unknown"] >= 1
    assert [target["state"] for target in after["targets"]] == ["partial", "complete"]
    assert after["gate"]["decision"] != "pass"


def test_a_target_that_is_not_there(estate: Estate) -> None:
    estate.close()
    done = estate.scan()
    assert done.code in {1, 3}
    results = done.results()
    first, second = estate.targets
    assert [target["state"] for target in results["targets"]] == ["unreachable", "complete"]
    assert {gap["target"] for gap in results["gaps"]} == {first}
    assert any(found["resource"]["target"] == second for found in results["findings"])


def test_a_target_more_renames_no_finding(estate: Estate) -> None:
    first, second = estate.targets
    both = estate.scan().results()["findings"]
    for target in estate.targets:
        alone = estate.scan(targets=(target,)).results()["findings"]
        prints = {found["fingerprint"] for found in both}
        assert {found["fingerprint"] for found in alone} <= prints
    assert {found["resource"]["target"] for found in both} == {first, second}


def test_the_order_of_targets_says_nothing(estate: Estate) -> None:
    one = estate.scan().results()["findings"]
    other = estate.scan(targets=estate.targets[::-1]).results()["findings"]
    assert one == other


def test_no_secret_is_in_any_byte(estate: Estate) -> None:
    place, report = estate.folder / "bundle", estate.folder / "results.json"
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
