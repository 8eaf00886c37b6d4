"""The same input gives the same bytes: whatever the workers, memo, cache, order or surroundings."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from auditor.model.resource import Target
from benchmarks.gpus import write_gpus
from collectors.documents.collector import FilesCollector
from collectors.kubernetes.manifests.recogniser import MANIFESTS
from tests.e2e.command import ESTATE, auditor
from tests.e2e.runs import Run, collector_of, generate
from tests.sweeps import sweep

EPOCH = {"SOURCE_DATE_EPOCH": "1750000000"}

OWNED = """\
apiVersion: v1
kind: Pod
metadata:
  name: web-5d9-{number}
  namespace: web
  labels: {{pod-template-hash: 5d9}}
  ownerReferences:
    - {{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d9, uid: "u1", controller: true}}
spec:
  hostPID: true
  containers: [{{name: main, image: "{image}"}}]
"""
TURKISH = {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8"}
"""Where the small letter of I is not i."""
NAMES = (
    "a.yaml",
    "a-b.yaml",
    "a/b.yaml",
    "a b.yaml",
    "Z.yaml",
    "ü.yaml",
    'q"uote.yaml',
    "a.b/c.yaml",
)


SIZES = (
    pytest.param(40, id="some"),
    pytest.param(160, id="whole", marks=pytest.mark.long),
)


@pytest.fixture(scope="module", params=SIZES)
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Manifests of the benchmarks, the estate, and pods of one owner in files of many folders."""
    root = generate(tmp_path_factory.mktemp("same") / "tree", request.param)
    shutil.copytree(ESTATE, root / "estate")
    for number, name in enumerate(NAMES):
        path = root / "owned" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(OWNED.format(number=number, image="one" if number % 3 else "two"))
    (root / "broken.yaml").write_text("kind: [")
    return root


@pytest.fixture(scope="module")
def expected(tree: Path) -> bytes:
    return Run().results(collector_of(tree))


def test_the_tree_has_something_of_everything(expected: bytes) -> None:
    results = json.loads(expected)
    assert {finding["verdict"] for finding in results["findings"]} == {"fail", "unknown"}
    assert max(finding["covers"] for finding in results["findings"]) > 1
    assert [gap["scope"] for gap in results["gaps"]].count("broken.yaml") == 1


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(Run(workers=4), id="four workers"),
        pytest.param(Run(workers=4, memo=False), id="four workers, no memo"),
        pytest.param(Run(memo=False), id="no memo"),
        pytest.param(Run(shard_weight=1 << 30), id="one shard"),
        pytest.param(Run(workers=2, shard_weight=200 << 10), id="few shards"),
    ],
)
def test_workers_memo_and_shards(tree: Path, expected: bytes, run: Run) -> None:
    assert run.results(collector_of(tree)) == expected


def test_all_findings(tree: Path) -> None:
    whole = Run(list_all=True).results(collector_of(tree))
    assert {item["verdict"] for item in json.loads(whole)["findings"]} >= {"pass", "not-applicable"}
    assert Run(list_all=True, workers=4).results(collector_of(tree)) == whole, "four workers"
    assert Run(list_all=True, memo=False).results(collector_of(tree)) == whole, "no memo"


@sweep(some=70, whole=400)
def test_who_shares_a_gpu(tmp_path: Path, size: int) -> None:
    """A cluster with a node for ten pods, of which the devices of some are known."""
    root = tmp_path / "tree"
    write_gpus(size, root, seed=3)
    whole = Run().results(collector_of(root))
    results = json.loads(whole)
    devices = results["facts"]["gpu/Device"]
    assert {item["body"]["known"] for item in devices} == {True, False}
    assert {"gpu-tenants-may-share"} <= {item["rule"] for item in results["findings"]}
    for run in (
        Run(memo=False),
        Run(workers=2, shard_weight=50 << 10),
        Run(workers=4, shard_weight=50 << 10, memo=False),
        Run(workers=1, cache=tmp_path / "cache"),
        Run(workers=2, cache=tmp_path / "cache", shard_weight=50 << 10),
    ):
        assert run.results(collector_of(root)) == whole, run


def test_cache(tree: Path, tmp_path: Path, expected: bytes) -> None:
    def cached(workers: int, *, memo: bool = True) -> bytes:
        return Run(workers=workers, memo=memo, cache=tmp_path).results(collector_of(tree))

    assert cached(4) == expected, "cold"
    assert cached(4) == expected, "warm"
    assert cached(1, memo=False) == expected, "warm, one worker, no memo"
    for path in tmp_path.rglob("*.bin"):
        path.write_bytes(path.read_bytes()[:-5])
    assert cached(1) == expected, "cut off"
    whole = Run(list_all=True).results(collector_of(tree))
    again = Run(list_all=True, cache=tmp_path).results(collector_of(tree))
    assert again == whole, "another listing is not taken from it"


def test_cache_of_other_shards(tree: Path, tmp_path: Path, expected: bytes) -> None:
    Run(cache=tmp_path, shard_weight=100 << 10).results(collector_of(tree))
    assert Run(cache=tmp_path).results(collector_of(tree)) == expected


def test_order_of_folders(tree: Path, tmp_path: Path, expected: bytes) -> None:
    """A file system lists what was made in another order differently."""
    shuffled = tmp_path / "tree"
    paths = sorted(path.relative_to(tree) for path in tree.rglob("*") if path.is_file())
    random.Random(5).shuffle(paths)
    for path in paths:
        (shuffled / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tree / path, shuffled / path)
    assert Run().results(collector_of(shuffled)) == expected


def test_order_of_targets(tree: Path) -> None:
    """Targets are reported as they were named; what was found is the same."""
    one, two = (
        FilesCollector(Target(uri, "files"), tree / uri, (MANIFESTS,))
        for uri in ("estate", "owned")
    )
    forth = json.loads(Run().results(one, two))
    back = json.loads(Run(workers=4).results(two, one))
    assert forth["targets"] == back["targets"][::-1]
    for control in back["controls"]:
        control["targets"].reverse()
    for part in ("coverage", "gaps", "findings", "controls", "gate"):
        assert forth[part] == back[part], part


@pytest.mark.parametrize(
    ("env", "options"),
    [
        pytest.param({"PYTHONHASHSEED": "1", **TURKISH}, (), id="hash seed, Turkish"),
        pytest.param({"PYTHONHASHSEED": "77"}, ("--workers", "4"), id="hash seed and workers"),
        pytest.param({"LANG": "C", "LC_ALL": "C", "PYTHONOPTIMIZE": "2"}, (), id="no locale"),
        pytest.param({"PYTHONUTF8": "0", "LC_ALL": "POSIX"}, (), id="no UTF-8 mode"),
    ],
)
def test_surroundings(plain: str, env: dict[str, str], options: tuple[str, ...]) -> None:
    """What an interpreter reads before its first line."""
    assert scan("estate", *options, env=env, cold=True) == plain


@pytest.mark.parametrize(
    "env",
    [
        pytest.param({"TZ": "Pacific/Kiritimati"}, id="time zone"),
        pytest.param({"NO_COLOR": "1", "COLUMNS": "40", "CI": "1"}, id="another terminal"),
    ],
)
def test_surroundings_of_a_command(plain: str, env: dict[str, str]) -> None:
    assert scan("estate", env=env) == plain


@pytest.fixture(scope="module")
def plain() -> str:
    return scan("estate")


def scan(
    target: str | Path,
    *options: str,
    cwd: Path = ESTATE.parent,
    env: dict[str, str] | None = None,
    cold: bool = False,
) -> str:
    arguments = ("scan", target, "--format", "json", "--no-cache", *options)
    ran = auditor(*arguments, cwd=cwd, env={**EPOCH, **(env or {})}, cold=cold, process=True)
    assert (ran.code, ran.err) == (1, ""), ran.err
    return ran.out


def test_another_working_directory(plain: str) -> None:
    """A target is called what it was called; beside that nothing changes."""
    here = without_target(plain, "estate")
    assert without_target(scan(".", cwd=ESTATE), ".") == here
    assert without_target(scan(ESTATE), str(ESTATE)) == here


def without_target(text: str, uri: str) -> dict[str, object]:
    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return "target" if value == uri else value

    results = plain(json.loads(text))
    assert isinstance(results, dict)
    run = results["run"]
    assert isinstance(run, dict)
    del run["id"]  # says what was typed
    return results


def test_a_changed_file_is_judged_again(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ESTATE, copy)
    cache = tmp_path / "cache"
    before = Run(cache=cache).results(collector_of(copy))
    extra = copy / "extra.yaml"
    extra.write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: late}\nspec: {hostPID: true}\n")
    after = Run(cache=cache).results(collector_of(copy))
    assert b'"name":"late"' not in before
    assert b'"name":"late"' in after
    assert after == Run().results(collector_of(copy))
