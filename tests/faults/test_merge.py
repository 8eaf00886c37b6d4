"""A fleet in parts is the fleet in one run, byte for byte; what is missing of it is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from tests.e2e.command import Ran
from tests.e2e.signed import EPOCH, filled, ran
from tests.faults.server import healthy, serving
from tests.faults.test_live_many import kubeconfig

PARTS = 2
RULE = "k8s-container-privileged"
LATER = {"SOURCE_DATE_EPOCH": "1750000100"}


def waiver(number: str, **select: str) -> dict[str, object]:
    return {
        "id": number,
        "rule": RULE,
        **({"for": select} if select else {}),
        "reason": "it is a test of this",
        "owner": "a@example.org",
        "approved-by": "b@example.org",
        "created": "2025-06-01",
        "expires": "2025-07-01",
    }


def waivers(folder: Path, *entries: dict[str, object]) -> tuple[str, str]:
    (folder / "waivers.yaml").write_text(yaml.safe_dump(list(entries)))
    return "--waivers", "waivers.yaml"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two clusters, one of which does not answer, an engine that is none, two folders: in parts."""
    folder = filled(tmp_path_factory.mktemp("fleet"))
    with ExitStack() as stack:
        server = stack.enter_context(serving(healthy))
        kubeconfig(folder, {"good": server.url, "dead": "http://127.0.0.1:9"})
        for name in ("x", "y"):
            (folder / name).mkdir()
            shutil.copy(folder / "pod.yaml", folder / name)
        targets = [
            {"target": "k8s://good", "kubeconfig": "kubeconfig", "labels": {"env": "prod"}},
            "y",
            {"target": "docker+unix:///nonexistent/docker.sock", "labels": {"env": "dev"}},
            {"target": "k8s://dead?namespace=ml", "kubeconfig": "kubeconfig"},
            "x",
        ]
        (folder / "fleet.yaml").write_text(yaml.safe_dump({"targets": targets}))
        given = ("--no-cache", *waivers(folder, waiver("W-1", target="x", name="shell")))
        options = ("--targets", "fleet.yaml", *given, "--key", "k.pem")
        assert ran(folder, "keys", "create", "k.pem", "--no-passphrase").code == 0
        (folder / "k.pub").write_text(ran(folder, "keys", "export", "k.pem").out)
        whole = ran(folder, "scan", *options, "-q", "--output", "whole")
        assert whole.code == 1, whole.err
        for number in range(PARTS):
            name = f"part-{number}.zip" if number else "part-0"
            part = ("--part", f"{number}/{PARTS}", "--output", name)
            assert ran(folder, "scan", *options, "-q", *part).code == 1
        yield folder


def merge(folder: Path, *arguments: str | Path, key: bool = True) -> Ran:
    trusted = ("--parts-key", folder / "k.pub") if key else ()
    return ran(folder, "merge", *arguments, *trusted, "--key", folder / "k.pem")


def states(found: Ran) -> dict[str, str]:
    return {each["uri"]: each["state"] for each in found.results()["targets"]}


ORDERS = {
    "as they say": ("part-0", "part-1.zip"),
    "as is expected": ("part-1.zip", "part-0", "--targets", "fleet.yaml"),
}


@pytest.mark.parametrize("given", ORDERS.values(), ids=ORDERS)
def test_the_bytes_of_one_run(fleet: Path, tmp_path: Path, given: tuple[str, ...]) -> None:
    """Also of kinds that a cluster is asked for only where an engine is of the run as well."""
    done = merge(fleet, *given, "-q", "--output", tmp_path / "m")
    assert (done.code, done.out, done.err) == (1, "", "")
    whole = (fleet / "whole" / "results.json").read_bytes()
    assert (tmp_path / "m" / "results.json").read_bytes() == whole
    results = json.loads(whole)
    assert [each["state"] for each in results["targets"]] == [
        *("complete", "complete", "unreachable", "unreachable", "complete")
    ]
    assert [each["findings"] for each in results["waivers"]] == [1]


def test_a_bundle_like_any_other(fleet: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "m.zip"
    assert merge(fleet, "part-0", "part-1.zip", "-q", "--output", bundle).code == 1
    assert "VERIFY verified" in ran(fleet, "verify", bundle, "--key", "k.pub").out
    assert ran(fleet, "replay", bundle).out.startswith("REPLAY same")
    assert "was merged itself" in merge(fleet, bundle).err


def test_which_parts_it_is_of(fleet: Path, tmp_path: Path) -> None:
    assert merge(fleet, "part-0", "-q", "--output", tmp_path / "m").code == 1
    said = json.loads((tmp_path / "m" / "parts.json").read_text())
    (part,) = said["parts"]
    manifest = json.loads((fleet / "part-0" / "manifest.json").read_text())
    assert (part["run"], part["part"]) == (manifest["run"]["id"], [0, PARTS])
    assert part["targets"] == ["k8s://good", "docker+unix:///nonexistent/docker.sock", "x"]
    assert len(part["key"]) == 64
    assert said["missing"] == ["part 1/2"]


MISSING = {
    "by their number": ((), ["part 1/2"]),
    "by the file of targets": (
        ("--targets", "fleet.yaml"),
        ["y", "k8s://dead?namespace=ml"],
    ),
}


@pytest.mark.parametrize(("options", "names"), MISSING.values(), ids=MISSING)
def test_what_is_missing_is_unreachable(
    fleet: Path, options: tuple[str, ...], names: list[str]
) -> None:
    done = merge(fleet, "part-0", *options, "--format", "json")
    assert [line for line in done.err.splitlines() if "missing" in line] == [
        f"auditor: missing: {name}" for name in names
    ]
    found = done.results()
    assert {name: states(done)[name] for name in names} == dict.fromkeys(names, "unreachable")
    absent = [each for each in found["gaps"] if "none of the parts" in each["detail"]]
    assert {(each["target"], each["cause"]) for each in absent} == {
        (name, "unreachable") for name in names
    }


def test_parts_that_are_not_numbered_are_counted(fleet: Path, tmp_path: Path) -> None:
    for name in ("x", "y"):
        scanned = ran(fleet, "scan", name, "--no-sign", "-q", "--output", tmp_path / name)
        assert scanned.code == 1, scanned
    places = [tmp_path / "y", tmp_path / "x"]
    three = merge(fleet, *places, "--parts", "3", "--format", "json", key=False)
    assert list(states(three)) == ["x", "y", "1 of 3 parts"]
    assert "nobody that was trusted stands for 2 of 2 parts" in three.err
    one = merge(fleet, *places, "--parts", "1", key=False)
    assert (one.code, "2 parts, more than 1" in one.err) == (2, True)
    two = merge(fleet, *places, "--parts", "2", "--fail-on", "never", key=False)
    assert two.code == 2, "there is no such option: all were judged by one gate"
    numbered = merge(fleet, "part-0", "--parts", "3")
    assert "the parts say that they are of 2, not of 3" in numbered.err


def test_the_same_part_twice_and_the_same_target_twice(fleet: Path, tmp_path: Path) -> None:
    shutil.copytree(fleet / "part-0", tmp_path / "copy")
    once = merge(fleet, "part-0", "--format", "json")
    twice = merge(fleet, "part-0", tmp_path / "copy", "--format", "json")
    assert twice.out == once.out
    assert f"{tmp_path / 'copy'}: the same part twice" in twice.err
    options = ("--no-sign", "--no-cache", "-q", "--waivers", "waivers.yaml")
    scanned = ran(fleet, "scan", "x", *options, "--output", tmp_path / "later", env=LATER)
    assert scanned.code == 0, scanned
    refused = merge(fleet, tmp_path / "later", "part-0", key=False)
    assert refused.code == 2
    assert f"x is in part-0 and in {tmp_path / 'later'}, with other evidence" in refused.err
    assert f"leave one out ({tmp_path / 'later'} is the later one)" in refused.err


def test_a_part_that_does_not_hold_ends_it(fleet: Path, tmp_path: Path) -> None:
    spoiled = tmp_path / "spoiled"
    shutil.copytree(fleet / "part-0", spoiled)
    block = next((spoiled / "bodies").iterdir())
    block.write_bytes(block.read_bytes()[:-1] + b"\0")
    done = merge(fleet, spoiled, "part-1.zip", "--output", tmp_path / "m")
    assert (done.code, done.out) == (4, "")
    assert f"{spoiled} does not verify: INTEGRITY" in done.err
    assert not (tmp_path / "m").exists()
    assert ran(fleet, "keys", "create", tmp_path / "o.pem", "--no-passphrase").code == 0
    (tmp_path / "o.pub").write_text(ran(fleet, "keys", "export", tmp_path / "o.pem").out)
    other = ran(fleet, "merge", "part-0", "--parts-key", tmp_path / "o.pub")
    assert (other.code, "is not trusted" in other.err) == (4, True)


def test_one_that_is_too_old_is_refused(fleet: Path, tmp_path: Path) -> None:
    trust = {"keys": [{"name": "ci", "file": str(fleet / "k.pub"), "roles": ["signer"]}]}
    (tmp_path / "trust.yaml").write_text(yaml.safe_dump({**trust, "max-age": "1d"}))
    done = ran(fleet, "merge", "part-0", "--parts-trust", tmp_path / "trust.yaml")
    assert (done.code, "part-0 does not verify: FRESHNESS" in done.err) == (4, True)


def test_parts_that_were_judged_otherwise(fleet: Path, tmp_path: Path) -> None:
    given = ("--no-sign", "--no-cache", "-q", "--profile", "pod-security-baseline")
    scanned = ran(fleet, "scan", "pod.yaml", *given, "--output", tmp_path / "other")
    assert scanned.code == 1, scanned
    done = merge(fleet, "part-0", tmp_path / "other", key=False)
    assert (done.code, "were judged by different profiles" in done.err) == (2, True), done.err


def test_a_target_that_nobody_expects(fleet: Path, tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text("targets: ['k8s://good']")
    done = merge(fleet, "part-0", "--targets", tmp_path / "fleet.yaml")
    assert (done.code, "and not among the targets that are expected" in done.err) == (2, True)


def test_a_waiver_counts_where_it_was_given(fleet: Path, tmp_path: Path) -> None:
    """One of a part is not one of another, though it names no target."""
    waivers(tmp_path, waiver("W-2"))
    for name, options in (("x", ("--waivers", tmp_path / "waivers.yaml")), ("y", ())):
        given = ("--no-sign", "--no-cache", "-q", *options, "--output", tmp_path / name)
        assert ran(fleet, "scan", name, *given).code in {0, 1}
    done = merge(fleet, tmp_path / "x", tmp_path / "y", "--format", "json", key=False)
    found = [each for each in done.results()["findings"] if each["rule"] == RULE]
    assert {each["resource"]["target"]: bool(each["waiver"]) for each in found} == {
        "x": True,
        "y": False,
    }
    both = merge(fleet, tmp_path / "y", "part-0", key=False)
    assert both.code == 1, "W-1 names its target, which is not y"


PART = {"one that there is not": ("2/2", "'2/2' is not one of N parts"),
        "one without targets": ("5/6", "fleet.yaml has 5 targets")}  # fmt: skip


@pytest.mark.parametrize(("part", "says"), PART.values(), ids=PART)
def test_parts_that_are_none(fleet: Path, part: str, says: str) -> None:
    done = ran(fleet, "scan", "--targets", "fleet.yaml", "--part", part)
    assert (done.code, done.out, says in done.err) == (2, "", True), done.err


def test_a_part_is_of_a_file_and_of_all_of_it(fleet: Path) -> None:
    assert "--part is of the targets of a file" in ran(fleet, "scan", "x", "--part", "0/2").err
    both = ran(fleet, "scan", "x", "--targets", "fleet.yaml", "--part", "0/2")
    assert "--part and TARGETs choose two things" in both.err


def test_secrets_of_another_part_are_not_needed(fleet: Path, tmp_path: Path) -> None:
    """Nor is any where nothing is entered: where parts are merged."""
    shutil.copytree(fleet / "x", tmp_path / "x")
    entered = {"target": "vsphere://a@vc", "password": {"env": "NOT_SET"}}
    (tmp_path / "fleet.yaml").write_text(yaml.safe_dump({"targets": ["x", entered]}))
    options = ("--targets", "fleet.yaml", "--part", "0/2", "--output", "p", "--no-sign")
    assert ran(tmp_path, "scan", *options, "-q", env=EPOCH).code == 1
    done = ran(tmp_path, "merge", "p", "--targets", "fleet.yaml", "--format", "json")
    assert states(done) == {"x": "complete", "vsphere://vc/": "unreachable"}
