"""The cache of policies: equal to what was read, never trusted, never worth failing for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from auditor.errors import PolicyErrors
from auditor.policy import ProgramCache, compile_profile, load, policies_folder, resolve
from auditor.policy.policyset import PolicySet
from tests.unit.policy.making import FILES, RULE, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "ours", FILES)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def only_file(cache: Path) -> Path:
    (path,) = cache.iterdir()
    return path


def titled(path: Path, title: str) -> None:
    """Change what a cache file says, as someone with an interest in it would."""
    shown, policy = msgspec.msgpack.decode(path.read_bytes(), type=tuple[list[str], PolicySet])
    rules = {
        name: msgspec.structs.replace(rule, title=title) for name, rule in policy.rules.items()
    }
    changed = msgspec.structs.replace(policy, rules=rules)
    path.write_bytes(msgspec.msgpack.encode((shown, changed)))


def test_shipped_policies_come_back_equal(cache: Path) -> None:
    first = load((policies_folder(),), cache)
    assert load((policies_folder(),), cache) == first == load((policies_folder(),))


def test_the_cache_is_used(folder: Path, cache: Path) -> None:
    load((folder,), cache)
    titled(only_file(cache), "from the cache")
    assert load((folder,), cache).rules["acme-bad"].title == "from the cache"
    assert load((folder,)).rules["acme-bad"].title == "Something is bad"


def test_only_its_owner_may_look(folder: Path, cache: Path) -> None:
    load((folder,), cache)
    assert (cache.stat().st_mode & 0o777, only_file(cache).stat().st_mode & 0o777) == (0o700, 0o600)


def make_writable(path: Path) -> None:
    path.chmod(0o602)


def make_link(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def give_away(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(path, 12345, -1)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def fill(path: Path) -> None:
    path.write_bytes(b"\xff" * 1000)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def other_digest(path: Path) -> None:
    shown, policy = msgspec.msgpack.decode(path.read_bytes(), type=tuple[list[str], PolicySet])
    changed = msgspec.structs.replace(policy, digest="sha256:0")
    path.write_bytes(msgspec.msgpack.encode((shown, changed)))


@pytest.mark.parametrize(
    "spoil", [make_writable, make_link, make_pipe, give_away, cut, fill, empty, other_digest]
)
def test_a_file_that_is_not_ours_or_not_whole_is_none(
    folder: Path, cache: Path, spoil: Callable[[Path], None]
) -> None:
    load((folder,), cache)
    titled(only_file(cache), "from the cache")
    spoil(only_file(cache))
    assert load((folder,), cache).rules["acme-bad"].title == "Something is bad"


def test_other_content_is_another_file(folder: Path, cache: Path) -> None:
    load((folder,), cache)
    titled(only_file(cache), "from the cache")
    write(folder, {"rules/acme-bad.yaml": RULE.replace("is bad", "is worse")})
    assert load((folder,), cache).rules["acme-bad"].title == "Something is worse"


def test_a_new_file_is_noticed(folder: Path, cache: Path) -> None:
    load((folder,), cache)
    write(folder, {"rules/acme-more.yml": RULE})
    with pytest.raises(PolicyErrors):
        load((folder,), cache)


def test_places_are_those_of_the_folder_as_given(tmp_path: Path, folder: Path, cache: Path) -> None:
    rule = RULE.replace("acme-bad", "their-bad").replace("aliases: [acme-old]\n", "")
    for name in ("one", "two"):
        theirs = write(tmp_path / name, {"rules/their-bad.yaml": rule})
        policy = load((folder, theirs), cache)
        place = policy.rules["their-bad"].location.file
        assert place == str(theirs / "rules/their-bad.yaml")


def test_wrong_policies_are_not_remembered(folder: Path, cache: Path) -> None:
    write(folder, {"rules/acme-bad.yaml": RULE.replace("high", "hihg")})
    for _ in range(2):
        with pytest.raises(PolicyErrors):
            load((folder,), cache)
    assert not cache.exists()


def test_a_cache_that_cannot_be_written(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert load((folder,), tmp_path / "file").rules["acme-bad"].title == "Something is bad"


def test_programs_come_back_and_are_not_trusted_either(folder: Path, cache: Path) -> None:
    policy = load((folder,))
    path = cache / "x.programs"
    resolved = resolve(policy, "acme", {})
    compile_profile(resolved, ProgramCache(path))
    before = path.read_bytes()
    compile_profile(resolved, ProgramCache(path))
    assert path.read_bytes() == before
    path.chmod(0o620)
    compile_profile(resolved, ProgramCache(path))
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"\x80")
    assert compile_profile(resolved, ProgramCache(path)).rules[0].rule.id == "acme-bad"
