"""A prepared profile that was kept is what preparing it gives, and is of nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from auditor.analysis.analyses import Table
from auditor.analysis.table import ANALYSES
from auditor.analysis.unloaded import OfObjects
from auditor.cli.wiring import SHIPPED
from auditor.errors import PolicyErrors, UsageError
from auditor.model.policy import Rule
from auditor.policy import CacheFolder, policies_folder
from auditor.policy.compiled import ActiveRule
from auditor.runner.job import Prepared, prepared
from auditor.runner.kept import sources
from auditor.runner.settings import Chosen
from tests.unit.policy.making import FILES, RULE, write


@pytest.fixture
def cache(tmp_path: Path) -> CacheFolder:
    return CacheFolder(tmp_path, ("cache",))


@pytest.fixture
def chosen(tmp_path: Path, cache: CacheFolder) -> Chosen:
    return Chosen((write(tmp_path / "ours", FILES),), "acme", cache=cache)


def ran(chosen: Chosen) -> Prepared:
    """Prepare a profile, and end the run."""
    ready = prepared(chosen)
    ready.programs.learn()
    return ready


def profiles(cache: CacheFolder) -> list[Path]:
    return sorted(cache.base.joinpath(*cache.names).glob("*.profile"))


def told(active: ActiveRule) -> tuple[object, ...]:
    """All of a rule that judging goes by, with the types of values."""
    programs = [
        None if each is None else each.pack()
        for each in (active.each, active.when, active.check, *active.message.programs())
    ]
    texts = [each for each in active.message.parts if isinstance(each, str)]
    rule: Rule = msgspec.structs.replace(active.rule, examples=())
    return rule, active.severity, repr(active.params), programs, texts


def same(one: Prepared, other: Prepared) -> None:
    ours, theirs = one.profile, other.profile
    assert list(map(told, ours.rules)) == list(map(told, theirs.rules))
    assert one.sources == other.sources
    for name in ours.__struct_fields__:
        if name not in {"rules", "platforms"}:
            mine = getattr(ours, name)
            assert msgspec.json.encode(mine) == msgspec.json.encode(getattr(theirs, name)), name
    assert ours.platforms is theirs.platforms
    assert one.wanted == other.wanted


@pytest.mark.parametrize(
    ("profile", "parameters"),
    [("ai-platform", ()), ("pod-security-restricted", (("version", "1.30"),)), ("gpu-tenancy", ())],
)
def test_profiles_that_are_shipped(
    cache: CacheFolder, profile: str, parameters: tuple[tuple[str, str], ...]
) -> None:
    chosen = Chosen(
        (policies_folder(),), profile, parameters, cache, SHIPPED.platforms, SHIPPED.analyses
    )
    first = ran(chosen)
    assert len(profiles(cache)) == 1
    again = prepared(chosen)
    assert again.profile.rules[0].rule.examples == (), "it is the one that was kept"
    assert first.profile.rules[0].rule.examples
    same(first, again)


def test_rules_of_a_user(chosen: Chosen) -> None:
    first = ran(chosen)
    again = prepared(chosen)
    same(first, again)
    assert again.profile.rules[0].params == {"least": 4}
    assert again.profile.rules[0].check.run({"spec": {"replicas": 4}}, None, {"least": 4}) is True


def of_another_policy(chosen: Chosen) -> Chosen:
    place = chosen.folders[0] / "rules" / "acme-bad.yaml"
    place = place if place.exists() else next(chosen.folders[0].rglob("acme-bad.yaml"))
    place.write_text(place.read_text().replace(">= params.least", "> params.least"))
    return chosen


def by_other_parameters(chosen: Chosen) -> Chosen:
    return msgspec.structs.replace(chosen, parameters=(("least", "5"),))


def by_other_analyses(chosen: Chosen) -> Chosen:
    fewer = Table(ANALYSES.of_objects, ANALYSES.joining[1:], ANALYSES.completing)
    return msgspec.structs.replace(chosen, analyses=fewer)


def damaged(chosen: Chosen) -> Chosen:
    assert chosen.cache is not None
    for path in profiles(chosen.cache):
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    return chosen


def that_others_write(chosen: Chosen) -> Chosen:
    assert chosen.cache is not None
    for path in profiles(chosen.cache):
        path.chmod(0o666)
    return chosen


def without_a_cache(chosen: Chosen) -> Chosen:
    return msgspec.structs.replace(chosen, cache=None)


OTHERS = (
    *(of_another_policy, by_other_parameters, by_other_analyses),
    *(damaged, that_others_write, without_a_cache),
)


@pytest.mark.parametrize("change", OTHERS)
def test_of_anything_else_it_is_none(chosen: Chosen, change: Callable[[Chosen], Chosen]) -> None:
    ran(chosen)
    assert prepared(chosen).profile.rules[0].rule.examples == ()
    other = change(chosen)
    found = prepared(other)
    assert found.profile.rules[0].rule.examples, "it was prepared anew"
    same(found, prepared(msgspec.structs.replace(other, cache=None)))


def test_of_other_sources_it_is_none(tmp_path: Path) -> None:
    """What analyses say of themselves is in the file, and follows from them."""
    place = tmp_path / "analysis" / "gpu" / "rows.py"
    place.parent.mkdir(parents=True)
    place.write_text("reads = 1")
    before = sources(tmp_path)
    (place.parent / "__pycache__").mkdir()
    (place.parent / "__pycache__" / "rows.py").write_text("made of it")
    assert sources(tmp_path) == before
    os.utime(place, ns=(1, 1))
    after = sources(tmp_path)
    place.write_text("reads = 12")
    os.utime(place, ns=(1, 1))
    assert len({before, after, sources(tmp_path), sources(tmp_path / "archive.zip")}) == 4


def test_what_was_kept_loads_what_is_called(cache: CacheFolder) -> None:
    chosen = Chosen((policies_folder(),), "gpu-tenancy", cache=cache)
    first = ran(chosen).analyses
    again = prepared(chosen).analyses
    assert [each.id for each in again.all] == [each.id for each in first.all]
    assert not any(isinstance(each, OfObjects) for each in first.of_objects)
    assert all(isinstance(each, OfObjects) for each in again.of_objects)


def test_of_a_folder_that_was_moved_it_is_none(chosen: Chosen, tmp_path: Path) -> None:
    """Its name stands in the places of its rules."""
    rule = RULE.replace("acme-bad", "acme-more").replace("acme-old", "acme-oldest")
    more = write(tmp_path / "more", {"rules/acme-more.yaml": rule})
    ran(msgspec.structs.replace(chosen, folders=(*chosen.folders, more)))
    moved = more.rename(tmp_path / "moved")
    found = prepared(msgspec.structs.replace(chosen, folders=(*chosen.folders, moved)))
    places = [active.rule.location.file for active in found.profile.rules]
    assert str(moved / "rules/acme-more.yaml") in places


def test_one_file_for_a_profile(chosen: Chosen, cache: CacheFolder) -> None:
    for least in ("3", "5", "7"):
        ready = ran(msgspec.structs.replace(chosen, parameters=(("least", least),)))
        assert ready.profile.rules[0].params == {"least": 4}
    assert len(profiles(cache)) == 1


def test_what_is_wrong_is_said_by_each_run(chosen: Chosen, cache: CacheFolder) -> None:
    ran(chosen)
    for _ in range(2):
        with pytest.raises(UsageError, match="no profile is called acne"):
            prepared(msgspec.structs.replace(chosen, profile="acne"))
        with pytest.raises(UsageError, match="no selected rule has a parameter"):
            prepared(msgspec.structs.replace(chosen, parameters=(("most", "1"),)))
    of_another_policy(chosen)
    (rule,) = chosen.folders[0].rglob("acme-bad.yaml")
    rule.write_text(rule.read_text().replace("check: object", "check: obiect"))
    with pytest.raises(PolicyErrors):
        prepared(chosen)
    assert len(profiles(cache)) == 1


def test_code_is_kept_once_it_was_made(cache: CacheFolder) -> None:
    """Of what was shipped: what a user wrote is compiled when it is read."""
    chosen = Chosen((policies_folder(),), "pod-security-baseline", cache=cache)
    first = prepared(chosen)
    check = first.profile.rules[0].check
    first.programs.complete()
    assert not check.learnt, "the first run may be the only one"
    first.programs.learn()
    (path,) = profiles(cache)
    before = path.stat().st_ino
    second = prepared(chosen)
    second.programs.learn()
    assert path.stat().st_ino == before, "there was nothing to learn"
    small = path.stat().st_size
    second.programs.complete()
    second.programs.learn()
    assert path.stat().st_size >= small
    third = prepared(chosen)
    third.programs.complete()
    assert not any(active.check.learnt for active in third.profile.rules)
