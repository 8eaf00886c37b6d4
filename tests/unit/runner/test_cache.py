"""The cache of results: what it gives back, when it knows nothing, and what it never believes."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.enums import GapCause
from auditor.model.resource import Gap
from auditor.policy import CacheFolder
from auditor.runner.cache import FileResult, ResultCache, open_cache, prune
from tests.sweeps import examples

RESULT = FileResult(
    lines=[b"a\tb\t1\t{\t}"],
    tally=b"\x01\x02",
    gaps=[Gap("t", "a.yaml", GapCause.MALFORMED, "odd", line=3)],
    rows=[b'analysis\t["ml"]\ttag\t[null,{}]\n'],
    census=[("k8s/Namespace", 1)],
    evaluated=[("k8s/Namespace", 1)],
    others=[("a.yaml", 3)],
    skipped=2,
)


def at(path: Path, stamp: str = "scope") -> ResultCache:
    return ResultCache(CacheFolder(path.parent.parent, (path.parent.name,)), path.name, stamp)


def filled(path: Path, stamp: str = "scope") -> ResultCache:
    cache = at(path, stamp)
    cache.put("a.yaml", "sha256:1", RESULT)
    cache.save()
    return at(path, stamp)


def below(folder: Path) -> CacheFolder:
    return CacheFolder(folder.parent, (folder.name,))


def test_a_result_comes_back_whole(tmp_path: Path) -> None:
    assert filled(tmp_path / "c.bin").get("a.yaml", "sha256:1") == RESULT


@pytest.mark.parametrize(
    ("source", "digest"),
    [
        pytest.param("b.yaml", "sha256:1", id="another path"),
        pytest.param("a.yaml", "sha256:2", id="another content"),
    ],
)
def test_what_is_not_known(tmp_path: Path, source: str, digest: str) -> None:
    assert filled(tmp_path / "c.bin").get(source, digest) is None


def test_what_was_not_used_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "c.bin"
    cache = filled(path)
    cache.put("b.yaml", "sha256:2", RESULT)
    cache.save()
    again = at(path)
    assert again.get("a.yaml", "sha256:1") is None
    assert again.get("b.yaml", "sha256:2") == RESULT


def test_nothing_is_written_when_nothing_changed(tmp_path: Path) -> None:
    path = tmp_path / "c.bin"
    cache = filled(path)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    cache.get("a.yaml", "sha256:1")
    cache.save()
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def written(folder: Path) -> dict[str, int]:
    """The files of a folder, each as it was written."""
    return {path.name: path.stat().st_ino for path in folder.iterdir()}


def used(path: Path, *sources: str) -> set[str]:
    """Take what is known of some sources, and put the others; which were known."""
    cache = at(path)
    known = {source for source in sources if cache.get(source, "sha256:1") == RESULT}
    for source in sources:
        if source not in known:
            cache.put(source, "sha256:1", RESULT)
    cache.save()
    return known


def test_what_little_changed_is_written_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.bin"
    many = [f"{number}.yaml" for number in range(40)]
    assert used(path, *many) == set()
    before = written(tmp_path)
    assert used(path, *many[1:], "new") == set(many[1:])
    assert written(tmp_path).keys() == {"c.bin", "c.new.bin"}
    assert written(tmp_path)["c.bin"] == before["c.bin"]
    after = written(tmp_path)
    assert used(path, *many[1:], "new") == {*many[1:], "new"}
    assert written(tmp_path) == after, "nothing changed since"
    assert used(path, *many[10:], "new") == {*many[10:], "new"}
    assert written(tmp_path).keys() == {"c.bin"}, "too much is not used any more"
    assert used(path, *many) == set(many[10:])


EACH, HEADS = 260, 300
"""More than the bytes of a result with its key, and of what is in two files beside results."""
SOURCES = st.sets(st.integers(0, 30).map(str))


@given(st.lists(SOURCES, max_size=6))
@examples(100)
def test_what_was_used_last_is_known(
    tmp_path_factory: pytest.TempPathFactory, scans: list[set[str]]
) -> None:
    """Of what was used before that, something may be left: as much as is written beside."""
    path = tmp_path_factory.mktemp("scans") / "c.bin"
    last: set[str] = set()
    for scan in scans:
        known = used(path, *sorted(scan))
        assert last & scan <= known
        last = scan
        bytes_of = {file.name: file.stat().st_size for file in path.parent.iterdir()}
        assert sum(bytes_of.values()) <= HEADS + len(scan) * EACH * 9 / 7, bytes_of


def test_damage_beside_costs_what_is_beside(tmp_path: Path) -> None:
    path = tmp_path / "c.bin"
    many = [f"{number}.yaml" for number in range(40)]
    used(path, *many)
    used(path, *many, "new")
    beside = tmp_path / "c.new.bin"
    beside.write_bytes(beside.read_bytes()[:-1] + b"!")
    assert used(path, *many, "new") == set(many)
    path.write_bytes(b"")
    assert used(path, *many, "new") == {"new"}
    assert written(tmp_path).keys() == {"c.bin"}


def test_scopes_and_shards_are_apart(tmp_path: Path) -> None:
    with open_cache(below(tmp_path), "one", 0) as cache:
        assert cache is not None
        cache.put("a.yaml", "sha256:1", RESULT)
    for scope, shard, expected in (("one", 0, RESULT), ("two", 0, None), ("one", 1, None)):
        with open_cache(below(tmp_path), scope, shard) as cache:
            assert cache is not None
            assert cache.get("a.yaml", "sha256:1") == expected
    with open_cache(None, "one", 0) as cache:
        assert cache is None


def test_a_failed_shard_is_not_saved(tmp_path: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), open_cache(below(tmp_path), "one", 0) as cache:
        assert cache is not None
        cache.put("a.yaml", "sha256:1", RESULT)
        raise ZeroDivisionError
    assert list(tmp_path.rglob("*.bin")) == []


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_what_others_could_have_written_is_not_believed(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "c.bin"
    filled(path)
    path.chmod(mode)
    assert at(path).get("a.yaml", "sha256:1") is None


def test_what_others_own_is_not_believed(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    path = tmp_path / "c.bin"
    filled(path)
    os.chown(path, 12345, -1)
    assert at(path).get("a.yaml", "sha256:1") is None


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    filled(tmp_path / "c.bin")
    (tmp_path / "link.bin").symlink_to("c.bin")
    assert at(tmp_path / "link.bin").get("a.yaml", "sha256:1") is None


def test_a_folder_that_cannot_be_made_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = at(tmp_path / "file" / "c.bin")
    cache.put("a.yaml", "sha256:1", RESULT)
    cache.save()


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4), st.booleans())
@examples(150)
def test_damage_is_survived(
    tmp_path_factory: pytest.TempPathFactory, place: int, damage: bytes, cut: object
) -> None:
    """What was damaged says nothing."""
    path = tmp_path_factory.getbasetemp() / "damaged" / "c.bin"
    filled(path)
    data = path.read_bytes()
    start = place % len(data)
    spoiled = data[:start] + damage + (b"" if cut else data[start + len(damage) :])
    path.write_bytes(spoiled)
    known = at(path).get("a.yaml", "sha256:1")
    assert known == (RESULT if spoiled == data else None)


def test_what_is_of_another_scope_is_not_believed(tmp_path: Path) -> None:
    """A whole file of ours, moved to another name: it says inside what it is for."""
    filled(tmp_path / "weak" / "c.bin", "weak")
    (tmp_path / "weak").rename(tmp_path / "strict")
    assert at(tmp_path / "strict" / "c.bin", "strict").get("a.yaml", "sha256:1") is None
    assert at(tmp_path / "strict" / "c.bin", "weak").get("a.yaml", "sha256:1") == RESULT


def test_what_is_of_another_shard_is_not_believed(tmp_path: Path) -> None:
    with open_cache(below(tmp_path), "one", 0) as cache:
        assert cache is not None
        cache.put("a.yaml", "sha256:1", RESULT)
    (file,) = tmp_path.rglob("*.bin")
    file.rename(file.with_name("000001.bin"))
    with open_cache(below(tmp_path), "one", 1) as cache:
        assert cache is not None
        assert cache.get("a.yaml", "sha256:1") is None


def test_the_scopes_used_last_stay(tmp_path: Path) -> None:
    for age, name in enumerate(("new", "middle", "old")):
        filled(tmp_path / name / "000000.bin")
        os.utime(tmp_path / name, (10_000 - age, 10_000 - age))
    (tmp_path / "link").symlink_to(tmp_path / "old")
    each = (tmp_path / "new" / "000000.bin").stat().st_size
    prune(below(tmp_path), 2 * each)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "middle", "new"]
    prune(below(tmp_path), 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link"]
    prune(below(tmp_path / "nowhere"))


def test_using_a_scope_makes_it_young(tmp_path: Path) -> None:
    for name in ("used", "unused"):
        filled(tmp_path / name / "000000.bin")
        os.utime(tmp_path / name, (10_000, 10_000))
    cache = at(tmp_path / "used" / "000000.bin")
    assert cache.get("a.yaml", "sha256:1") == RESULT
    cache.save()
    prune(below(tmp_path), (tmp_path / "used" / "000000.bin").stat().st_size)
    assert [path.name for path in tmp_path.iterdir()] == ["used"]
