"""The wheel is whole: it works in an empty environment, away from the checkout."""

from __future__ import annotations

import json
import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from auditor.cli.demo import EXAMPLES
from tests.packaging.wheel import ROOT, Installed, install

ESTATE = ROOT / "examples" / "estate"
NEEDED = {
    *("click", "cryptography", "jinja2", "kubernetes", "msgspec", "pyyaml"),
    *("rfc8785", "securesystemslib", "stringzilla", "urllib3", "zstandard"),
}
"""What is required by name; kubernetes brings what it needs itself."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, pip_settings: dict[str, str]) -> Installed:
    return install(tmp_path_factory.mktemp("wheel"), pip_settings)


def test_nothing_but_what_it_needs_is_there(installed: Installed) -> None:
    code = "import importlib.metadata as m; print(*(each.name for each in m.distributions()))"
    there = set(installed.run("python", "-c", code).stdout.lower().split())
    code = "import importlib.metadata as m; print(*m.requires('auditor'), sep='\\n')"
    required = installed.run("python", "-c", code).stdout.lower().splitlines()
    always = [line for line in required if "extra ==" not in line]
    assert {re.split(r"[<>=!~ ;\[]", line)[0] for line in always} == NEEDED
    pins = (ROOT / "requirements-dev.txt").read_text().lower().splitlines()
    tools = {re.split(r"[<>=!~ ;\[]", line)[0] for line in pins if line and line[0] not in "#-"}
    assert tools
    assert there & (tools - NEEDED) == set()


def test_all_data_is_in_it(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        inside = set(wheel.namelist())
    for folder, place in (("policies", "auditor/_policies"), ("examples", "auditor/_examples")):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file():
                assert f"{place}/{path.relative_to(ROOT / folder)}" in inside
    assert not [name for name in inside if name.startswith(("tests", "benchmarks", "docs"))]


SHIPPED = """
import sys
from auditor.policy import Shipped, load, policies_folder
from auditor.platforms import PLATFORMS
policy = load((policies_folder(),))
programs = Shipped().programs(policy.digest, [each.name for each in PLATFORMS])
print(len(policy.rules), len(programs) > len(policy.rules), "auditor.policy.read" in sys.modules)
"""


def test_no_policy_has_to_be_read_or_compiled_again(installed: Installed) -> None:
    rules = len(list((ROOT / "policies" / "rules").rglob("*.yaml")))
    ran = installed.run("python", "-c", SHIPPED)
    assert ran.stdout.split() == [str(rules), "True", "False"], ran.stderr


def test_version(installed: Installed) -> None:
    ran = installed.run("auditor", "--version")
    assert (ran.returncode, ran.stdout.split()[0], ran.stderr) == (0, "auditor", "")


def test_demo(installed: Installed) -> None:
    ran = installed.run("auditor", "demo")
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout.splitlines()[-1].startswith("RESULT fail critical=")


def test_scan_finds_what_the_demo_finds(installed: Installed) -> None:
    for name in EXAMPLES:
        shutil.copytree(ESTATE.parent / name, installed.folder / name)
    ran = installed.run("auditor", "scan", *EXAMPLES, "--format", "json", "--no-cache")
    assert ran.returncode == 1, ran.stderr
    results = json.loads(ran.stdout)
    demo = installed.run("auditor", "demo").stdout.splitlines()[-1]
    fails = [finding for finding in results["findings"] if finding["verdict"] == "fail"]
    critical = sum(finding["severity"] == "critical" for finding in fails)
    assert f"critical={critical} " in demo
    assert not [path for path in installed.folder.iterdir() if path.name not in EXAMPLES]


def test_a_missing_extra_stops_before_anything_is_read(installed: Installed) -> None:
    """The target is not there, and it is not what the message is about."""
    ran = installed.run("auditor", "scan", "nowhere", "-o", "pdf=r.pdf")
    assert ran.returncode == 2
    assert "pip install 'auditor[pdf]'" in ran.stderr
    assert "nowhere" not in ran.stderr


def test_explain(installed: Installed) -> None:
    ran = installed.run("auditor", "explain", "k8s-container-privileged")
    assert ran.returncode == 0, ran.stderr
    assert "How to fix it" in ran.stdout


def test_profiles_and_completion(installed: Installed) -> None:
    assert "pod-security-restricted" in installed.run("auditor", "profiles", "list").stdout
    for shell in ("bash", "zsh", "fish"):
        assert "_AUDITOR_COMPLETE" in installed.run("auditor", "completion", shell).stdout


SHADOWS = ("json", "yaml", "msgspec", "click", "signal", "auditor", "reports", "collectors")


@pytest.mark.parametrize("way", [("auditor",), ("python", "-m", "auditor")], ids=["script", "-m"])
def test_the_audited_folder_is_never_imported(
    installed: Installed, tmp_path: Path, way: tuple[str, ...]
) -> None:
    """A repository under audit may hold any Python file."""
    shutil.copy(ESTATE / "mlops" / "mlflow.yaml", tmp_path)
    for name in SHADOWS:
        if way == ("auditor",) or name != "auditor":
            (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the target')\n")
    ran = installed.run(*way, "scan", ".", "--no-cache", "--exit-zero", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.splitlines()[-1].startswith("RESULT ")


def test_start_up(installed: Installed) -> None:
    """The version is told before anything is imported: that costs what an interpreter costs."""

    def loaded(*command: str | Path) -> set[str]:
        ran = installed.run("python", "-X", "importtime", *command)
        assert ran.returncode == 0
        return {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()[1:]}

    more = loaded(installed.environment / "bin/auditor", "--version") - loaded("-c", "pass")
    of_python = {name for name in more if name.partition(".")[0] in sys.stdlib_module_names}
    assert more - of_python == {"auditor", "auditor.__main__", "auditor.version"}
    assert len(of_python) < 30, sorted(of_python)
