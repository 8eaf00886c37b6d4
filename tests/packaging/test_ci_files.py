"""What others' CI runs of us: valid by its schemas, and its steps run in a shell."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from auditor.cli.scan import scan
from tests.pieces import ROOT
from tests.unit.evidence.bundles import POD

ACTION = ROOT / "action.yml"
GITLAB = ROOT / "ci/auditor.gitlab-ci.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
CRITICAL = "k8s-container-privileged"
WAIVERS = f"""\
- id: W-1
  rule: {CRITICAL}
  reason: For a test.
  owner: ml
  approved-by: ciso
  created: "2026-11-30"
  expires: "2027-11-01"
"""


def checked(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_the_action_is_one_of_github() -> None:
    done = checked("check_jsonschema", "--builtin-schema", "vendor.github-actions", str(ACTION))
    assert done.returncode == 0, done.stdout


def test_the_template_is_one_of_gitlab(tmp_path: Path) -> None:
    files = []
    for name, part in zip(("head.yml", "job.yml"), template(), strict=True):
        (tmp_path / name).write_text(yaml.safe_dump(part))
        files.append(str(tmp_path / name))
    schema = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    done = checked("check_jsonschema", *schema, *files)
    assert done.returncode == 0, done.stdout


def test_the_hook_is_one_of_pre_commit() -> None:
    done = checked("pre_commit", "validate-manifest", str(HOOKS))
    assert done.returncode == 0, done.stdout
    (hook,) = yaml.safe_load(HOOKS.read_text())
    assert hook["entry"].startswith("auditor scan ")


def template() -> tuple[dict[str, Any], dict[str, Any]]:
    head, job = yaml.safe_load_all(GITLAB.read_text())
    return head, job


ARGUMENTS = {"target": "TARGET...", "reports": "-o"}
"""Inputs whose option has another name, or none."""
OWN = {"sarif", "extras", "package", "image", "stage"}
"""Inputs that are no options: of the installation, and of what a place reads."""
NOT_IN_CI = {
    "no-config": "a file that nobody names does not count there",
    "kustomize": "names a program that is run",
    "helm": "names a program that is run",
    "trivy": "names a program that is run",
    "executor": "whoever is there runs code here: its job is written by who runs it",
    "part": "its jobs are written by who cuts a list of targets in parts",
    "password-command": "names a program that is run",
    "session-command": "names a program that is run",
    "passphrase-fd": "a step has no descriptors of its own",
    "insecure": "a thumbprint says which certificate is meant",
    "format": "what a place reads is written by -o",
    "quiet": "as the place needs it",
    "passes": "the screen, which nobody looks at",
    "group-by": "the screen",
    "plain": "the screen",
    "color": "the screen",
    "progress": "the screen",
}
"""Options that are no inputs, and why: a new option is one, or has a line here."""


def options_of_scan() -> dict[str, click.Option]:
    """The options of the command by their long names, ``reports`` for what has none."""
    return {
        next((each[2:] for each in option.opts if each.startswith("--")), "reports"): option
        for option in scan.params
        if isinstance(option, click.Option) and not option.hidden
    }


def inputs_of(place: str) -> dict[str, Any]:
    inputs: dict[str, Any] = (
        yaml.safe_load(ACTION.read_text())["inputs"]
        if place == "action"
        else template()[0]["spec"]["inputs"]
    )
    return inputs


@pytest.mark.parametrize("place", ["action", "template"])
def test_inputs_are_the_options_of_the_program(place: str) -> None:
    assert set(inputs_of(place)) - OWN == {"target", *options_of_scan()} - set(NOT_IN_CI)
    assert set(NOT_IN_CI) <= set(options_of_scan())
    assert all(each["description"] for each in inputs_of(place).values())


@pytest.mark.parametrize("place", ["action", "template"])
def test_inputs_leave_to_the_program_what_they_do_not_say(place: str) -> None:
    flags = {name for name, option in options_of_scan().items() if option.is_flag}
    for name, each in inputs_of(place).items():
        if name in flags:
            assert each["default"] in {False, "false"}, name
            assert each.get("type") == (None if place == "action" else "boolean"), name
        elif name not in OWN:
            assert each["default"] == (0 if each.get("type") == "number" else ""), name


def step(folder: Path, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the step of the action as a runner does: inputs are variables, the script is a file."""
    action = yaml.safe_load(ACTION.read_text())
    install, audit = action["runs"]["steps"]
    values = {name: str(each["default"]) for name, each in action["inputs"].items()} | dict(given)
    used = [*_USED.findall(str(install["env"])), *_USED.findall(str(audit["env"]))]
    assert sorted(used) == sorted(values), "each once"
    return shell("bash", audit["run"], folder, _filled(audit["env"], values))


def job(folder: Path, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the job of the template as a runner does, in the shell of a slim image."""
    head, made = template()
    inputs = head["spec"]["inputs"]
    values = {name: _text(each.get("default", "x")) for name, each in inputs.items()} | dict(given)
    variables = made["auditor"]["variables"]
    used = _USED.findall(str(variables))
    assert sorted([*used, "image", "stage"]) == sorted(values), "each once"
    return shell("sh", "\n".join(made["auditor"]["script"]), folder, _filled(variables, values))


_USED = re.compile(r"\$(?:\{\{|\[\[) inputs\.([a-z-]+) (?:\}\}|\]\])")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _filled(variables: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """The variables with what inputs say in the place of their names, as both places do it."""
    return {
        name: _USED.sub(lambda found: values[found[1]], text) for name, text in variables.items()
    }


def shell(
    name: str, script: str, folder: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    path = folder / ".script"
    path.write_text(script)
    env = {
        "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        **variables,
    }
    return subprocess.run(
        [name, path], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for place in ("a", "b c"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "pod.yaml").write_text(POD)
    (tmp_path / "waivers.yaml").write_text(WAIVERS)
    return tmp_path


def test_the_action_annotates_and_writes_sarif(folder: Path) -> None:
    done = step(folder, {"target": "a"})
    assert done.returncode == 1, done.stderr
    assert "::error file=a/pod.yaml,line=" in done.stdout
    assert (folder / "output").read_text() == "sarif=auditor.sarif\n"
    sarif = json.loads((folder / "auditor.sarif").read_text())
    assert CRITICAL in {each["ruleId"] for each in sarif["runs"][0]["results"]}
    assert CRITICAL in (folder / "summary.md").read_text()


def test_the_job_writes_what_gitlab_reads(folder: Path) -> None:
    done = job(folder, {"target": "a"})
    assert done.returncode == 1, done.stderr
    found = json.loads((folder / "gl-code-quality-report.json").read_text())
    assert CRITICAL in {each["check_name"] for each in found}
    assert (folder / "auditor-junit.xml").read_text().startswith("<?xml")


TOLD = """\
#!/bin/sh
printf '%s\\n' "$@" > told
"""


def told(folder: Path, run: Any, given: Mapping[str, str]) -> dict[str, Any]:
    """What the program is told, as it understands it."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / "auditor").write_text(TOLD)
    (folder / "bin" / "auditor").chmod(0o755)
    done = run(folder, given)
    assert done.returncode == 0, done.stderr
    arguments = (folder / "told").read_text().splitlines()
    assert arguments.pop(0) == "scan"
    return dict(parameters(arguments))


def parameters(arguments: list[str]) -> dict[str, Any]:
    """What the command makes of arguments; its help keeps the names that the program gives it."""
    return scan.make_context("scan", arguments, help_option_names=["-h", "--help"]).params


def as_input(name: str, option: click.Option, folder: Path) -> tuple[str, list[str]]:
    """What an input says, and the arguments that a person would type for it."""
    if option.is_flag:
        return "true", [f"--{name}"]
    if name == "reports":
        return "html=my page.html\nocsf=-", ["-o", "html=my page.html", "-o", "ocsf=-"]
    if name == "set":
        return "version=1.30\nnames=a, b", ["--set=version=1.30", "--set=names=a, b"]
    if option.multiple:
        words = ("a", "a") if name == "policies" else ("a", "*")
        return " ".join(words), [f"--{name}={word}" for word in words]
    if isinstance(option.type, click.types.FloatRange | click.types.IntRange):
        return "7", [f"--{name}=7"]
    text = f"-{name} of mine"
    (folder / text).touch()
    return text, [f"--{name}={text}"]


@pytest.mark.parametrize("run", [step, job])
def test_every_input_is_understood(folder: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With blanks, stars and hyphens where a value may have some: the parameters are as by hand."""
    monkeypatch.chdir(folder)
    given, by_hand = {"target": "a\nk8s://prod"}, ["a", "k8s://prod"]
    for name, option in options_of_scan().items():
        if name not in NOT_IN_CI:
            given[name], typed = as_input(name, option, folder)
            by_hand += typed
    expected = parameters(by_hand)
    found = told(folder, run, given)
    assert set(expected.pop("outputs")) < set(found.pop("outputs"))
    assert found == {**expected, "quiet": run is step}


@pytest.mark.parametrize("run", [step, job])
def test_nothing_said_is_the_working_directory(
    folder: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But where a file says the targets; and all else is left to the program."""
    monkeypatch.chdir(folder)
    nothing = parameters(["."])
    found = told(folder, run, {})
    assert {name for name in found if found[name] != nothing[name]} <= {"outputs", "quiet"}
    for name, parameter in {"config": "config", "targets": "fleet"}.items():
        found = told(folder, run, {name: "x.yaml"})
        assert (found["targets"], found[parameter]) == ((), Path("x.yaml"))


def test_a_flag_is_true_or_false(folder: Path) -> None:
    """Of a template GitLab says it; an action has texts."""
    done = step(folder, {"target": "a", "render": "yes"})
    assert done.returncode == 2
    assert "::error::render is true or false" in done.stdout


@pytest.mark.parametrize("extras", ["", "timestamp,dask"])
def test_what_is_installed(folder: Path, extras: str) -> None:
    (folder / "bin").mkdir()
    (folder / "bin" / "python3").write_text(TOLD)
    (folder / "bin" / "python3").chmod(0o755)
    install, _ = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    variables = {"GITHUB_ACTION_PATH": "/here it is", "AUDITOR_INPUT_EXTRAS": extras}
    assert shell("bash", install["run"], folder, variables).returncode == 0
    wanted = f"/here it is[{extras}]" if extras else "/here it is"
    assert (folder / "told").read_text().splitlines() == ["-m", "pip", "install", "--quiet", wanted]


def test_the_hook_takes_options(folder: Path) -> None:
    """As ``args`` of its user, which stand before the files that are committed."""
    (hook,) = yaml.safe_load(HOOKS.read_text())
    arguments = "--profile pod-security-baseline --waivers waivers.yaml --fail-on critical"
    files = "'b c/pod.yaml' a/pod.yaml"
    done = shell("sh", f"{hook['entry']} {arguments} {files}", folder, {})
    assert done.returncode == 0, done.stderr
    done = shell("sh", f"{hook['entry']} {files}", folder, {})
    assert done.returncode == 1
    assert CRITICAL in done.stdout


@pytest.mark.parametrize("run", [step, job])
def test_inputs_reach_the_program(folder: Path, run: Any) -> None:
    given = {"target": "a", "fail-on": "critical", "waivers": "waivers.yaml"}
    assert run(folder, given).returncode == 0
    assert run(folder, {**given, "waivers": ""}).returncode == 1


COMMAND = "$(touch${IFS}owned) `touch owned`;touch owned"


@pytest.mark.parametrize("run", [step, job])
def test_what_an_input_says_is_no_command(
    folder: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every input is a text for the program, whatever a shell would make of it."""
    monkeypatch.chdir(folder)
    words = {"target", "exclude", "values", "host-probes"}
    texts = {
        "profile",
        "fail-on",
        "waivers",
        "baseline",
        "config",
        "output",
        "key",
        "set",
        "reports",
    }
    found = told(folder, run, dict.fromkeys(words | texts, COMMAND))
    assert not (folder / "owned").exists()
    assert found["targets"] == tuple(COMMAND.split())
    assert found["profile"] == found["key"] == COMMAND
    assert found["settings"] == (COMMAND,)
    assert COMMAND in found["outputs"]
