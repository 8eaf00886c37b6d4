"""What others' CI runs of us: valid by its schemas, and its steps run in a shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

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
    job = tmp_path / "job.yml"
    job.write_text(yaml.safe_dump(template()[1]))
    schema = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    done = checked("check_jsonschema", *schema, str(job))
    assert done.returncode == 0, done.stdout


def test_the_hook_is_one_of_pre_commit() -> None:
    done = checked("pre_commit", "validate-manifest", str(HOOKS))
    assert done.returncode == 0, done.stdout
    (hook,) = yaml.safe_load(HOOKS.read_text())
    assert hook["entry"].startswith("auditor scan ")


def template() -> tuple[dict[str, Any], dict[str, Any]]:
    head, job = yaml.safe_load_all(GITLAB.read_text())
    return head, job


def options_of_scan() -> set[str]:
    done = checked("auditor", "scan", "--help")
    return {word.strip(",") for word in done.stdout.split() if word.startswith("--")}


def test_inputs_are_options_of_the_program() -> None:
    own = {"targets", "sarif", "package", "image", "stage"}
    inputs = set(yaml.safe_load(ACTION.read_text())["inputs"])
    inputs |= set(template()[0]["spec"]["inputs"])
    assert {f"--{name}" for name in inputs - own} <= options_of_scan()


def step(folder: Path, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the step of the action as a runner does: inputs are variables, the script is a file."""
    action = yaml.safe_load(ACTION.read_text())
    audit = action["runs"]["steps"][-1]
    named = {
        value.strip("${} ").removeprefix("inputs."): name for name, value in audit["env"].items()
    }
    assert set(named) == set(action["inputs"])
    values = {name: str(each["default"]) for name, each in action["inputs"].items()} | dict(given)
    return shell("bash", audit["run"], folder, {named[name]: values[name] for name in named})


def job(folder: Path, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the job of the template as a runner does, in the shell of a slim image."""
    head, made = template()
    inputs = head["spec"]["inputs"]
    values = {name: str(each.get("default", "x")) for name, each in inputs.items()} | dict(given)
    variables = {
        name: values[value.strip("$[] ").removeprefix("inputs.")]
        for name, value in made["auditor"]["variables"].items()
    }
    return shell("sh", "\n".join(made["auditor"]["script"]), folder, variables)


def shell(
    name: str, script: str, folder: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    path = folder / ".script"
    path.write_text(script)
    env = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
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
    done = step(folder, {"targets": "a"})
    assert done.returncode == 1, done.stderr
    assert "::error file=a/pod.yaml,line=" in done.stdout
    assert (folder / "output").read_text() == "sarif=auditor.sarif\n"
    sarif = json.loads((folder / "auditor.sarif").read_text())
    assert CRITICAL in {each["ruleId"] for each in sarif["runs"][0]["results"]}
    assert CRITICAL in (folder / "summary.md").read_text()


def test_the_job_writes_what_gitlab_reads(folder: Path) -> None:
    done = job(folder, {"targets": "a"})
    assert done.returncode == 1, done.stderr
    found = json.loads((folder / "gl-code-quality-report.json").read_text())
    assert CRITICAL in {each["check_name"] for each in found}
    assert (folder / "auditor-junit.xml").read_text().startswith("<?xml")
    assert not (folder / ".auditor-options").exists()


@pytest.mark.parametrize("run", [step, job])
def test_inputs_reach_the_program(folder: Path, run: Any) -> None:
    given = {"targets": "a", "fail-on": "critical", "waivers": "waivers.yaml"}
    assert run(folder, given).returncode == 0
    assert run(folder, {**given, "waivers": ""}).returncode == 1
    assert run(folder, {**given, "exclude": "pod.yaml", "waivers": ""}).returncode == 3
    assert run(folder, {**given, "profile": "nope"}).returncode == 2


@pytest.mark.parametrize("run", [step, job])
@pytest.mark.parametrize("name", ["targets", "exclude", "profile", "fail-on", "waivers"])
def test_what_an_input_says_is_no_command(folder: Path, run: Any, name: str) -> None:
    done = run(folder, {"targets": "a", name: "$(touch${IFS}owned) `touch owned`;touch owned"})
    assert done.returncode != 0
    assert not (folder / "owned").exists()
