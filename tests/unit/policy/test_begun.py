"""Policies of users come to the same, and to the same errors, where ours were read by a build."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random

import msgspec
import pytest

from auditor.errors import PolicyErrors
from auditor.platforms import PLATFORMS, Platforms
from auditor.policy import CacheFolder, Shipped, load, policies_folder
from auditor.policy.begun import begun, pack
from auditor.policy.build import build
from auditor.policy.found import Found
from auditor.policy.policyset import digest_files, first_files, read_files
from auditor.policy.read import read_into
from auditor.policy.shipped import PACKAGE, write_shipped
from auditor.runner.job import compiled_profile
from auditor.runner.settings import Chosen
from tests.cases import every
from tests.sweeps import sweep
from tests.unit.policy.making import FILES, PROFILE, RULE, TENANCY_KEYS, told, write
from tests.unit.policy.test_random_files import spoiled

NAMES = [each.name for each in PLATFORMS]
SAME = """\
framework: same
title: Ours
url: https://acme.example/
controls:
  - {id: "1", title: By a pattern, rules: [acme-*]}
  - {id: "2", title: By a tag, tags: [workload]}
  - {id: "3", title: Through another, controls: ["acme:one"]}
  - {id: "4", title: As another, same-as: "other:one"}
  - {id: "5", title: By hand, decided-by: person, question: Is it?}
"""
OURS: Mapping[str, str] = {
    **FILES,
    "controls/same.yaml": SAME,
    "tables/tenancy-keys.yaml": TENANCY_KEYS.replace("{of: label", "{id: ours, of: label"),
}
THEIR_RULE = RULE.replace("acme-bad", "their-bad").replace("aliases: [acme-old]\n", "")
THEIR_PROFILE = """\
id: theirs
title: Theirs
extends: [acme]
select: [{ids: [their-bad, acme-old]}, {controls: ["same:3"]}]
overrides: [{rule: acme-bad, severity: low, reason: So.}]
parameters: {acme-bad.least: 5}
gate: high
"""
THEIR_CONTROLS = SAME.replace("framework: same", "framework: theirs").replace(
    'same-as: "other:one"', 'same-as: "same:5"'
)
THEIRS: Mapping[str, str] = {
    "rules/their-bad.yaml": THEIR_RULE,
    "profiles/theirs.yaml": THEIR_PROFILE,
    "controls/theirs.yaml": THEIR_CONTROLS,
    "tables/pod-templates.yaml": FILES["tables/pod-templates.yaml"].replace("Trainer", "Other"),
}
WRONG: Mapping[str, tuple[str, str, str]] = {
    "id of ours": ("rules/acme-bad.yaml", "their-bad", "acme-bad"),
    "former id of ours": ("rules/their-bad.yaml", "tags:", "aliases: [acme-old]\ntags:"),
    "id of ours as a former one": ("rules/their-bad.yaml", "tags:", "aliases: [acme-bad]\ntags:"),
    "our former id": ("rules/acme-old.yaml", "their-bad", "acme-old"),
    "profile of ours": ("profiles/acme.yaml", "id: theirs", "id: acme"),
    "framework of ours": ("controls/same.yaml", "framework: theirs", "framework: same"),
    "unknown control": ("rules/their-bad.yaml", "[acme:one]", "[acme:two]"),
    "unknown rule": ("profiles/theirs.yaml", "acme-old", "acme-odl"),
    "unknown rule of an override": ("profiles/theirs.yaml", "rule: acme-bad", "rule: acme-bda"),
    "unknown parent": ("profiles/theirs.yaml", "extends: [acme]", "extends: [acne]"),
    "unknown tag": ("controls/theirs.yaml", "tags: [workload]", "tags: [worklaod]"),
    "pattern that fits none": ("controls/theirs.yaml", "acme-*", "acne-*"),
    "same as one that is the same": ("controls/theirs.yaml", "same:5", "same:4"),
    "selects nothing": ("profiles/theirs.yaml", "same:3", "same:5"),
    "out of bounds": ("profiles/theirs.yaml", "acme-bad.least: 5", "acme-bad.least: 50"),
    "unknown parameter": ("profiles/theirs.yaml", "acme-bad.least", "acme-bad.lest"),
    "expression": ("rules/their-bad.yaml", "check: object", "check: objekt"),
    "no YAML": ("profiles/theirs.yaml", "gate: high", "gate: ["),
    "other suffix": ("profiles/theirs.yml", "gate: high", "gate: low"),
    "id of a tenancy key": ("tables/tenancy-keys.yaml", "", ""),
    "map of ours": ("controls/theirs.yaml", 'controls: ["acme:one"]', 'controls: ["theirs:3"]'),
}
"""A file of theirs, and a text in it with what stands there instead: each is an error."""


def wrong(file: str, old: str, new: str) -> Mapping[str, str]:
    """``THEIRS`` with one thing wrong."""
    if file == "tables/tenancy-keys.yaml":
        return {**THEIRS, file: OURS[file]}
    folder = file.partition("/")[0]
    (before,) = (name for name in THEIRS if name.startswith(folder))
    assert old in THEIRS[before]
    kept = {name: text for name, text in THEIRS.items() if name != before}
    return {**kept, file: THEIRS[before].replace(old, new)}


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("ours"), OURS)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, ours: Path) -> Path:
    """A package in which a build left what is made of our policies."""
    folder = tmp_path_factory.mktemp("package")
    build(ours, folder)
    return folder


def outcome(ours: Path, theirs: Path, shipped: Shipped) -> tuple[bytes, list[str]]:
    """All that loading both comes to: values in their order, or what is wrong."""
    try:
        return msgspec.json.encode(load((ours, theirs), shipped=shipped)), []
    except PolicyErrors as error:
        return b"", [
            f"{line} {each.excerpt}" for line, each in zip(told(error), error.errors, strict=True)
        ]


def same(ours: Path, theirs: Path, package: Path) -> list[str]:
    """What is wrong, which is the same whether or not a build has read what is ours."""
    with_it, without = (outcome(ours, theirs, Shipped(each)) for each in (package, theirs))
    assert with_it == without
    return with_it[1]


def test_it_is_where_reading_would_be(ours: Path, package: Path) -> None:
    files = read_files((ours,))
    read = Found()
    read_into(read, files)
    found = begun(files, PLATFORMS, Shipped(package))
    assert found is not None
    assert found == read
    assert pack(found) == pack(read), "in another order"
    assert begun(files, Platforms(tuple(PLATFORMS)[:1]), Shipped(package)) is None
    assert begun(files[1:], PLATFORMS, Shipped(package)) is None


def test_it_is_what_is_gone_on_from(tmp_path: Path) -> None:
    """What was built says something else here, to tell it from what is read."""
    ours = write(tmp_path / "ours", OURS)
    files = read_files((ours,))
    found = Found()
    read_into(found, files)
    rule = msgspec.structs.replace(found.rules["acme-bad"], title="from the build")
    policy = load((ours,))
    policy = msgspec.structs.replace(policy, rules={**policy.rules, "acme-bad": rule})
    write_shipped(policy, pack(found), {}, NAMES, tmp_path)
    theirs = write(tmp_path / "theirs", THEIRS)
    rules = load((ours, theirs), shipped=Shipped(tmp_path)).rules
    assert rules["acme-bad"].title == "from the build"
    assert "theirs:1" in rules["acme-bad"].controls
    write(ours, {"rules/acme-bad.yaml": RULE + "\n"})
    rules = load((ours, theirs), shipped=Shipped(tmp_path)).rules
    assert rules["acme-bad"].title == "Something is bad"


def test_what_users_have_is_the_same_with_it(ours: Path, package: Path, tmp_path: Path) -> None:
    assert same(ours, write(tmp_path / "theirs", THEIRS), package) == []
    assert same(ours, tmp_path / "nothing", package) != []
    alone = write(tmp_path / "alone", {"profiles/p.yaml": PROFILE.replace("id: acme", "id: p")})
    assert same(ours, alone, package) == []


def test_what_is_wrong_is_the_same_with_it(ours: Path, package: Path, tmp_path: Path) -> None:
    def is_said(case: tuple[str, str, str]) -> None:
        theirs = tmp_path / str(len(list(tmp_path.iterdir())))
        lines = same(ours, write(theirs, wrong(*case)), package)
        assert lines
        assert any(str(theirs / case[0]) in line for line in lines), lines

    every(WRONG, is_said)


@pytest.mark.bulk
@sweep(20, 2000)
def test_what_chance_writes_is_the_same_with_it(
    ours: Path, package: Path, tmp_path: Path, size: int
) -> None:
    random = Random("begun")
    for _ in range(size):
        file = random.choice(list(THEIRS))
        theirs = write(tmp_path, {**THEIRS, file: spoiled(random, THEIRS[file])})
        same(ours, theirs, package)


def on_top(folder: Path) -> tuple[Path, Path]:
    """The shipped policies, and a rule and a profile of a user's."""
    rule = THEIR_RULE.replace("controls: [acme:one]\n", "")
    select = "select: [{ids: [their-bad]}]"
    profile = f"id: theirs\ntitle: Theirs\nextends: [docker-host]\n{select}\ngate: high\n"
    files = {"rules/their-bad.yaml": rule, "profiles/theirs.yaml": profile}
    return policies_folder(), write(folder, files)


def test_the_shipped_policies_with_a_folder_on_top(tmp_path: Path) -> None:
    """Whether or not something was built here, it is the same as all that is read."""
    shipped, theirs = on_top(tmp_path / "theirs")
    assert same(shipped, theirs, PACKAGE) == []


@pytest.mark.bulk
def test_programs_of_ours_are_taken_from_the_build(tmp_path: Path) -> None:
    """What a cache keeps beside them is the user's alone."""
    folders = on_top(tmp_path / "theirs")
    found = compiled_profile(Chosen(folders, "theirs", cache=CacheFolder(tmp_path, ("cache",))))
    built = Shipped().programs(digest_files(first_files(read_files(folders))), NAMES)
    (file,) = (tmp_path / "cache").glob("*.programs")
    kept = file.read_bytes()
    assert b"object.spec.replicas >= params.least" in kept
    ours = [each.check.source for each in found.rules if each.rule.id != "their-bad"]
    assert len(ours) > 20
    assert (max(ours, key=len).encode() in kept) is not bool(built)
