"""The cache of policies: equal to what was read, never trusted, never worth failing for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from auditor.cel import Environment
from auditor.errors import PolicyErrors
from auditor.platforms import PLATFORMS
from auditor.policy import (
    CacheFolder,
    ProgramCache,
    cache_name,
    cache_stamp,
    compile_profile,
    load,
    policies_folder,
    resolve,
)
from auditor.policy.compile import packed_programs
from auditor.policy.policyset import PolicySet
from tests.unit.policy.making import FILES, RULE, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "ours", FILES)


@pytest.fixture
def cache(tmp_path: Path) -> CacheFolder:
    return CacheFolder(tmp_path, ("cache",))


def place(cache: CacheFolder) -> Path:
    return cache.base.joinpath(*cache.names)


def only_file(cache: CacheFolder) -> Path:
    (path,) = place(cache).iterdir()
    return path


def changed(cache: CacheFolder, folder: Path, change: Callable[[PolicySet], PolicySet]) -> None:
    """Change what a cache file says, as we alone could."""
    digest = load((folder,)).digest
    known = " ".join(platform.name for platform in PLATFORMS)
    name, stamp = cache_name(digest, "policy"), cache_stamp(digest, f"policy {known}")
    data = cache.read(name, stamp)
    assert data is not None
    shown, policy = msgspec.msgpack.decode(data, type=tuple[list[str], PolicySet])
    cache.write(name, stamp, msgspec.msgpack.encode((shown, change(policy))))


def titled(cache: CacheFolder, folder: Path, title: str = "from the cache") -> None:
    def change(policy: PolicySet) -> PolicySet:
        rules = {
            name: msgspec.structs.replace(rule, title=title) for name, rule in policy.rules.items()
        }
        return msgspec.structs.replace(policy, rules=rules)

    changed(cache, folder, change)


@pytest.mark.bulk
def test_shipped_policies_come_back_equal(cache: CacheFolder) -> None:
    first = load((policies_folder(),), cache)
    assert load((policies_folder(),), cache) == first == load((policies_folder(),))


def test_the_cache_is_used(folder: Path, cache: CacheFolder) -> None:
    load((folder,), cache)
    titled(cache, folder)
    assert load((folder,), cache).rules["acme-bad"].title == "from the cache"
    assert load((folder,)).rules["acme-bad"].title == "Something is bad"


def test_only_its_owner_may_look(folder: Path, cache: CacheFolder) -> None:
    load((folder,), cache)
    assert (place(cache).stat().st_mode & 0o777, only_file(cache).stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )


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


def alter(path: Path) -> None:
    """One letter of a title."""
    data = path.read_bytes()
    assert b"from the cache" in data
    path.write_bytes(data.replace(b"from the cache", b"frem the cache"))


def of_another_version(path: Path) -> None:
    """What another program wrote under this name, whole and with its digest."""
    cache = CacheFolder(path.parent.parent, (path.parent.name,))
    whole = path.read_bytes()
    cache.write(path.name, "policy 0.0.1 1 sha256:0", whole[whole.index(b"\x92") :])


@pytest.mark.parametrize(
    "spoil",
    [make_writable, make_link, make_pipe, give_away, cut, fill, empty, alter, of_another_version],
)
def test_a_file_that_is_not_ours_or_not_whole_is_none(
    folder: Path, cache: CacheFolder, spoil: Callable[[Path], None]
) -> None:
    load((folder,), cache)
    titled(cache, folder)
    spoil(only_file(cache))
    assert load((folder,), cache).rules["acme-bad"].title == "Something is bad"


def test_a_policy_of_another_digest_is_none(folder: Path, cache: CacheFolder) -> None:
    load((folder,), cache)
    titled(cache, folder)
    changed(cache, folder, lambda policy: msgspec.structs.replace(policy, digest="sha256:0"))
    assert load((folder,), cache).rules["acme-bad"].title == "Something is bad"


def test_a_folder_with_nothing_in_it_is_noticed(folder: Path, cache: CacheFolder) -> None:
    load((folder,), cache)
    (folder.parent / "empty").mkdir()
    with pytest.raises(PolicyErrors) as caught:
        load((folder, folder.parent / "empty"), cache)
    assert [error.message for error in caught.value.errors] == ["no policy files"]


def test_other_content_is_another_file(folder: Path, cache: CacheFolder) -> None:
    load((folder,), cache)
    titled(cache, folder)
    write(folder, {"rules/acme-bad.yaml": RULE.replace("is bad", "is worse")})
    assert load((folder,), cache).rules["acme-bad"].title == "Something is worse"


def test_a_new_file_is_noticed(folder: Path, cache: CacheFolder) -> None:
    load((folder,), cache)
    write(folder, {"rules/acme-more.yml": RULE})
    with pytest.raises(PolicyErrors):
        load((folder,), cache)


def test_places_are_those_of_the_folder_as_given(
    tmp_path: Path, folder: Path, cache: CacheFolder
) -> None:
    rule = RULE.replace("acme-bad", "their-bad").replace("aliases: [acme-old]\n", "")
    for name in ("one", "two"):
        theirs = write(tmp_path / name, {"rules/their-bad.yaml": rule})
        policy = load((folder, theirs), cache)
        place = policy.rules["their-bad"].location.file
        assert place == str(theirs / "rules/their-bad.yaml")


def test_wrong_policies_are_not_remembered(folder: Path, cache: CacheFolder) -> None:
    write(folder, {"rules/acme-bad.yaml": RULE.replace("high", "hihg")})
    for _ in range(2):
        with pytest.raises(PolicyErrors):
            load((folder,), cache)
    assert not place(cache).exists()


def test_a_cache_that_cannot_be_written(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = CacheFolder(tmp_path, ("file",))
    assert load((folder,), cache).rules["acme-bad"].title == "Something is bad"


def test_programs_come_back_and_are_not_trusted_either(folder: Path, cache: CacheFolder) -> None:
    resolved = resolve(load((folder,)), "acme", {})
    compile_profile(resolved, ProgramCache(cache, "x.programs", "x"))
    path = only_file(cache)
    before = path.stat().st_ino
    compile_profile(resolved, ProgramCache(cache, "x.programs", "x"))
    assert path.stat().st_ino == before
    path.chmod(0o620)
    compile_profile(resolved, ProgramCache(cache, "x.programs", "x"))
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"\x80")
    found = compile_profile(resolved, ProgramCache(cache, "x.programs", "x"))
    assert found.rules[0].rule.id == "acme-bad"


def test_programs_of_another_policy_are_not_run(folder: Path, cache: CacheFolder) -> None:
    """They are code: under the name of another policy, or version, they are none."""
    resolved = resolve(load((folder,)), "acme", {})
    key = "bool\0true"
    theirs = ProgramCache(cache, "x.programs", cache_stamp("sha256:theirs", "programs"))
    environment = Environment({})
    theirs.put(key, environment.compile("true"))
    theirs.save()
    assert theirs.get(key, environment) is None, "only what was there is given"
    again = ProgramCache(cache, "x.programs", cache_stamp("sha256:theirs", "programs"))
    assert again.get(key, environment) is not None
    ours = ProgramCache(cache, "x.programs", cache_stamp("sha256:ours", "programs"))
    assert ours.get(key, environment) is None
    assert compile_profile(resolved, ours).rules[0].rule.id == "acme-bad"


def test_what_was_shipped_is_not_written_again(folder: Path, cache: CacheFolder) -> None:
    packed = packed_programs(load((folder,)))
    resolved = resolve(load((folder,)), "acme", {})
    found = compile_profile(resolved, ProgramCache(cache, "x.programs", "x", lambda: packed))
    assert found.rules[0].check.run({"spec": {"replicas": 1}}, None, {"least": 1}) is True
    assert not place(cache).exists()
