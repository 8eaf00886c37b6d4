"""Rules of a profile share the programs of equal expressions, and nothing that differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import PolicyErrors
from auditor.platforms import PLATFORMS
from auditor.policy import (
    CacheFolder,
    CompiledProfile,
    ProgramCache,
    compile_profile,
    load,
    resolve,
)
from tests.unit.policy.making import FILES, write

CHECK = "object.spec.replicas >= params.least && params.least > 0"
RULES = {
    name: FILES[name].replace("object.spec.replicas >= params.least", CHECK)
    for name in ("rules/acme-bad.yaml", "rules/more/acme-other.yaml")
}
INT = "least: {type: int, default: 2, min: 1, max: 9, description: How many there must be}"
TEXT = "least: {type: string, default: two, description: How many there must be}"
PROFILE = FILES["profiles/acme.yaml"].partition("exclude:")[0] + "gate: high\n"


def compiled(
    folder: Path, cache: ProgramCache | None = None, *edits: tuple[str, str]
) -> CompiledProfile:
    """The profile; ``edits`` are of its second rule."""
    other = RULES["rules/more/acme-other.yaml"]
    for before, after in edits:
        assert before in other
        other = other.replace(before, after)
    more = {"rules/more/acme-other.yaml": other, "profiles/acme.yaml": PROFILE}
    write(folder, {**FILES, **RULES, **more})
    return compile_profile(resolve(load((folder,)), "acme", {}), cache, PLATFORMS)


def test_equal_expressions_are_one_program(tmp_path: Path) -> None:
    one, two = compiled(tmp_path).rules
    assert one.check is two.check
    assert one.when is two.when


@pytest.mark.parametrize("cached", [False, True])
def test_parameters_of_another_type_are_another_program(tmp_path: Path, *, cached: bool) -> None:
    cache = ProgramCache(CacheFolder(tmp_path, ("cache",)), "x.programs", "x") if cached else None
    with pytest.raises(PolicyErrors) as caught:
        compiled(tmp_path / "policy", cache, (INT, TEXT), ("    params: {least: 3}\n", ""))
    (error,) = caught.value.errors
    assert Path(error.location.file).name == "acme-other.yaml"
    assert "params.least > 0" in error.excerpt
