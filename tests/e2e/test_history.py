"""Bundles into a history, and what became of their findings."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.command import Ran
from tests.e2e.signed import filled, ran

RULE = "k8s-container-privileged"
PROFILE = "pod-security-baseline"
DAYS = {"a": "1750000000", "b": "1750086400", "c": "1750172800"}
"""Bundles, and when they were made: the pod is privileged, is not, can't be read."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = filled(tmp_path_factory.mktemp("history"))
    tree = folder / "tree"
    tree.mkdir()
    assert ran(folder, "keys", "create", "k.pem", "--no-passphrase").code == 0
    (folder / "k.pub").write_text(ran(folder, "keys", "export", "k.pem").out)
    privileged = (folder / "pod.yaml").read_text()
    texts = {
        "a": privileged,
        "b": privileged.replace("privileged: true", "privileged: false"),
        "c": "kind: [",
    }
    for name, epoch in DAYS.items():
        (tree / "pod.yaml").write_text(texts[name])
        options = ("--key", "k.pem", "--fail-on", "never", "-q", "--profile", PROFILE)
        place = f"{name}.evb.zip" if name == "b" else name
        done = ran(
            folder, "scan", "tree", *options, "--output", place, env={"SOURCE_DATE_EPOCH": epoch}
        )
        assert done.code in {0, 3}, done
    return folder


def imported(folder: Path, *bundles: str, to: Path, key: bool = True) -> Ran:
    options = ("--key", folder / "k.pub") if key else ()
    places = (folder / bundle for bundle in bundles)
    return ran(folder, "history", "import", *places, "--to", to, *options)


def of_rule(found: Ran) -> dict[str, object]:
    assert (found.code, found.err) == (0, "")
    (one,) = [each for each in json.loads(found.out)["findings"] if each["rule"] == RULE]
    return dict(one)


def test_open_then_mended_then_not_seen(made: Path, tmp_path: Path) -> None:
    place = tmp_path / "h.db"
    expected = {
        "a": ("open", "2025-06-15", "", ""),
        "b.evb.zip": ("mended", "2025-06-15", "2025-06-16", ""),
    }
    for bundle, (state, last, mended, why) in expected.items():
        assert imported(made, bundle, to=place).code == 0
        one = of_rule(ran(made, "trend", place, "--format", "json"))
        assert (one["state"], str(one["last_seen"])[:10]) == (state, last)
        assert (str(one["mended"])[:10], one["why"]) == (mended, why)
    unread = tmp_path / "unread.db"
    assert imported(made, "c", "a", to=unread).code == 0
    one = of_rule(ran(made, "trend", unread, "--format", "json"))
    assert (one["state"], one["mended"]) == ("unseen", "")
    assert str(one["why"]).startswith("a gap: pod.yaml malformed")


def test_any_order_says_the_same_and_twice_changes_nothing(made: Path, tmp_path: Path) -> None:
    bundles = ["a", "b.evb.zip", "c"]
    said = set()
    for number, order in enumerate((bundles, bundles[::-1], bundles * 2)):
        place = tmp_path / f"{number}.db"
        done = imported(made, *order, to=place)
        assert done.code == 0
        assert done.out.count("known  ") == len(order) - 3
        said.add(ran(made, "trend", place, "--format", "json").out)
    assert len(said) == 1


def test_who_stands_for_a_run_is_said(made: Path, tmp_path: Path) -> None:
    place = tmp_path / "h.db"
    assert "nobody stands for it" in imported(made, "a", to=place, key=False).out
    assert "nobody that was trusted stands for 1 of 1 runs" in ran(made, "trend", place).out
    assert "known" in imported(made, "a", to=place).out
    assert "nobody that was trusted" not in ran(made, "trend", place).out


def test_what_does_not_verify_is_left_out_and_the_others_are_in(made: Path, tmp_path: Path) -> None:
    spoiled = shutil.copytree(made / "a", tmp_path / "spoiled")
    results = spoiled / "results.json"
    results.write_bytes(results.read_bytes().replace(b'"critical"', b'"low"', 1))
    place = tmp_path / "h.db"
    done = imported(made, str(spoiled), "b.evb.zip", "nothing", to=place)
    assert done.code == 4
    assert "spoiled does not verify: INTEGRITY" in done.err
    assert "nothing: no such bundle" in done.err
    runs = json.loads(ran(made, "trend", place, "--format", "json").out)["runs"]
    assert [each["finished"][:10] for each in runs] == ["2025-06-16"]


def test_another_key_stands_for_nothing(made: Path, tmp_path: Path) -> None:
    assert ran(made, "keys", "create", tmp_path / "o.pem", "--no-passphrase").code == 0
    (tmp_path / "o.pub").write_text(ran(made, "keys", "export", tmp_path / "o.pem").out)
    done = ran(made, "history", "import", "a", "--to", tmp_path / "h", "--key", tmp_path / "o.pub")
    assert done.code == 4
    assert "is not trusted" in done.err
    none = ran(made, "trend", tmp_path / "h")
    assert (none.code, none.out) == (2, "")
    assert "no run in it" in none.err


def test_screen_and_groups(made: Path, tmp_path: Path) -> None:
    place = tmp_path / "h.db"
    imported(made, "a", "b.evb.zip", to=place)
    found = ran(made, "trend", place, "--by", "rule")
    assert found.code == 0
    row = next(line for line in found.out.splitlines() if line.startswith(RULE))
    assert row.split() == [
        RULE, "0", "0", "1", "0",
    ]  # fmt: skip
    assert found.last_line().startswith("TREND runs=2 open=")
    assert "mended=1" in found.last_line()
    by = json.loads(ran(made, "trend", place, "--by", "namespace", "--format", "json").out)
    assert {each["name"] for each in by["groups"]} >= {"ml"}
    none = ran(made, "trend", place, "--profile", "other")
    assert (none.code, "no run in it is asked for" in none.err) == (2, True)
    assert ran(made, "trend", place, "--target", "tree").code == 0


def test_a_row_a_finding_without_formulas(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "=cmd"
    folder.mkdir()
    (folder / "pod.yaml").write_text((made / "pod.yaml").read_text())
    done = ran(
        tmp_path, "scan", "=cmd", "-q", "--output", "h", "--key", made / "k.pem", "--exit-zero"
    )
    assert done.code == 0, done
    assert imported(made, str(tmp_path / "h"), to=tmp_path / "h.db").code == 0
    rows = list(csv.DictReader(io.StringIO(ran(made, "trend", tmp_path / "h.db",
                                               "--format", "csv").out)))  # fmt: skip
    assert {row["target"] for row in rows} == {"'=cmd"}
    assert RULE in {row["rule"] for row in rows}
