"""Another user on the machine, and the cache: no verdict comes from what others could write."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.command import Ran, auditor

OTHER = 65534
POD = """apiVersion: v1
kind: Pod
metadata: {name: bad, namespace: team}
spec:
  containers: [{name: a, image: x, securityContext: {privileged: true}}]
"""
STRICT, WEAK = "pod-security-baseline", "weak"
PROFILE = """id: weak
title: Nearly nothing
gate: critical
select:
  - {ids: [k8s-pod-host-network]}
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Where caches are: a folder into which everybody may write, as /tmp."""
    folder = tmp_path / "caches"
    folder.mkdir()
    folder.chmod(0o1777)
    for above in (tmp_path, *tmp_path.parents):
        if above.stat().st_uid == os.geteuid() and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o011)
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "pod.yaml").write_text(POD)
    return folder


@pytest.fixture
def weak(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    (folder / "profiles").mkdir(parents=True)
    (folder / "profiles" / "weak.yaml").write_text(PROFILE)
    return folder


def as_another(act: Callable[[], object]) -> str:
    """Do something as another user, in a process of its own; the error that came of it."""
    if os.geteuid():
        pytest.skip("NOT TRIED: only root can become another user")
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(OTHER)
            os.setuid(OTHER)
            act()
            said = ""
        except BaseException as error:  # noqa: BLE001 - it is told, and the process ends
            said = type(error).__name__
        os.write(theirs, said.encode())
        os._exit(0)
    os.close(theirs)
    with open(ours, "rb") as pipe:  # noqa: PTH123 - a descriptor, not a path
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


def scan(tree: Path, base: Path, *options: str | Path, umask: int = 0o022) -> Ran:
    before = os.umask(umask)
    try:
        return auditor("scan", tree, "--plain", *options, env={"XDG_CACHE_HOME": str(base)})
    finally:
        os.umask(before)


def strict(tree: Path, base: Path, umask: int = 0o022) -> Ran:
    return scan(tree, base, "--profile", STRICT, "--set", "version=1.30", umask=umask)


def passes(tree: Path, base: Path, weak: Path, umask: int = 0o022) -> None:
    ran = scan(tree, base, "--policies", weak, "--profile", WEAK, umask=umask)
    assert ran.code == 0, ran.err


def scopes(base: Path) -> list[Path]:
    return sorted((base / "auditor" / "results").iterdir())


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077])
def test_every_folder_is_ours_alone(tree: Path, base: Path, umask: int) -> None:
    strict(tree, base, umask)
    found = {
        str(path.relative_to(base)): stat.S_IMODE(path.stat().st_mode) for path in base.rglob("*")
    }
    folders = {name: mode for name, mode in found.items() if (base / name).is_dir()}
    assert {"auditor", "auditor/policy", "auditor/results"} < folders.keys()
    assert set(folders.values()) == {0o700}
    assert {mode for name, mode in found.items() if name not in folders} == {0o600}


def test_a_missing_base_is_made_for_us_alone(tree: Path, base: Path) -> None:
    strict(tree, base / "one" / "two", 0o000)
    assert {stat.S_IMODE((base / name).stat().st_mode) for name in ("one", "one/two")} == {0o700}


def swap(weak: Path, strict: Path) -> None:
    """Move the folder of the scope that passed to the name of the one that fails."""
    strict.rename(strict.with_name("away"))
    weak.rename(strict)


def test_others_cannot_move_what_we_found(tree: Path, base: Path, weak: Path) -> None:
    """With no umask at all, everything from our name down is out of their reach."""
    before = strict(tree, base, 0o000)
    (ours,) = scopes(base)
    passes(tree, base, weak, 0o000)
    (other,) = set(scopes(base)) - {ours}
    assert as_another(lambda: swap(other, ours)) == "PermissionError"
    after = strict(tree, base, 0o000)
    assert (after.code, after.out, after.err) == (1, before.out, "")


def test_what_was_moved_all_the_same_is_not_believed(tree: Path, base: Path, weak: Path) -> None:
    before = strict(tree, base)
    (ours,) = scopes(base)
    passes(tree, base, weak)
    (other,) = set(scopes(base)) - {ours}
    swap(other, ours)
    after = strict(tree, base)
    assert (after.code, after.out) == (1, before.out)


def told(ran: Ran, reason: str) -> bool:
    """Whether it was said once, with a hint."""
    first, second, *rest = ran.err.splitlines()
    return (
        first.startswith("no cache for this run: ")
        and reason in first
        and second.startswith("hint: ")
        and not rest
    )


def test_a_folder_that_another_user_made_first(tree: Path, base: Path, weak: Path) -> None:
    """Their folder in a place for everybody: nothing is read there, and nothing written."""
    folder = base / "auditor" / "results"
    assert as_another(lambda: folder.mkdir(parents=True)) == ""
    ran = strict(tree, base)
    assert ran.code == 1
    assert told(ran, f"{base}/auditor belongs to another user (uid {OTHER})")
    passes(tree, base, weak)
    assert list(folder.iterdir()) == []
    assert not (base / "auditor" / "policy").exists()


@pytest.mark.parametrize("name", ["auditor", "auditor/policy", "auditor/results", "a scope"])
@pytest.mark.parametrize(
    "spoil", ["given away", "a link", "writable for the group", "writable for all"]
)
def test_each_folder_is_looked_at(
    tree: Path, base: Path, tmp_path: Path, name: str, spoil: str
) -> None:
    strict(tree, base)
    place = scopes(base)[0] if name == "a scope" else base / name
    if spoil == "given away":
        if os.geteuid():
            pytest.skip("NOT TRIED: only root can give a folder away")
        os.chown(place, OTHER, -1)
        reason = f"{place} belongs to another user"
    elif spoil == "a link":
        shutil.move(place, tmp_path / "elsewhere")
        place.symlink_to(tmp_path / "elsewhere")
        reason = f"{place} is a link"
    else:
        place.chmod(0o770 if "group" in spoil else 0o702)
        reason = f"others may write to {place}"
    before = sorted((str(path), path.lstat().st_mtime_ns) for path in tmp_path.rglob("*"))
    ran = strict(tree, base)
    assert ran.code == 1
    assert told(ran, reason)
    after = sorted((str(path), path.lstat().st_mtime_ns) for path in tmp_path.rglob("*"))
    assert after == before, "nothing is written there"


def test_a_file_in_place_of_a_folder(tree: Path, base: Path) -> None:
    (base / "auditor").write_text("")
    ran = strict(tree, base)
    assert ran.code == 1
    assert told(ran, f"{base}/auditor is not a folder")


def test_a_relative_place_is_none(tree: Path, tmp_path: Path) -> None:
    """It would be in what is audited, and come with it (XDG Base Directory Specification)."""
    env = {"XDG_CACHE_HOME": "cache", "HOME": "home"}
    ran = auditor("scan", ".", "-q", cwd=tree, env=env)
    assert (ran.code, ran.err) == (1, "")
    assert [path.name for path in tree.iterdir()] == ["pod.yaml"]
