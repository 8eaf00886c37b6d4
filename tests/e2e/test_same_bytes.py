"""The same input gives the same bytes: whatever the workers, memo, cache, or order of folders."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.e2e.command import ESTATE, auditor

EPOCH = {"SOURCE_DATE_EPOCH": "1750000000"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The estate many times over: enough for several shards."""
    root = tmp_path_factory.mktemp("tree") / "tree"
    for number in range(60):
        shutil.copytree(ESTATE, root / f"copy-{number:02d}")
    return root


def scan(tree: Path, *options: str, cache: Path | None = None, code: int = 1) -> str:
    env = dict(EPOCH)
    if cache is not None:
        env["XDG_CACHE_HOME"] = str(cache)
    ran = auditor("scan", tree.name, "--format", "json", *options, cwd=tree.parent, env=env)
    assert (ran.code, ran.err) == (code, ""), ran.err
    return ran.out


def test_workers_memo_and_cache(tree: Path, tmp_path: Path) -> None:
    expected = scan(tree, "--workers", "1", "--no-cache")
    assert scan(tree, "--workers", "4", "--no-cache") == expected, "four workers"
    assert scan(tree, "--no-memo", "--no-cache") == expected, "no memo"
    assert scan(tree, cache=tmp_path) == expected, "cold cache"
    assert scan(tree, cache=tmp_path) == expected, "warm cache"
    assert scan(tree, "--workers", "1", cache=tmp_path) == expected, "warm cache, one worker"


def test_order_of_folders(tree: Path, tmp_path: Path) -> None:
    """Copy the tree with its entries made in another order, which file systems list differently."""
    shuffled = tmp_path / tree.name
    paths = sorted(path.relative_to(tree) for path in tree.rglob("*") if path.is_file())
    random.Random(5).shuffle(paths)
    for path in paths:
        (shuffled / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tree / path, shuffled / path)
    assert scan(shuffled, "--no-cache") == scan(tree, "--no-cache")


def test_a_changed_file_is_judged_again(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tree / "copy-00", copy)
    cache = tmp_path / "cache"
    before = scan(copy, cache=cache)
    extra = copy / "extra.yaml"
    extra.write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: late}\nspec: {hostPID: true}\n")
    after = scan(copy, cache=cache)
    assert '"name":"late"' not in before
    assert '"name":"late"' in after
    assert after == scan(copy, "--no-cache")
