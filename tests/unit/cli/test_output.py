"""What of reports is checked before anything is read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
import pytest

from auditor.cli.output import parse_outputs, refuse_absent
from auditor.cli.wiring import SHIPPED, Extra, Wiring
from auditor.errors import UsageError
from tests.pieces import ROOT


@contextmanager
def started_with(wiring: Wiring) -> Iterator[None]:
    """As a command that was started with other formats."""
    with click.Context(click.Command("x"), obj=wiring).scope():
        yield


def wiring(module: str) -> Wiring:
    formats = {**SHIPPED.formats, "paper": SHIPPED.formats["json"]}
    extras = {"paper": Extra(module, "paper")}
    return msgspec.structs.replace(SHIPPED, formats=formats, extras=extras)


def test_a_format_whose_extra_is_missing_is_told_with_what_brings_it(tmp_path: Path) -> None:
    with started_with(wiring("no_such_module")):
        with pytest.raises(UsageError, match="the format paper needs an extra") as caught:
            parse_outputs([f"paper={tmp_path}/x"], [])
        assert caught.value.hint == "pip install 'auditor[paper]'"
        with pytest.raises(UsageError, match="--format paper: the format paper needs an extra"):
            refuse_absent("paper", "--format paper")
        parse_outputs([f"json={tmp_path}/x"], [])


def test_one_that_is_installed_is_taken(tmp_path: Path) -> None:
    with started_with(wiring("json")):
        (found,) = parse_outputs([f"paper={tmp_path}/x"], [])
    assert (found.format, found.path) == ("paper", tmp_path / "x")


def test_every_extra_is_one_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {each.name for each in SHIPPED.extras.values()}
    assert named <= set(project["optional-dependencies"])


def test_trying_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    parse_outputs([f"json={tmp_path}/new", f"sarif={tmp_path}/old"], [])
    assert [each.name for each in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_text() == "old"


def test_a_folder_with_a_second_name_is_one_place(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UsageError, match="this file is named twice"):
        parse_outputs([f"json={tmp_path}/a/x", f"sarif={tmp_path}/b/x"], [])
