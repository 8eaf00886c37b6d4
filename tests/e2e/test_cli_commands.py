"""What a new user types in the first ten minutes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.cli.app import COMMANDS
from auditor.model.gpus import LEVELS
from tests.docs.helps import commands
from tests.e2e.command import ESTATE, auditor

POD = b"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: true, containers: []}\n"
HELD = b"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: hunter22}\n"


def test_standard_input() -> None:
    ran = auditor("scan", "-", "--plain", stdin=POD)
    assert ran.code == 1, ran.err
    assert "Pod a" in ran.out
    assert "k8s-pod-host-process-namespace" in ran.out


def test_what_comes_on_standard_input_was_not_committed(tmp_path: Path) -> None:
    """``helm template`` makes Secrets that stand in no file; the same one in a file is told."""
    file = tmp_path / "s.yaml"
    file.write_bytes(HELD)
    verdicts = {}
    for target, stdin in ((str(file), b""), ("-", HELD)):
        found = auditor("scan", target, "--all", "--format", "json", stdin=stdin).results()
        verdicts[target] = [
            finding["verdict"]
            for finding in found["findings"]
            if finding["rule"] == "k8s-secret-committed"
        ]
    assert verdicts == {str(file): ["fail"], "-": ["not-applicable"]}


def test_standard_input_beside_a_folder() -> None:
    ran = auditor("scan", "-", ESTATE, "--format", "json", stdin=POD)
    assert [target["uri"] for target in ran.results()["targets"]] == ["-", str(ESTATE)]


GATES = {
    "the profile's": ((), 1),
    "never": (("--fail-on", "never"), 0),
    "above what there is": (("--fail-on", "high>1"), 0),
    "the count that there is": (("--fail-on", "high>0"), 1),
    "several": (("--fail-on", "critical, high"), 1),
    "exit zero": (("--exit-zero",), 0),
    "quiet": (("--quiet",), 1),
}


@pytest.mark.parametrize(("options", "code"), GATES.values(), ids=GATES)
def test_gates(options: tuple[str, ...], code: int) -> None:
    ran = auditor("scan", "-", *options, stdin=POD)
    assert (ran.code, ran.err) == (code, "")
    assert (ran.out == "") == ("--quiet" in options)


def test_a_gap_alone_is_three_and_zero_when_asked(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
    (tmp_path / "broken.yaml").write_text("kind: [")
    arguments = ("scan", tmp_path, "--profile", "pod-security-baseline")
    assert auditor(*arguments).code == 3
    assert auditor(*arguments, "--exit-zero").code == 0


def test_progress_for_machines() -> None:
    ran = auditor("scan", ESTATE, "-q", "--progress", "json")
    last = json.loads(ran.err.splitlines()[-1])
    assert last["target"] == str(ESTATE)
    assert last["done"] == last["total"] > 0


def test_profiles() -> None:
    listed = json.loads(auditor("profiles", "list", "--json").out)
    assert next(item["id"] for item in listed) == "ai-platform"
    restricted = auditor("profiles", "show", "pod-security-restricted", "--set", "version=1.30")
    assert 'parameter: version = "1.30"' in restricted.out


COMPLETED = {
    ("scan", "--profile", "gpu-tenancy-s"): ["gpu-tenancy-sovereign"],
    ("scan", "--set", "isolation_floor=me"): [
        "isolation_floor=memory-soft",
        "isolation_floor=memory",
    ],
    ("evaluate", "--set", "vers"): ["version=latest"],
    ("gpus", "--set", "version"): [],
    ("gpus", "--set", "tenant=k"): ["tenant=kubeflow"],
    ("gpus", "--set", "tenant=f"): ["tenant=folder", "tenant=file:"],
    ("gpus", "--set", "isolation_floor=hard"): ["isolation_floor=hardware"],
    ("scan", "--profile", "nope", "--set", "load_s"): ["load_seconds=300"],
    ("scan", "--set", "allowed_reg"): ["allowed_registries="],
}


@pytest.mark.parametrize("words", list(COMPLETED))
def test_a_shell_completes_profiles_and_parameters(words: tuple[str, ...]) -> None:
    *before, begun = words
    env = {
        "_AUDITOR_COMPLETE": "fish_complete",
        "COMP_WORDS": " ".join(("auditor", *before)),
        "COMP_CWORD": begun,
    }
    found = auditor(env=env).out.split()
    assert [text.removeprefix("plain,") for text in found if text != "_"] == COMPLETED[words]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("auditor scan --set isolation_floor = me", ["memory-soft", "memory"]),
        ("auditor scan --set isolation_floor =", list(LEVELS)),
        ("auditor scan --set iso", [f"isolation_floor={level}" for level in LEVELS]),
        ("auditor scan --profile = gpu-tenancy-d", ["gpu-tenancy-dev"]),
    ],
)
def test_bash_breaks_words_at_the_equals_sign(words: str, offered: list[str]) -> None:
    env = {
        "_AUDITOR_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    found = auditor(env=env).out.split()
    assert found == [f"plain,{text}" for text in offered]


def test_completion_with_policies_that_are_wrong_offers_nothing(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text("id: [")
    words = f"auditor scan --policies {tmp_path} --profile"
    env = {"_AUDITOR_COMPLETE": "fish_complete", "COMP_WORDS": words, "COMP_CWORD": "gpu"}
    ran = auditor(env=env)
    assert (ran.code, ran.out.strip(), ran.err) == (0, "", "")


@pytest.mark.parametrize("command", list(commands()))
def test_help_has_an_example(command: str) -> None:
    ran = auditor(*command.split()[1:], "--help")
    assert (ran.code, ran.err) == (0, "")
    assert command in ran.out.replace("Usage: " + command, "")
    assert [line for line in ran.out.splitlines() if len(line) > 80] == []


def test_the_list_of_commands_loads_none() -> None:
    code = (
        "import sys; from auditor.cli.app import COMMANDS, run; run(['--help']); "
        "print([name for name in COMMANDS if f'auditor.cli.{name}' in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    *shown, loaded = ran.stdout.splitlines()
    assert (ran.stderr, loaded) == ("", "[]")
    assert [name for name in COMMANDS if not any(f"  {name} " in line for line in shown)] == []


@pytest.mark.parametrize(
    "group", [(), ("rules",), ("profiles",)], ids=["auditor", "rules", "profiles"]
)
def test_a_group_alone_shows_its_help(group: tuple[str, ...]) -> None:
    alone, asked = auditor(*group), auditor(*group, "--help")
    assert (alone.code, alone.out) == (2, "")
    assert alone.err == asked.out


def test_completion_in_bash() -> None:
    script = auditor("completion", "bash").out
    checked = subprocess.run(
        ["/bin/bash", "-n"], input=script, text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    asked = {"_AUDITOR_COMPLETE": "bash_complete", "COMP_WORDS": "auditor sc", "COMP_CWORD": "1"}
    assert auditor(env=asked).out.split() == ["plain,scan"]
