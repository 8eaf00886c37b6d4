"""What charts and kustomizations render to is collected, and judged where no tool is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.command import Ran, auditor
from tests.e2e.signed import EPOCH
from tests.unit.collectors.kubernetes.rendering.fakes import POD, VERSION, printing, program

SECRET = "ghp_" + "c4N4" * 9
CHART = {"c/Chart.yaml": "name: c\n", "c/templates/pod.yaml": POD}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a chart in ``tree``, and a file beside it; tools are in ``tools``."""
    for name, text in {**CHART, "other.yaml": POD.replace("name: p,", "name: other,")}.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def run(folder: Path, *words: str, tools: bool = True) -> Ran:
    path = f"{folder / 'tools'}:{os.environ['PATH']}" if tools else os.defpath
    return auditor(*words, cwd=folder, env={"PATH": path, **EPOCH})


def judged(ran: Ran) -> str:
    assert ran.code in {0, 1, 3}, ran.err
    return ran.out


def test_evaluate_needs_no_tool_and_no_files(folder: Path) -> None:
    program(folder / "tools", "helm", printing())
    scanned = run(folder, "scan", "tree", "--render", "--format", "json")
    collected = run(folder, "collect", "tree", "--render", "--output", "kept")
    assert (collected.code, collected.err) == (0, "")
    assert collected.out == ("tree: 2 resources, 0 not read\njudge it: auditor evaluate kept\n")
    (folder / "tree").rename(folder / "gone")
    evaluated = run(folder, "evaluate", "kept", "--no-cache", "--format", "json", tools=False)
    assert judged(evaluated) == judged(scanned)
    places = {
        (each["resource"]["file"], each["resource"].get("rendered", ""))
        for each in evaluated.results()["findings"]
        if each["rule"] == "k8s-container-privileged"
    }
    assert places == {("c/Chart.yaml", "c"), ("other.yaml", "")}


def test_what_does_not_render_is_a_gap_then_and_later(folder: Path) -> None:
    program(folder / "tools", "helm", f"{VERSION}sys.exit('Error: no value for {SECRET}')")
    scanned = run(folder, "scan", "tree", "--render", "--format", "json")
    collected = run(folder, "collect", "tree", "--render", "--output", "kept")
    assert collected.code == 3
    assert "tree: 1 resources, 1 not read\n" in collected.out
    evaluated = run(folder, "evaluate", "kept", "--no-cache", "--format", "json", tools=False)
    assert judged(evaluated) == judged(scanned)
    (gap,) = evaluated.results()["gaps"]
    assert gap["scope"] == "c"
    assert "no value for" in gap["detail"]
    assert SECRET not in evaluated.out


def test_no_secret_that_came_out_is_kept(folder: Path) -> None:
    text = POD.replace("image: r.io/a:1", f"image: r.io/a:1, env: [{{name: T, value: {SECRET}}}]")
    program(folder / "tools", "helm", printing(text))
    assert run(folder, "collect", "tree", "--render", "--output", "kept").code == 0
    assert run(folder, "collect", "tree", "--render", "--output", "second").code == 0
    data = [path.read_bytes() for path in (folder / "kept").rglob("*") if path.is_file()]
    assert data
    assert not any(SECRET.encode() in each for each in data)
    scanned = run(folder, "scan", "tree", "--render", "--format", "json")
    assert judged(scanned) == judged(
        run(folder, "evaluate", "kept", "--no-cache", "--format", "json")
    )


def test_what_is_left_out_is_left_out_later(folder: Path) -> None:
    program(folder / "tools", "helm", printing())
    options = ("--render", "--exclude", "other.yaml", "--exclude", "nothing/")
    collected = run(folder, "collect", "tree", *options, "--output", "kept")
    assert collected.code == 0
    assert collected.err == "auditor: --exclude nothing/: left nothing out that would be read\n"
    document = run(folder, "evaluate", "kept", "--no-cache", "--format", "json").results()
    assert document["coverage"]["resources"]["k8s/Pod"]["seen"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("tree",), "tree: files need not be collected", id="files"),
        pytest.param(("tree", "--helm", "helm"), "--helm needs --render", id="a program alone"),
        pytest.param(("tree", "--values", "v"), "--values needs --render", id="values alone"),
        pytest.param(("none", "--render"), "none: no such file or folder", id="nothing there"),
        pytest.param(("-", "--render", "--exclude", "x"), "--exclude is for files", id="no paths"),
        pytest.param(
            ("tree", "--render", "--values", "v"), "v: No such file", id="values that are not there"
        ),
    ],
)
def test_what_can_not_be_collected(folder: Path, words: tuple[str, ...], message: str) -> None:
    program(folder / "tools", "helm", printing())
    done = auditor(
        *("collect", *words, "--output", "kept"),
        cwd=folder,
        env={"PATH": f"{folder / 'tools'}:{os.environ['PATH']}", **EPOCH},
        stdin=POD.encode(),
    )
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert not (folder / "kept").exists()
