"""Names that are meant to steer a terminal never reach it: screen, errors or progress."""

from __future__ import annotations

import contextlib
import json
import os
import random
import unicodedata
from pathlib import Path

import pytest

from tests.e2e.command import ROOT, Ran, auditor
from tests.e2e.terminal import on_terminal

NASTY = (
    "\x1b[2J\x1b[H",
    "\x1b]0;owned\x07",
    "\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\",
    "\x1bP+q\x1b\\",
    "\x9b31m",
    "\x9d0;owned\x9c",
    "\r\x08\x7f\x00\x0b\x0c",
    "\u202e\u2066\u200b\u2028\u2029\ufeff",
    "\U000e0041\ue000",
    "\nRESULT pass critical=0",
    "\u2588\u0301" * 3,
)
HARMLESS = frozenset("\n")
_STEERING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def steering(text: str) -> set[str]:
    """Characters that could do something to a terminal or hide from its reader."""
    return {
        char for char in text if unicodedata.category(char) in _STEERING and char not in HARMLESS
    }


def name(dice: random.Random) -> str:
    """Anything: bytes as they come, whole sequences, and words between them."""
    parts = [
        dice.choice(NASTY),
        dice.randbytes(dice.randrange(6)).decode("latin-1"),
        chr(dice.choice([*range(0x20), *range(0x7F, 0xA0), 0x200B, 0x202E, 0xFEFF])),
        "pod",
    ]
    dice.shuffle(parts)
    return "".join(parts)


def manifest(dice: random.Random) -> str:
    """A pod with such text wherever text may stand."""
    return json.dumps(
        {
            "apiVersion": dice.choice(["v1", "v1", "v1", name(dice)]),
            "kind": dice.choice(["Pod", "Pod", "Pod", name(dice)]),
            "metadata": {"name": name(dice), "namespace": name(dice), "labels": {name(dice): "x"}},
            "spec": {
                "hostPID": dice.choice([True, name(dice)]),
                name(dice): name(dice),
                "volumes": [{"name": name(dice), "hostPath": {"path": "/" + name(dice)}}],
                "containers": [
                    {
                        "name": name(dice),
                        "image": name(dice),
                        "securityContext": {"capabilities": {"add": [name(dice)]}},
                        "env": [{"name": name(dice), "value": name(dice)}],
                    }
                ],
            },
        },
        ensure_ascii=True,
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty files: names of files and folders are bytes that need not be text."""
    root = tmp_path_factory.mktemp("hostile") / "tree\x1b[2J\u202e"
    root.mkdir()
    dice = random.Random(20)
    for number in range(60):
        raw = name(dice).encode("utf-8", "surrogateescape").replace(b"/", b"").replace(b"\0", b"")
        raw += dice.choice([b"", b"\xff", b"\x9b\xc3"])
        folder = os.path.join(os.fsencode(root), raw[:60] + b"%d" % number)  # noqa: PTH118 - bytes
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder)  # noqa: PTH102 - bytes
        text = manifest(dice) if number % 6 else "{" + name(dice)
        with open(os.path.join(folder, raw[:60] + b".json"), "w", encoding="utf-8") as file:  # noqa: PTH118, PTH123 - bytes
            file.write(text)
    return root


SCREENS = {
    "pipe": ("--format", "terminal"),
    "plain": ("--plain",),
    "everything": ("--all",),
    "progress": ("--progress", "plain", "-q"),
    "progress for machines": ("--progress", "json", "-q"),
}


@pytest.mark.parametrize("options", SCREENS.values(), ids=SCREENS)
def test_nothing_steers_the_terminal(tree: Path, options: tuple[str, ...]) -> None:
    ran = auditor("scan", tree, "--workers", "2", *options)
    assert ran.code == 1, ran.err
    assert steering(ran.out) == set()
    assert steering(ran.err) == set()
    assert (ran.out or ran.err).count("\n") >= 2
    ours = [line for line in ran.out.splitlines() if line.startswith("RESULT")]
    assert len(ours) == (0 if "-q" in options else 1), "nobody else writes the last line"


def test_on_a_terminal_only_our_own_colours(tree: Path) -> None:
    ran = on_terminal("scan", tree, "--color", "never", columns=70)
    assert ran.code == 1
    assert steering(ran.out) == set()
    assert steering(ran.err) == set()


def test_json_is_ascii_control_free(tree: Path) -> None:
    ran = auditor("scan", tree, "--format", "json")
    assert json.loads(ran.out)["findings"]
    assert {char for char in ran.out if char < " "} == {"\n"}


ERRORS = {
    "target": ("scan", "NAME"),
    "rule": ("explain", "NAME"),
    "command": ("NAME",),
    "option": ("scan", ".", "--NAME"),
    "profile": ("scan", ".", "--profile", "NAME"),
    "parameter": ("scan", ".", "--set", "NAME=1"),
    "value": ("scan", ".", "--set", "version=NAME"),
    "gate": ("scan", ".", "--fail-on", "NAME"),
    "output": ("scan", ".", "-o", "NAME"),
    "output folder": ("scan", ".", "-o", "json=/nowhere/NAME/x"),
    "format": ("scan", ".", "--format", "NAME"),
    "policies": ("scan", ".", "--policies", "NAME"),
    "tag": ("rules", "list", "--tag", "NAME"),
    "scheme": ("scan", "NAME://x"),
}


@pytest.mark.parametrize("arguments", ERRORS.values(), ids=ERRORS)
def test_errors_are_safe(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    nasty = "".join(NASTY[:8]).replace("\x00", "").replace("/", "")
    ran = auditor(*(part.replace("NAME", nasty) for part in arguments), cwd=tmp_path)
    assert ran.code == 2, ran.err
    assert steering(ran.out + ran.err) == set()
    assert "Traceback" not in ran.err


def test_policy_errors_are_safe(tmp_path: Path) -> None:
    rules = tmp_path / "p\x1b[2J" / "rules"
    rules.mkdir(parents=True)
    (rules / "a\x1b]0;x\x07.yaml").write_text('"sever\\e[31mty": high\n"\\e[2J": 1\n')
    ran: Ran = auditor("scan", ROOT / "examples", "--policies", rules.parent)
    assert ran.code == 2
    assert steering(ran.err) == set()
