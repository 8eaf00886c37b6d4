"""What is shipped of the policies is what they are, and nothing once anything was changed."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from auditor.cel import DYN, Environment
from auditor.platforms import PLATFORMS
from auditor.policy import PolicySet, load
from auditor.policy.build import build
from auditor.policy.compile import VARIABLES, packed_programs
from auditor.policy.policyset import digest_files, read_files
from auditor.policy.read import read_policy
from auditor.policy.shipped import Shipped
from tests.unit.policy.making import FILES, write

POLICIES = Path(__file__).parents[3] / "policies"
NAMES = [each.name for each in PLATFORMS]


@pytest.fixture
def policy(tmp_path: Path) -> PolicySet:
    return load((write(tmp_path / "policies", FILES),))


@pytest.fixture
def package(tmp_path: Path, policy: PolicySet) -> Path:
    """A package with two sources and what they made of the policies."""
    folder = tmp_path / "auditor"
    for name in ("cel", "policy"):
        (folder / name).mkdir(parents=True)
        (folder / name / "reading.py").write_text("FORMAT = 1\n")
    assert build(tmp_path / "policies", folder).digest == policy.digest
    return folder


@pytest.mark.bulk
def test_the_policies_of_this_checkout() -> None:
    """Whether or not something is shipped beside these sources, it is what reading them gives."""
    files = read_files((POLICIES,))
    read = read_policy((POLICIES,), files, digest_files(files))
    loaded = load((POLICIES,))
    assert loaded == read
    assert msgspec.json.encode(loaded) == msgspec.json.encode(read), "in another order"
    environment = Environment(dict.fromkeys(VARIABLES, DYN))
    packed = packed_programs(read)
    assert len(packed) > 400
    for name, data in packed.items():
        program = environment.unpack(data)
        assert name.endswith(f"\0{program.source}")
        assert callable(program.fast)
    found = Shipped().programs(read.digest, NAMES)
    assert found in ({}, packed)


def test_it_is_found_again(package: Path, policy: PolicySet) -> None:
    data = Shipped(package).policy(policy.digest, NAMES)
    assert data is not None
    assert msgspec.msgpack.decode(data, type=PolicySet) == policy
    assert Shipped(package).programs(policy.digest, NAMES) == packed_programs(policy)


def test_the_same_is_built_again(package: Path, tmp_path: Path) -> None:
    (found,) = package.glob("*.bin")
    before = found.read_bytes()
    build(tmp_path / "policies", package)
    assert found.read_bytes() == before
    assert [path.name for path in package.iterdir() if path.is_file()] == [found.name]


def source_changed(package: Path) -> None:
    (package / "cel" / "reading.py").write_text("FORMAT = 2\n")


def source_added(package: Path) -> None:
    (package / "policy" / "more.py").write_text("")


def source_renamed(package: Path) -> None:
    (package / "policy" / "reading.py").rename(package / "policy" / "writing.py")


def cut(package: Path) -> None:
    (found,) = package.glob("*.bin")
    found.write_bytes(found.read_bytes()[:-7])


def empty(package: Path) -> None:
    (found,) = package.glob("*.bin")
    found.write_bytes(b"")


def taken_away(package: Path) -> None:
    (found,) = package.glob("*.bin")
    found.unlink()


@pytest.mark.parametrize(
    "change", [source_changed, source_added, source_renamed, cut, empty, taken_away]
)
def test_nothing_is_shipped_once_it_was_changed(
    package: Path, policy: PolicySet, change: object
) -> None:
    assert callable(change)
    change(package)
    assert Shipped(package).policy(policy.digest, NAMES) is None
    assert Shipped(package).begun(policy.digest, NAMES) is None
    assert Shipped(package).programs(policy.digest, NAMES) == {}


def test_nothing_is_shipped_for_others(package: Path, policy: PolicySet) -> None:
    assert Shipped(package).policy("sha256:other", NAMES) is None
    assert Shipped(package).begun(policy.digest, NAMES[1:]) is None
    assert Shipped(package).programs(policy.digest, [*NAMES, "toy"]) == {}
