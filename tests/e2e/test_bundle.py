"""A bundle holds what was read and the policy: judged again anywhere, it gives the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from msgspec.structs import replace

from auditor.evidence.blocks import BlockReader
from auditor.evidence.writing import PartWriter
from auditor.model.enums import Answered
from tests.e2e.command import ESTATE, ROOT, auditor
from tests.e2e.runs import generate
from tests.hostile.trees import HOSTILE
from tests.unit.evidence.bundles import records, relisted, write_records

ZONES = {"TZ": "Pacific/Chatham", "LC_ALL": "C", "PYTHONHASHSEED": "7"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("made") / "bundle"
    done = auditor("scan", ESTATE, "--output", place, "-q", "--no-sign")
    assert (done.code, done.out) == (1, "")
    return place


def replayed(place: Path, *options: str, env: dict[str, str] | None = None) -> str:
    done = auditor("replay", place, *options, env=env, cold=env is not None)
    assert (done.code, done.err) == (0, ""), done.out
    return done.out


def test_it_replays_elsewhere_with_any_number_of_workers(bundle: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(bundle, tmp_path / "elsewhere" / "b")
    found = {
        replayed(moved, "--workers", "1", env=ZONES),
        replayed(moved, "--workers", "4"),
        replayed(bundle),
    }
    assert len(found) == 1
    assert found.pop().startswith("REPLAY same results=sha256:")


def test_the_results_in_it_are_those_of_a_scan(bundle: Path, tmp_path: Path) -> None:
    direct = auditor("scan", ESTATE, "--format", "json").results()
    kept = json.loads((bundle / "results.json").read_text())
    for document in (direct, kept):
        del document["run"]
    assert kept == direct
    assert (
        auditor("evaluate", bundle, "--format", "json").out.encode()
        == (bundle / "results.json").read_bytes()
    )


def test_another_profile_can_be_asked_of_it(bundle: Path) -> None:
    asked = ("--profile", "pod-security-restricted", "--format", "json", "--all")
    direct = auditor("scan", ESTATE, *asked).results()
    later = auditor("evaluate", bundle, *asked).results()
    assert later["findings"] == direct["findings"]
    assert later["counts"] == direct["counts"]


def test_options_are_part_of_it(tmp_path: Path) -> None:
    rules = tmp_path / "own" / "rules"
    rules.mkdir(parents=True)
    shown = (ROOT / "policies/rules/kubernetes/image").glob("*.yaml")
    rule = min(shown).read_text()
    name = next(line for line in rule.splitlines() if line.startswith("id: ")).removeprefix("id: ")
    (rules / "own-rule.yaml").write_text(rule.replace(f"id: {name}", "id: own-rule", 1))
    place = tmp_path / "b"
    options = ("--all", "--fail-on", "never", "--set", "version=1.30")
    done = auditor(
        "scan", ESTATE, "-q", "--no-sign", "--output", place, "--policies", tmp_path / "own",
        "--profile", "pod-security-baseline", *options,
    )  # fmt: skip
    assert done.code == 0, done.err
    shutil.rmtree(tmp_path / "own")
    replayed(place)
    assert (place / "policy/01/rules/own-rule.yaml").exists()


def test_several_targets_and_what_could_not_be_read(tmp_path: Path) -> None:
    tree = tmp_path / "hostile"
    for case in HOSTILE.values():
        case.make(tree)
    place = tmp_path / "b"
    pod = b"apiVersion: v1\nkind: Pod\nmetadata: {name: piped}\nspec: {containers: []}\n"
    done = auditor(
        "scan", tree, "-", ESTATE / "serving", "-q", "--no-sign", "--output", place, stdin=pod
    )
    assert done.code in {1, 3}, done.err
    replayed(place)
    inventory = json.loads((place / "inventory.json").read_text())
    states = [target["state"] for target in inventory["targets"]]
    assert states == ["partial", "complete", "complete"]
    assert inventory["targets"][0]["gaps"] > 0


def test_many_shards_and_an_archive(tmp_path: Path) -> None:
    tree = generate(tmp_path / "tree", 450)
    places = [tmp_path / "one.zip", tmp_path / "two.zip"]
    env = {"SOURCE_DATE_EPOCH": "1750000000"}
    for place, workers in zip(places, ("1", "4"), strict=True):
        done = auditor("scan", "tree", "-q", "--no-sign", "--output", place, "--workers", workers,
                       cwd=tmp_path, env={**env, "PYTHONPATH": str(ROOT)})  # fmt: skip
        assert done.code == 1, done.err
    replayed(places[0])
    assert len(list(tree.rglob("*.yaml"))) == 450
    first, second = (_members(place) for place in places)
    different = {name for name in first | second if first.get(name) != second.get(name)}
    assert different <= {"environment.json", "manifest.json"}, "the number of workers is told there"


def _members(place: Path) -> dict[str, bytes]:
    with ZipFile(place) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        return {name: archive.read(name) for name in archive.namelist()}


def test_another_python_makes_the_same_of_it(
    bundle: Path, tmp_path: Path, other_python: Path
) -> None:
    done = subprocess.run(
        [other_python, "replay", bundle],
        check=False,
        capture_output=True,
        env={"PATH": os.environ["PATH"]},
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, b""), done.stdout
    assert done.stdout.decode() == replayed(bundle)


def piped(root: Path) -> None:
    (root / "manifest.json").unlink()
    os.mkfifo(root / "manifest.json")


def missing_gaps(root: Path) -> None:
    """A file that could not be read, without its gap."""
    found = records(root)
    more = replace(
        found[0], number=999, request="x.yaml", answered=Answered.DENIED, complete=False,
        sha256="", size=0, block="", at=0, original="", original_size=0, count=0,
    )  # fmt: skip
    write_records(root, [*found, more])
    relisted(root)


def another_principal(root: Path) -> None:
    who = {"name": "admin", "uid": "", "groups": [], "via": ""}
    relisted(root, lambda manifest: manifest["targets"][0].update(principal=who))


def another_severity(root: Path) -> None:
    known = {"run": "x", "manifest": "sha256:x", "findings": {"f": ["fail", "extreme"]}}
    (root / "baseline.json").write_text(json.dumps(known))
    relisted(root)


PRIVILEGED, PLAIN = b'"privileged":true', b'"privileged":false'


def another_body(root: Path) -> None:
    """What was kept of a cluster's object says something else; the digest of its file stays."""
    found = records(root)
    bodies = [BlockReader(root / "bodies").body(each) for each in found]
    shutil.rmtree(root / "bodies")
    part = PartWriter(root, 0, 0)
    for record, body in zip(found, bodies, strict=True):
        ours = body is not None and b'"kind":"k8s/' in body
        part.add(record, body.replace(PRIVILEGED, PLAIN) if body and ours else body)
    part.close()
    relisted(root)


def policy_elsewhere(root: Path) -> None:
    shutil.copytree(root / "policy/00", root.parent / "policy")
    place = str(root.parent / "policy")
    relisted(root, lambda manifest: manifest["evaluation"].update(folders=[place]))


OTHER: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe in place of the manifest": (piped, "manifest.json is not a regular file"),
    "no manifest": (lambda root: (root / "manifest.json").unlink(), "manifest.json is not there"),
    "policy elsewhere": (policy_elsewhere, "its folders of policy are"),
    "no targets": (
        lambda root: relisted(root, lambda manifest: manifest.update(targets=[])), "no target",
    ),
    "a file that was refused, and no gap": (missing_gaps, "evidence: 1 gaps that were none then"),
    "another principal": (another_principal, "evidence: its targets, their principals"),
    "a baseline with another severity": (another_severity, "no severity 'extreme'"),
    "what was kept": (another_body, "evidence: its digests are as then; what was kept of it"),
    "a folder in place of a baseline": (
        lambda root: (root / "baseline.json").mkdir(), "baseline.json is a folder",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "says"), OTHER.values(), ids=OTHER.keys())
def test_what_does_not_replay(
    bundle: Path, tmp_path: Path, change: Callable[[Path], object], says: str
) -> None:
    root = shutil.copytree(bundle, tmp_path / "b")
    change(root)
    done = auditor("replay", root, timeout=60)
    assert done.code == 4, done
    assert says in done.out + done.err


def test_replay_reads_no_cache(bundle: Path, tmp_path: Path) -> None:
    """What is cached is not in the bundle: nothing is read there, nothing is left."""
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    replayed(bundle, env=env)
    assert not (tmp_path / "cache").exists()


PLACES = {
    "a folder with something in it": ("full", 2, "it is there already"),
    "a file": ("file", 2, "it is there already"),
    "a link": ("link", 2, "it is there already"),
    "below nothing": ("none/b", 2, "nothing can be made in"),
}


@pytest.mark.parametrize(("name", "code", "says"), PLACES.values(), ids=PLACES.keys())
def test_places_that_are_none(tmp_path: Path, name: str, code: int, says: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "full")
    before = sorted(tmp_path.rglob("*"))
    done = auditor("scan", ESTATE, "-q", "--no-sign", "--output", tmp_path / name)
    assert done.code == code
    assert says in done.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_policy_file_that_no_bundle_can_name(tmp_path: Path) -> None:
    """It is said before a bundle is written that would never verify."""
    rules = tmp_path / "acme" / "rules" / "a:b"
    rules.mkdir(parents=True)
    known = next(ROOT.glob("policies/rules/kubernetes/*/k8s-container-privileged.yaml"))
    text = known.read_text().replace("id: k8s-container-privileged", "id: acme-privileged")
    (rules / "acme-privileged.yaml").write_text(text.partition("controls:")[0] + _rest(text))
    options = ("--policies", tmp_path / "acme", "--output", tmp_path / "b", "--no-sign", "-q")
    done = auditor("scan", ESTATE, *options)
    assert done.code == 2, done
    assert "rules/a:b/acme-privileged.yaml: a policy file of this name can't be kept" in done.err
    assert not (tmp_path / "b").exists()


def _rest(text: str) -> str:
    """A rule after its list of controls."""
    lines = text.partition("controls:")[2].splitlines(keepends=True)[1:]
    while lines and lines[0].startswith((" ", "-")):
        lines.pop(0)
    return "".join(lines)
