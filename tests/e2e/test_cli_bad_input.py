"""Wrong usage: exit code 2, what is wrong and what to do, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import ESTATE, auditor

MANIFEST = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a}]}\n"

LONG = "x" * 5000
"""A name that no file can have."""
WRONG = {
    "a target that is no name": (("scan", LONG), "x...: File name too long", "a file, a folder"),
    "a bundle that is no name": (
        ("scan", "a.yaml", "--output", LONG),
        "x...: File name too long",
        "a file, a folder or - was to be named",
    ),
    "a bundle to report that is no name": (("report", LONG), "File name too long", "a file, a"),
    "no command": (("scam",), "no such command: scam", "auditor scan"),
    "a target for a command": (("t/",), "no such command: t/", "auditor scan t/"),
    "unknown option": (("scan", "a.yaml", "--profil", "x"), "--profil", "--profile"),
    "unknown option of explain": (("explain", "--polices", "x"), "--polices", "--policies"),
    "no target": (("scan",), "Missing argument 'TARGET...'", "auditor scan --help"),
    "option without value": (("scan", "a.yaml", "--profile"), "--profile", "requires an argument"),
    "unknown profile": (
        ("scan", "a.yaml", "--profile", "ai-platfrom"),
        "no profile is called ai-platfrom",
        "ai-platform",
    ),
    "unknown profile of profiles": (
        ("profiles", "show", "nope"),
        "no profile is called nope",
        "pod-security-baseline",
    ),
    "unknown rule": (
        ("explain", "k8s-container-privilegd"),
        "no rule is called k8s-container-privilegd",
        "did you mean k8s-container-privileged?",
    ),
    "unknown parameter": (
        ("scan", "a.yaml", "--set", "versio=1.30"),
        "no selected rule has a parameter versio",
        "did you mean 'version'?",
    ),
    "malformed parameter": (("scan", "a.yaml", "--set", "version"), "not NAME=VALUE", "version=1"),
    "parameter of an unknown rule": (
        ("scan", "a.yaml", "--set", "nothing-like-it.version=1.30"),
        "no rule is called nothing-like-it",
        "auditor rules list",
    ),
    "version of the future": (
        ("scan", "a.yaml", "--set", "version=1.300"),
        "parameter version: 1.300 is newer than what the rules know",
        "the newest is 1.37",
    ),
    "parameter set twice": (
        ("scan", "a.yaml", "--set", "version=1.30", "--set", "version=1.31"),
        "--set version is given twice: '1.30' and '1.31'",
        "once",
    ),
    "probes of something else": (
        ("scan", "docker://", "--host-probes", "a.yaml"),
        "--host-probes a.yaml: there is no line 'auditor-host 1'",
        "auditor permissions docker --script",
    ),
    "probes that are not there": (
        ("doctor", "docker://", "--host-probes", "none"),
        "--host-probes none: No such file or directory",
        "auditor permissions docker --script",
    ),
    "a script for a cluster": (
        ("permissions", "k8s", "--script"),
        "--script: there is none for k8s",
        "auditor permissions docker --script",
    ),
    "no such level": (
        ("gpus", "a.yaml", "--set", "isolation_floor=harware"),
        "'harware' is not one of none, shared, soft-quota, memory-soft, memory, hardware,",
        "The lowest isolation that two tenants may have on one GPU",
    ),
    "value of the wrong type": (("scan", "a.yaml", "--set", "version=new"), "version", "1.30"),
    "unknown format": (("scan", "a.yaml", "--format", "yaml"), "'yaml'", "'json'"),
    "unknown format of a file": (("scan", "a.yaml", "-o", "yaml=x"), "-o yaml=x", "json"),
    "no file": (("scan", "a.yaml", "-o", "json"), "not FORMAT=FILE", "-o json=results.json"),
    "no such target": (("scan", "nope/"), "nope/: no such file or folder", "a target is a path"),
    "empty target": (("scan", ""), "a target is empty", "the working directory is ."),
    "no such scheme": (("scan", "k9s://prod"), "no collector reads k9s:// targets", "a target is"),
    "unknown severity": (
        ("scan", "a.yaml", "--fail-on", "hihg"),
        "no condition is named 'hihg'",
        "conditions are",
    ),
    "malformed gate": (("scan", "a.yaml", "--fail-on", "high>>1"), "'high>>1'", "conditions are"),
    "empty gate": (("scan", "a.yaml", "--fail-on", ","), "not a condition", "conditions are"),
    "no workers": (("scan", "a.yaml", "--workers", "0"), "'--workers'", "x>=1"),
    "no such folder of policies": (("scan", "a.yaml", "--policies", "no"), "'no'", "--help"),
    "standard input twice": (
        ("scan", "-", "-"),
        "standard input can be read only once",
        "use - only",
    ),
    "unknown shell": (("completion", "tcsh"), "'tcsh'", "'fish'"),
    "output into no folder": (
        ("scan", "a.yaml", "-o", "json=no/x"),
        "no is not a folder",
        "create",
    ),
    "output is a folder": (("scan", "a.yaml", "-o", "json=folder"), "folder is a folder", "report"),
    "output twice": (
        ("scan", "a.yaml", "-o", "json=x", "-o", "terminal=./x"),
        "this file is named twice",
        "one report a file",
    ),
    "output twice on a stream": (
        ("scan", "a.yaml", "-q", "-o", "json=-", "-o", "sarif=/dev/fd/1"),
        "this file is named twice",
        "one report a file",
    ),
    "output where nothing can be made": (
        ("scan", "a.yaml", "-o", "json=/proc/x"),
        "-o json=/proc/x: /proc can't be written",
        "choose another file",
    ),
    "output into a stream that is read": (
        ("scan", "a.yaml", "-o", "json=/dev/fd/0"),
        "it is open for reading alone",
        "-o json=FILE",
    ),
    "output over a bundle": (
        ("scan", "a.yaml", "-o", "json=b.zip", "--output", "b.zip"),
        "that is where the bundle goes",
        "name a file beside it",
    ),
    "output into a bundle": (
        ("scan", "a.yaml", "-o", "json=empty/r.json", "--output", "./empty", "--no-sign"),
        "that is where the bundle goes",
        "name a file beside it",
    ),
    "a bundle where nothing can be made": (
        ("scan", "a.yaml", "--output", "no/b", "--no-sign"),
        "no/b: nothing can be made in",
        "name another folder",
    ),
    "output through a link": (
        ("scan", "a.yaml", "-o", "json=link.yaml"),
        "link.yaml is a link",
        "name the file itself",
    ),
    "output over a target": (
        ("scan", "a.yaml", "-o", "json=a.yaml"),
        "the report would replace a target",
        "another file",
    ),
    "output on a full disk": (
        ("scan", "a.yaml", "-o", "json=x", "-o", "json=/dev/full"),
        "-o json=/dev/full: No space left on device",
        "no report was written",
    ),
    "a line break in a name": (
        ("explain", "a\nb"),
        "no rule is called a\\x0ab",
        "auditor rules list",
    ),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bad")
    (root / "a.yaml").write_text(MANIFEST)
    (root / "link.yaml").symlink_to("a.yaml")
    (root / "folder").mkdir()
    (root / "empty").mkdir()
    return root


@pytest.mark.parametrize(("arguments", "says", "hint"), WRONG.values(), ids=WRONG)
def test_wrong_usage(place: Path, arguments: tuple[str, ...], says: str, hint: str) -> None:
    before = contents(place)
    ran = auditor(*arguments, cwd=place)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert says in ran.err
    assert hint in ran.err
    assert "Traceback" not in ran.err
    assert contents(place) == before


@pytest.mark.parametrize("epoch", ["soon", "-1", "1e9", "9" * 24])
def test_a_time_that_is_none(place: Path, epoch: str) -> None:
    ran = auditor("scan", "a.yaml", cwd=place, env={"SOURCE_DATE_EPOCH": epoch})
    assert (ran.code, ran.out) == (2, "")
    assert f"SOURCE_DATE_EPOCH is '{epoch}': not a number of seconds since 1970" in ran.err


def contents(root: Path) -> dict[str, bytes]:
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


MALFORMED = {
    "unknown key": ("id: acme-a\nseverty: high\n", ":2:1: ", "did you mean 'severity'?"),
    "no YAML": ("id: [\n", "acme-a.yaml:", "1 error in the policy files"),
}


@pytest.mark.parametrize(("text", "says", "hint"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_policy(tmp_path: Path, text: str, says: str, hint: str) -> None:
    (tmp_path / "p" / "rules").mkdir(parents=True)
    (tmp_path / "p" / "rules" / "acme-a.yaml").write_text(text)
    ran = auditor("scan", ESTATE, "--policies", "p", "-o", "json=x", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert hint in ran.err
    assert not (tmp_path / "x").exists()


NOTHING = {
    "empty folder": {},
    "nothing of Kubernetes": {"a.yaml": "just: text\n"},
    "other files": {"README.md": "# no\n"},
    "an unrendered chart": {"Chart.yaml": "apiVersion: v2\nname: a\nversion: 1.0.0\n"},
}


@pytest.mark.parametrize("files", NOTHING.values(), ids=NOTHING)
def test_nothing_audited(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    ran = auditor("scan", tmp_path)
    assert ran.code == 3, ran.out
    assert ran.out.startswith("? INCOMPLETE")
    assert ran.last_line().startswith("RESULT incomplete ")


def test_nothing_on_standard_input() -> None:
    ran = auditor("scan", "-")
    assert ran.code == 3
    assert ran.last_line().startswith("RESULT incomplete ")
